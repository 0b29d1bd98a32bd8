"""Quotations and whole contents brought together."""

from __future__ import annotations

from service.domain.draft import Basis, QuoteKind
from service.domain.evidence import Span
from service.domain.record import ContentRecord, QuoteRecord, Speaker
from service.extraction.contents import with_contents

TEXT = "Ann Hill said the port was “full”. Bea Moss vowed to return."


def at(words: str) -> Span:
    start = TEXT.index(words)
    return Span(start, start + len(words), words)


def speaker(name: str) -> Speaker:
    return Speaker(name=name, kind="person", role=None, mention=at(name), basis=Basis.NAMED)


def quote(words: str, name: str) -> QuoteRecord:
    span = at(words)
    return QuoteRecord(
        id="q1", kind=QuoteKind.MIXED, text=words, start=span.start, end=span.end, speaker=speaker(name), cue=None,
        confidence=0.9, by=("rules",), warnings=(),
    )  # fmt: skip


def content(id_: str, words: str, name: str, cue: str) -> ContentRecord:
    return ContentRecord(id=id_, spans=(at(words),), speaker=speaker(name), cue=at(cue), confidence=0.8, by=("rules",))


CONTENTS = (content("c1", "the port was “full”", "Ann Hill", "said"), content("c2", "to return", "Bea Moss", "vowed"))


def test_a_quotation_gets_the_content_that_holds_it_and_the_other_contents_stay_a_list() -> None:
    (told,), others = with_contents([quote("full", "Ann Hill")], CONTENTS)

    assert [span.text for span in told.content] == ["the port was “full”"]
    assert (told.text, told.start) == ("full", TEXT.index("full"))
    assert [(each.id, each.spans[0].text) for each in others] == [("c1", "to return")]


def test_a_content_of_another_speaker_is_not_the_quotations() -> None:
    (told,), others = with_contents([quote("full", "Bea Moss")], CONTENTS)

    assert [span.text for span in told.content] == ["full"]
    assert [each.id for each in others] == ["c1", "c2"]


def test_the_shortest_of_two_contents_is_the_quotations_and_both_are_held() -> None:
    wide = content("c3", "said the port was “full”", "Ann Hill", "said")

    (told,), others = with_contents([quote("full", "Ann Hill")], (wide, *CONTENTS))

    assert [span.text for span in told.content] == ["the port was “full”"]
    assert [each.spans[0].text for each in others] == ["to return"]
