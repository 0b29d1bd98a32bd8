"""Quotations and their speakers by the rules engine: kinds, cues, follow-ups, what is no quotation; the weights file."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest

from service.domain.candidate import Candidates, Clause, Mention, QuotedRegion
from service.domain.draft import Basis, QuoteKind
from service.extraction.rules.attribution import draft_quotes
from service.text.marks import attribution_lines, quoted_regions
from service.text.names import mentions
from service.text.segment import paragraphs, sentences

ROOT = Path(__file__).resolve().parents[5]
SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Quote:
    text: str
    kind: QuoteKind
    speaker: str | None
    mention: str | None
    cue: str | None
    basis: Basis
    score: float


def quotes(text: str) -> list[Quote]:
    blocks = paragraphs(text)
    parts, regions = sentences(text, blocks), quoted_regions(text, blocks)
    lines = attribution_lines(text, blocks, regions)
    found, entities = mentions(text, paragraphs=blocks, sentences=parts, regions=regions, lines=lines)
    candidates, drafts = draft_quotes(Candidates(text, blocks, parts, regions, lines, found, entities))
    result = []
    for draft in drafts:
        region = candidates.get(draft.target, QuotedRegion)
        mention = candidates.get(draft.speaker or "", Mention)
        cue = candidates.get(draft.cue or "", Clause)
        entity = candidates.entity_of(mention) if mention else None
        assert region is not None
        result.append(Quote(region.span.text, draft.kind, entity.name if entity else None, mention.span.text if mention else None,
                            cue.span.text if cue else None, draft.basis, draft.score))  # fmt: skip
    return result


@pytest.mark.parametrize(
    ("text", "speaker", "cue"),
    [
        ("“We bake every day,” said Anna Hill.", "Anna Hill", "said"),
        ("“We bake every day,” Anna Hill told reporters.", "Anna Hill", "told"),
        ("Anna Hill added: “We bake every day.”", "Anna Hill", "added"),
        ("Anna Hill said on Friday that “we bake every day.”", "Anna Hill", "said"),
        ("Peter Marsh met the mayor. “We bake every day,” according to Anna Hill.", "Anna Hill", "according to"),
        ("“We bake every day,” said a spokesman for the mill.", "a spokesman for the mill", "said"),
        ("“We bake every day,” Peter Marsh’s family said.", "Peter Marsh’s family", "said"),
    ],
)
def test_the_subject_of_the_cue_is_the_speaker(text: str, speaker: str, cue: str) -> None:
    found = quotes(text)

    assert [(each.speaker, each.cue) for each in found] == [(speaker, cue)]


def test_a_pronoun_is_the_mention_and_its_entity_the_speaker() -> None:
    found = quotes("Anna Hill opened the bakery on Friday. “We bake every day,” she said.")

    assert (found[0].mention, found[0].speaker, found[0].basis) == ("she", "Anna Hill", Basis.PRONOUN)


def test_words_split_by_the_attribution_are_two_quotations_of_one_speaker() -> None:
    found = quotes("“We bake every day,” Anna Hill said. “We have never closed, and we never will.”")

    assert [each.speaker for each in found] == ["Anna Hill", "Anna Hill"]


def test_a_paragraph_of_quotation_alone_follows_the_speaker_before() -> None:
    found = quotes("“We bake every day,” Anna Hill said.\n\n“We have never closed, and we never will. It is our pride.”")

    assert found[1].speaker == "Anna Hill"
    assert found[1].basis is Basis.FOLLOW_UP


def test_a_pull_quote_belongs_to_the_name_on_the_next_line() -> None:
    found = quotes("Anna Hill is a baker.\n\n“We bake every day. We have never closed.”\n\n- Anna Hill\n\nThe mill is old.")

    assert [(each.speaker, each.basis) for each in found] == [("Anna Hill", Basis.ATTRIBUTION_LINE)]


def test_a_fragment_in_the_reporters_sentence_is_mixed() -> None:
    found = quotes("Anna Hill accused the council of “trying to buy time” on Friday.")

    assert [(each.kind, each.speaker) for each in found] == [(QuoteKind.MIXED, "Anna Hill")]


def test_whoever_relays_a_person_is_not_the_speaker() -> None:
    found = quotes("“We bake every day,” Anna Hill said, according to the Norland Times.")

    assert found[0].speaker == "Anna Hill"


@pytest.mark.parametrize(
    "text",
    [
        "The film was shown in a hall named “Rose Garden” near the river.",
        "The boats, known as “Reds” here, lay in the port.",
    ],
)
def test_names_in_quotation_marks_are_no_quotations(text: str) -> None:
    assert quotes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "“We bake every day,” Anna Hill trumpled.",
        "“We bake every day,” frumbed Anna Hill.",
        "Anna Hill, a baker, frumbed: “We bake every day.”",
    ],
)
def test_an_unknown_verb_beside_an_utterance_is_its_cue(text: str) -> None:
    (found,) = quotes(text)

    assert (found.speaker, found.cue and found.cue[-2:]) == ("Anna Hill", "ed")


def test_a_list_under_one_introduction_has_the_speaker_named_there() -> None:
    found = quotes(
        "Peter Marsh left.\n\nSome lines from Anna Hill as she left:\n\n• “We bake every day.”\n\n• “No regrets.”\n\nIt rained."
    )

    assert [(each.text, each.speaker) for each in found] == [
        ("We bake every day.", "Anna Hill"),
        ("No regrets.", "Anna Hill"),
    ]


def test_turns_of_a_transcript_belong_to_the_name_before_the_colon() -> None:
    found = quotes(
        "Anna Hill met Peter Marsh in the old port.\n\nHILL: We bake every day.\n\nMARSH: You never did.\n\nIt rained."
    )

    assert [(each.text, each.speaker, each.kind) for each in found] == [
        ("We bake every day.", "Anna Hill", QuoteKind.DIRECT), ("You never did.", "Peter Marsh", QuoteKind.DIRECT),
    ]  # fmt: skip


def test_confidence_tells_a_plain_case_from_a_doubtful_one() -> None:
    plain = quotes("“We bake every day, and we always will,” said Anna Hill.")
    doubtful = quotes("Peter Marsh met Anna Hill, and Ruth Adler warned Oskar Brandt about the “foul play” in the port.")

    assert plain[0].score > 0.9
    assert all(each.score < plain[0].score for each in doubtful)


def test_cues_get_ids_after_the_clauses_that_are_there() -> None:
    text = "“We bake every day,” said Anna Hill."
    blocks = paragraphs(text)
    parts, regions = sentences(text, blocks), quoted_regions(text, blocks)
    found, entities = mentions(text, paragraphs=blocks, sentences=parts, regions=regions, lines=())
    clause = Clause("C1", regions[0].span)

    candidates, drafts = draft_quotes(Candidates(text, blocks, parts, regions, (), found, entities, clauses=(clause,)))

    assert [each.id for each in candidates.clauses] == ["C1", "C2"]
    assert drafts[0].cue == "C2"


def test_the_weights_are_small_and_tell_where_they_come_from() -> None:
    raw = (files("service.extraction.rules") / "data" / "attribution.json").read_text("utf-8")
    about = json.loads(raw)["about"]

    assert len(raw) < 1_000_000
    assert {"script", "version", "corpus", "corpus_sha256", "articles", "features"} <= set(about)
    corpus = SHARED / "corpora" / about["corpus"]
    if not corpus.exists():
        pytest.skip("../shared is not there: the corpus checksum was not compared")
    assert hashlib.sha256(corpus.read_bytes()).hexdigest() == about["corpus_sha256"]


@pytest.mark.shared
def test_training_twice_gives_the_same_file(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    corpus = SHARED / "corpora" / "polnear-train.jsonl.gz"
    if not corpus.exists():
        pytest.skip("../shared is not there: no corpus to train on")
    script = ROOT / "scripts" / "train_attribution.py"
    outs = [tmp_path / "one.json", tmp_path / "two.json"]

    for out in outs:
        subprocess.run([sys.executable, str(script), "--limit", "12", "--out", str(out)], check=True, capture_output=True)

    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.shared
def test_every_marked_quotation_of_the_seed_has_its_speaker() -> None:
    path = SHARED / "gold" / "seed.json"
    if not path.exists():
        pytest.skip("../shared is not there: the seed was not tried")
    seed = json.loads(path.read_text("utf-8"))
    seed = seed if isinstance(seed, dict) else seed[0]

    found = {(each.text.strip(" ,."), each.kind.value, each.speaker) for each in quotes(seed["text"])}

    wanted = {
        (each["text"].strip(" ,."), each["kind"], each["speaker"]["name"])
        for each in seed["quotes"]
        if each["kind"] != "indirect"
    }
    assert wanted <= found
