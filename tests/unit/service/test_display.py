from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from service.display import harmless, marked, present
from service.domain.candidate import Qualifier
from service.domain.draft import Basis, Category, ExchangeKind, QuoteKind, Status
from service.domain.evidence import Span, span_of
from service.domain.record import (
    ArticleRecord,
    CountRecord,
    ExchangeDate,
    ExchangeRecord,
    Extraction,
    Notice,
    Provenance,
    QuoteRecord,
    Rejected,
    Speaker,
    TransferRecord,
    Usage,
)

TEXT = "Kessa freed more than 40 men. “We are home,” said Mira Tolan."


def found(words: str) -> Span:
    return span_of(TEXT, TEXT.index(words), TEXT.index(words) + len(words))


def make_extraction() -> Extraction:
    count = CountRecord(
        category=Category.MEN, value=40, max=None, qualifier=Qualifier.MORE_THAN, claimed_by=("Kessa",),
        evidence=(found("more than 40"),),
    )  # fmt: skip
    exchange = ExchangeRecord(
        id="x1", kind=ExchangeKind.UNILATERAL_RELEASE, status=Status.COMPLETED,
        date=ExchangeDate(start=None, end=None, text=None, basis=None), places=(),
        transfers=(TransferRecord(released_by="Kessa", returned_to="Valdoria", counts=(count,), people=()),),
        third_parties=(), part_of=None, evidence=(), confidence=0.5, by=("rules",),
        warnings=(Notice(check="direction", message="nothing in return"),),
    )  # fmt: skip
    words = found("We are home,")
    quote = QuoteRecord(
        id="q1", kind=QuoteKind.DIRECT, text=words.text, start=words.start, end=words.end, cue=found("said"), confidence=0.9,
        speaker=Speaker(name="Mira Tolan", kind="person", role=None, mention=found("Mira Tolan"), basis=Basis.NAMED),
        by=("rules", "model"), warnings=(),
    )  # fmt: skip
    return Extraction(
        id="ext_1",
        article=ArticleRecord(
            id="art_1", title=None, url=None, published_at=None, language=None, sha256="0", characters=len(TEXT), text=None
        ),
        exchanges=(exchange,), quotes=(quote,), rejected=(Rejected(what="q2", reason="not in the text"),), warnings=(),
        provenance=Provenance(
            engine="model", model="openai/x", prompt="extract@1", prompt_sha256="0", attempts=1, calls=2,
            usage=Usage(input_tokens=1200, cached_tokens=1000, output_tokens=80), elapsed_ms=1234, degraded=True,
            degraded_reason="The model did not answer before the deadline.",
        ),
    )  # fmt: skip


def shown(extraction: Extraction) -> str:
    console = Console(file=io.StringIO(), width=140)
    console.print(present(extraction, TEXT))
    return console.file.getvalue()  # type: ignore[attr-defined] # it is the StringIO above


def test_a_person_sees_every_finding_with_its_engine() -> None:
    output = shown(make_extraction())

    assert "engine model (openai/x) · 1,234 ms · 2 calls · 1,200 (1,000 cached) + 80 tokens" in output
    assert "Degraded: The model did not answer before the deadline." in output
    assert "Kessa → Valdoria: more than 40 men (says Kessa)" in output
    assert "completed, no date" in output
    assert "rules + model" in output
    assert "x1: nothing in return" in output
    assert "Rejected: q2: not in the text" in output


def test_an_article_with_nothing_in_it_says_so() -> None:
    assert "Nothing was found." in shown(replace(make_extraction(), exchanges=(), quotes=()))


def test_every_word_can_be_read_at_80_characters() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(present(make_extraction(), TEXT))
    output = console.file.getvalue()  # type: ignore[attr-defined] # it is the StringIO above

    assert all(word in output for word in ("unilateral release", "Kessa → Valdoria:", "We are home,", "Mira Tolan", "0.90"))
    assert len(output.splitlines()) < 40


def test_marks_stand_at_the_offsets() -> None:
    text = marked(make_extraction(), TEXT)

    styled = {(TEXT[span.start : span.end], str(span.style)) for span in text.spans}
    assert styled == {("We are home,", "green"), ("Mira Tolan", "underline"), ("more than 40", "bold magenta")}


def test_an_article_cannot_steer_the_terminal() -> None:
    tricky = "a\x1b[2Jb\u202ec\x07\r\nd\te"

    safe = harmless(tricky)

    assert safe == "a\ufffd[2Jb\ufffdc\ufffd\ufffd\nd\te"
    assert len(safe) == len(tricky)


def test_markup_of_the_display_is_plain_text_in_an_article() -> None:
    extraction = make_extraction()
    quote = replace(extraction.quotes[0], text="[bold]x[/bold]")

    assert "[bold]x[/bold]" in shown(replace(extraction, quotes=(quote,)))
