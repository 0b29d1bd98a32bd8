"""Whole reported contents: what they hold that quotations do not."""

from __future__ import annotations

from service.domain.candidate import Clause, Mention
from service.extraction.rules.attribution import draft_quotes
from service.extraction.rules.contents import draft_contents
from service.extraction.rules.indirect import Known, draft_indirect
from service.text.cues import find_cues
from service.text.scan import scan


def contents(text: str) -> list[tuple[str, str | None, str]]:
    candidates, drafts = draft_contents(scan(text))
    found = []
    for draft in drafts:
        target, cue = candidates.get(draft.target, Clause), candidates.get(draft.cue, Clause)
        speaker = candidates.get(draft.speaker, Mention) if draft.speaker else None
        found.append((target.span.text, speaker and speaker.span.text, cue.span.text))
    return found


def test_an_infinitive_after_a_directive_is_a_content_and_no_quotation() -> None:
    text = "Anna Hill urged the crew to leave."

    assert contents(text) == [("the crew to leave", "Anna Hill", "urged")]
    assert draft_indirect(scan(text))[1] == ()


def test_a_content_keeps_the_clause_around_a_fragment_in_marks() -> None:
    text = "Anna Hill said the port was “full to the brim” on Monday."

    (content,) = contents(text)
    candidates, (quote,) = draft_quotes(scan(text))

    assert content[:2] == ("the port was “full to the brim” on Monday", "Anna Hill")
    assert candidates.by_id[quote.target].span.text == "full to the brim"


def test_drafting_contents_first_or_last_changes_no_quotation() -> None:
    text = "Anna Hill said the port was closed. She urged the crew to leave, and the mayor denied that it was late."
    alone, grown = scan(text), draft_contents(scan(text))[0]

    def told(candidates, quotes):
        return [(candidates.by_id[q.target].span, candidates.by_id[q.speaker].span, q.score) for q in quotes]

    assert told(*draft_indirect(alone)) == told(*draft_indirect(grown))


def test_what_is_known_from_the_quotations_gives_the_same_contents() -> None:
    text = "Anna Hill said the port was closed. She urged the crew to leave."
    known = Known(find_cues(text))
    draft_indirect(scan(text), known)

    assert known.decisions
    assert draft_contents(scan(text), known)[1] == draft_contents(scan(text))[1]
    assert len(known.tokens) == 2  # of each sentence, once
