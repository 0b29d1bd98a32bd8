"""From an answer's words to references: nothing is taken on trust."""

from __future__ import annotations

import pytest

from service.domain.candidate import Entity, Mention, Party
from service.domain.evidence import Span
from service.extraction.reference import fold, next_number, resolve_party, resolve_speaker
from service.text.scan import scan

TEXT = (
    "Sergei Malkov, the foreign minister, met reporters. Lawyers for the families waited outside.\n\n"
    "“We are ready,” Malkov said. “So are they,” said Ann Lee, who was with Bo Tan.\n\n"
    "His office later named the Kessa Front. The Valdorian army stayed silent, a spokesman said."
)
CANDIDATES = scan(TEXT)


def near(words: str) -> Span:
    at = TEXT.index(words)
    return Span(at, at + len(words), words)


def speaker(words: str, at: str = "We are ready,") -> tuple[str, str] | None:
    found = resolve_speaker(words, CANDIDATES, near(at))
    if found is None:
        return None
    entity, mention = found.candidates.get(found.entity or "", Entity), found.candidates.get(found.id, Mention)
    assert entity is not None
    assert mention is not None
    assert TEXT[mention.span.start : mention.span.end] == mention.span.text
    return entity.name, mention.span.text


def test_a_full_name_leads_to_the_mention_beside_the_quotation() -> None:
    assert speaker("Sergei Malkov") == ("Sergei Malkov", "Malkov")


def test_a_short_name_leads_to_the_fullest_one() -> None:
    assert speaker("Malkov") == ("Sergei Malkov", "Malkov")


def test_words_that_no_candidate_has_are_located() -> None:
    assert speaker("lawyers for the families") == ("Lawyers for the families", "Lawyers for the families")


def test_joint_speakers_are_one_speaker() -> None:
    found = speaker("Ann Lee and Bo Tan", "So are they,")

    assert found is not None
    assert found[0] == "Ann Lee and Bo Tan"


def test_a_body_of_somebodys_may_stand_with_a_pronoun() -> None:
    assert speaker("Sergei Malkov's office", "named the Kessa Front") == ("Sergei Malkov's office", "His office")


@pytest.mark.parametrize("words", ["Harvey Smith", "Ann Smith", "Sergei Malkov and Harvey Smith", "Harvey Smith's office"])
def test_a_name_that_the_article_does_not_have_is_refused(words: str) -> None:
    assert speaker(words) is None


def party(words: str) -> str | None:
    found = resolve_party(words, CANDIDATES, ())
    resolved = found.candidates.get(found.id, Party) if found is not None else None
    return resolved.name if resolved is not None else None


@pytest.mark.parametrize(("words", "name"), [("Kessa Front", "Kessa Front"), ("the Kessa Front", "Kessa Front")])
def test_a_party_is_known_by_the_words_of_the_text(words: str, name: str) -> None:
    found = party(words)

    assert found is not None
    assert fold(found) == fold(name)


def test_a_country_is_known_by_its_adjective() -> None:
    assert party("Valdoria") is not None


@pytest.mark.parametrize("words", ["Narnia", "Qatar", "the West"])
def test_a_party_that_the_article_does_not_have_is_refused(words: str) -> None:
    assert party(words) is None


def test_numbering_goes_on_behind_the_scanners() -> None:
    assert next_number(CANDIDATES, "S") == len(CANDIDATES.sentences) + 1
    assert next_number(CANDIDATES, "Z") == 1


DISPUTED = scan(
    "The prefecture of Orlen freed ten rebels. The self-styled Republic of Sarn sent home 12; buses left Sarn at noon.\n\n"
    "The United Nations Command gave up 64, said the Russian Ministry of Emergencies. The Republic of Kasamba watched. "
    "Kasamba sent a note."
)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("prefecture of Orlen", "Orlen"),
        ("Sarn", "Republic of Sarn"),
        ("Kasamba", "Kasamba"),
        ("United Nations Command", "United Nations Command"),
        ("Russian Ministry of Emergencies", "Russia"),
    ],
)
def test_a_party_has_the_name_of_the_state_or_group_that_acts(words: str, name: str) -> None:
    found = resolve_party(words, DISPUTED, ())

    assert found is not None
    party = found.candidates.get(found.id, Party)
    assert party is not None
    assert party.name == name


def test_one_of_a_group_is_found_where_the_text_says_one_of_them() -> None:
    text = "The truce monitors left in the rain. “Nobody waved,” one of them said."
    candidates = scan(text)
    at = text.index("Nobody")

    found = resolve_speaker("one of the truce monitors", candidates, Span(at, at + 6, "Nobody"))

    assert found is not None
    entity, mention = found.candidates.get(found.entity or "", Entity), found.candidates.get(found.id, Mention)
    assert entity is not None
    assert mention is not None
    assert (entity.name, mention.span.text) == ("one of the truce monitors", "one of them")
    assert resolve_speaker("one of the bus drivers", candidates, Span(at, at + 6, "Nobody")) is None
