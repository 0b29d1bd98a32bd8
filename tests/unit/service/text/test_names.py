"""Speaker mentions and entities: names, roles, groups, pronouns, and who is the same."""

from __future__ import annotations

import time

import pytest

from service.domain.candidate import Candidates, Mention, MentionKind
from service.text.marks import attribution_lines, quoted_regions
from service.text.names import mentions
from service.text.scan import scan
from service.text.segment import paragraphs, sentences


def scanned(text: str) -> Candidates:
    blocks = paragraphs(text)
    parts, regions = sentences(text, blocks), quoted_regions(text, blocks)
    lines = attribution_lines(text, blocks, regions)
    found, entities = mentions(text, paragraphs=blocks, sentences=parts, regions=regions, lines=lines)
    return Candidates(text, blocks, parts, regions, lines, found, entities)


def mention(found: Candidates, words: str, *, last: bool = False) -> Mention:
    matching = [each for each in found.mentions if each.span.text == words]
    assert matching, [each.span.text for each in found.mentions]
    return matching[-1 if last else 0]


def name_of(found: Candidates, words: str, *, last: bool = False) -> str:
    entity = found.entity_of(mention(found, words, last=last))
    assert entity is not None
    return entity.name


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        ("Norland's President Oskar Brandt said so.", "Oskar Brandt", "Norland's President"),
        ("The Foreign Minister, Greta Lund, said so.", "Greta Lund", "Foreign Minister"),
        ("Peter Marsh, a spokesman for the mill, said so.", "Peter Marsh", "spokesman for the mill"),
        ("The head of the bakery union, Ruth Adler, said so.", "Ruth Adler", "head of the bakery union"),
        ("Mill owner Ruth Adler said so.", "Ruth Adler", "Mill owner"),
        ("Secretary of State Anna Hill said so.", "Anna Hill", "Secretary of State"),
        ("Mr. Peter Marsh said so.", "Peter Marsh", None),
        ("Osama bin Rashid said so.", "Osama bin Rashid", None),
        ("Judge John E. Marsh III said so.", "John E. Marsh III", "Judge"),
    ],
)
def test_a_person_is_named_without_title_and_keeps_the_role(text: str, name: str, role: str | None) -> None:
    found = mention(scanned(text), name)

    assert found.kind is MentionKind.PERSON
    assert found.role == role


@pytest.mark.parametrize(
    ("text", "words", "kind", "plural"),
    [
        ("A senior official said so.", "A senior official", MentionKind.UNNAMED, False),
        ("Bakery employees said so.", "Bakery employees", MentionKind.UNNAMED, True),
        ("Lawyers for the millers said so.", "Lawyers for the millers", MentionKind.UNNAMED, True),
        ("The Norland Ministry of Bread said so.", "Norland Ministry of Bread", MentionKind.ORGANIZATION, False),
        ("Moscow said so.", "Moscow", MentionKind.ORGANIZATION, False),
        ("He said so.", "He", MentionKind.PRONOUN, False),
        ("The flour giant said so.", "The flour giant", MentionKind.UNNAMED, False),
        ("“No,” said a narrator.", "a narrator", MentionKind.UNNAMED, False),
    ],
)
def test_other_speakers_have_their_kind(text: str, words: str, kind: MentionKind, plural: bool) -> None:
    found = mention(scanned(text), words)

    assert found.kind is kind
    assert found.plural is plural


def test_a_surname_stands_for_the_full_name_wherever_that_is() -> None:
    found = scanned("Brandt spoke first. Then Oskar Brandt left. They saw Brandtt.")

    assert name_of(found, "Brandt") == "Oskar Brandt"
    assert name_of(found, "Brandtt") == "Oskar Brandt"


def test_spelling_variants_of_a_name_are_one_entity() -> None:
    found = scanned("President Volodymyr Zelensky spoke. Zelenskyy left. Zelenskiy said so.")

    assert {name_of(found, words) for words in ("Volodymyr Zelensky", "Zelenskyy", "Zelenskiy")} == {"Volodymyr Zelensky"}


def test_pronouns_agree_in_gender() -> None:
    found = scanned("Anna Hill met Peter Marsh on Friday. She said the bread was good. He said it was not.")

    assert name_of(found, "She") == "Anna Hill"
    assert name_of(found, "He") == "Peter Marsh"


def test_an_office_stands_for_its_named_holder_and_else_stays_as_written() -> None:
    found = scanned("Norland's Foreign Minister, Greta Lund, spoke. The Foreign Minister left. A minister said so.")

    assert name_of(found, "Foreign Minister") == "Greta Lund"
    assert name_of(found, "A minister") == "A minister"


def test_a_letter_belongs_to_those_who_signed_it() -> None:
    found = scanned("Bakery employees have signed an open letter. The day was long. “No more rye,” says the letter.")

    assert name_of(found, "the letter") == "Bakery employees"


def test_nothing_inside_quotation_marks_is_a_mention_but_a_transcripts_label() -> None:
    found = scanned("“Peter Marsh said so,” Anna Hill said.\n\n“HILL: Peter Marsh said so again.”")

    assert [each.span.text for each in found.mentions] == ["Anna Hill", "HILL"]
    assert name_of(found, "HILL") == "Anna Hill"


def test_ids_follow_the_document_and_spans_fit_the_text() -> None:
    text = "“HILL: Good day.”\n\nAnna Hill met Oskar Brandt’s aides, who said so. They left Norland."
    found = scanned(text)

    assert [each.id for each in found.mentions] == [f"M{number}" for number in range(1, len(found.mentions) + 1)]
    assert all(text[each.span.start : each.span.end] == each.span.text for each in found.mentions)
    assert [each.span.start for each in found.mentions] == sorted(each.span.start for each in found.mentions)
    assert {one for entity in found.entities for one in entity.mentions} == {each.id for each in found.mentions}


@pytest.mark.timing
@pytest.mark.parametrize("piece", ['"', "1 ", "A ", "Ab ", "Russian ", "the ", "wordy ", "Ab Cd, "])
def test_time_grows_with_the_length_of_a_senseless_text(piece: str) -> None:
    started = time.process_time()
    scanned(piece * (100_000 // len(piece)))

    assert time.process_time() - started < 3


def test_a_name_after_an_inverted_role_takes_the_role() -> None:
    candidates = scan("“Nobody slept on that bus,” said its chairwoman, Anahit Sarkavian. The road was closed.")

    assert [(entity.name, entity.role) for entity in candidates.entities] == [("Anahit Sarkavian", "its chairwoman")]


@pytest.mark.parametrize(
    ("text", "pronoun", "name"),
    [
        (
            "Ymer Alit, a baker, looks for his brother. Colonel Bran Osk shrugs at the gate. Alit waits. He has time.",
            "He",
            "Ymer Alit",
        ),
        ("Ada Moll spoke first. The swap began late. “It rained,” she said.", "she", "Ada Moll"),
        ("Ilo Trask led the talks in Sarmia. Sarmia had been ready. “It was late,” he said.", "he", "Ilo Trask"),
        ("Ilo Trask watched from the next Land Cruiser. “It was late,” he said.", "he", "Ilo Trask"),
        ("Ilo Trask stayed. Frau Helm left early. “It was late,” he said.", "he", "Ilo Trask"),
        ("Ilo Trask went home. His grandson was not there. “It was late,” he said.", "he", "Ilo Trask"),
    ],
)
def test_a_pronoun_stands_for_a_person_of_its_gender(text: str, pronoun: str, name: str) -> None:
    assert name_of(scanned(text), pronoun, last=True).endswith(name)


@pytest.mark.parametrize(
    "text", ["They met in Sarmia on Monday.", "They met there; Sarmia’s government denied it."]
)  # fmt: skip
def test_an_unknown_place_is_no_person(text: str) -> None:
    assert mention(scanned(text), "Sarmia").kind is MentionKind.ORGANIZATION


def test_a_role_in_front_of_a_name_goes_with_it_also_behind_a_possessor() -> None:
    found = scanned("Sarmia’s defense minister, Ilona Drask, told reporters that it was late.")

    assert name_of(found, "Ilona Drask") == "Ilona Drask"
    assert mention(found, "Ilona Drask").role == "Sarmia’s defense minister"


def test_a_time_in_a_live_report_is_no_part_of_a_speaker() -> None:
    assert (
        mention(scanned("14.52 The prime minister said it was late."), "The prime minister").span.text
        == "The prime minister"
    )


def test_ranks_and_contracted_pronouns_are_told_from_names() -> None:
    found = scanned("“It is late,” shrugged Brig. Gen. Harlan Coombs. She’ll wait.")

    assert name_of(found, "Harlan Coombs") == "Harlan Coombs"
    assert mention(found, "She").kind is MentionKind.PRONOUN
