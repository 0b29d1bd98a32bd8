"""The embedded model: what it costs beside a naive call, and whether it knows anything that the rules engine does not.

    python -m benchmarks.local [ARTICLE.txt] [--published-at YYYY-MM-DD]     seconds and tokens, ours and naive, in one run
    python -m benchmarks.local --ablation [--most N]                         over ../shared/gold/dev: what if it could overrule?

Needs the pulled model (`parley models pull`). Seconds depend on what else the machine does: the load is printed, ratios within
one run are what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.naive import extract_naively
from service.adapters.local_server import LocalModel
from service.adapters.model_files import cache_dir, installed
from service.adapters.prompts import PromptFiles
from service.bootstrap import MonotonicClock
from service.domain.article import Article
from service.domain.candidate import Candidates, Sentence
from service.domain.record import Extraction
from service.errors import ModelFailed, ModelFileMissing
from service.extraction.ask import Spent
from service.extraction.checks import target_span
from service.extraction.confirm import NOBODY, ConfirmEngine, Inquiry, inquiries_about, put
from service.extraction.engine import EngineAnswer, Question, rules_answer
from service.extraction.pipeline import Wanted, extract, prepare
from service.extraction.reference import fold

ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT.parent / "shared" / "gold"
DEADLINE_S = 3600.0
A_REQUEST = 5
CLOCK = MonotonicClock()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("article", nargs="?", type=Path)
    parser.add_argument("--published-at", type=date.fromisoformat)
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument(
        "--most", type=int, default=A_REQUEST, help="questions an article in the ablation, asked five at a time"
    )
    options = parser.parse_args()
    asyncio.run(ablation(options.most) if options.ablation else compare(read_article(options.article, options.published_at)))


def read_article(path: Path | None, published_at: date | None) -> Article:
    """The article to measure: the given file, else the demonstration's, else the reference seed."""
    demo = ROOT / "demo" / "article.txt"
    path = path or (demo if demo.exists() else None)
    if path is not None:
        return Article(text=path.read_text("utf-8"), published_at=published_at)
    return gold_article(json.loads((GOLD / "seed.json").read_text("utf-8")))


def gold_article(gold: dict) -> Article:
    return Article(text=gold["text"], title=gold["title"], published_at=date.fromisoformat(gold["published_at"]))


def local_model() -> LocalModel:
    path = installed(cache_dir(Path(os.environ["PARLEY_MODEL_DIR"]) if "PARLEY_MODEL_DIR" in os.environ else None))
    if path is None:
        raise ModelFileMissing
    return LocalModel(path)


def load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


async def compare(article: Article) -> None:
    """Ours, naive, ours again (so that a machine that gets busier in between shows)."""
    model = local_model()
    engine = ConfirmEngine(model, PromptFiles().get("confirm"))
    print(f"{len(article.text.split())} words; {os.cpu_count()} cores; load before: {load()}")
    try:
        # One question before the clock runs: it starts the server, and what it leaves in the prompt cache is no part of ours.
        url = await model.start(timeout_s=DEADLINE_S)
        await extract_naively("Nothing happened.", base_url=url, api_key=model.server.key, published_at=None)
        print(f"server started in {model.server.started_in_s:.1f} s (once a process, not counted below)")
        first = await ours(article, engine)
        naive = await extract_naively(
            article.text, base_url=url, api_key=model.server.key, published_at=str(article.published_at or "") or None
        )
        second = await ours(article, engine)
    finally:
        await model.aclose()
    print(f"load after: {load()}\n")
    print(f"{'':16}{'seconds':>10}{'prompt':>10}{'cached':>10}{'output':>10}")
    for name, (seconds, extraction) in (("local", first), ("local again", second)):
        usage = extraction.provenance.usage
        print(f"{name:16}{seconds:>10.1f}{usage.input_tokens:>10}{usage.cached_tokens:>10}{usage.output_tokens:>10}")
    print(f"{'naive':16}{naive.seconds:>10.1f}{naive.input_tokens:>10}{'':>10}{naive.output_tokens:>10}  {naive.ended}")
    usage = first[1].provenance.usage
    seconds = (first[0] + second[0]) / 2
    print(
        f"{'ratio':16}{seconds / naive.seconds:>10.2f}{usage.input_tokens / naive.input_tokens:>10.2f}{'':>10}"
        f"{usage.output_tokens / naive.output_tokens:>10.2f}  (local, mean of two, to naive)"
    )
    print(f"found: local {len(first[1].quotes)} quotations, {len(first[1].exchanges)} exchanges; "
          f"naive {naive.quotes} quotations, {naive.exchanges} exchanges")  # fmt: skip


async def ours(article: Article, engine: ConfirmEngine) -> tuple[float, Extraction]:
    began = time.perf_counter()
    extraction = await extract(article, Wanted(degrade=False), engine=engine, deadline_s=DEADLINE_S, clock=CLOCK)
    return time.perf_counter() - began, extraction


@dataclass(frozen=True)
class Case:
    """One question: whether the rules engine's option, and the model's, is the reference's."""

    topic: str
    rules_right: bool
    model_right: bool
    agree: bool


async def ablation(most: int) -> None:
    """Ask about every article of the development set and compare both engines with the reference."""
    model = local_model()
    prompt = PromptFiles().get("confirm")
    cases: list[Case] = []
    spent, skipped, began = Spent(), Counter[str](), time.perf_counter()
    print(f"load before: {load()}")
    try:
        for path in sorted((GOLD / "dev").glob("*.json")):
            gold = json.loads(path.read_text("utf-8"))
            article = gold_article(gold)
            question = await prepare(article, Wanted(), deadline=CLOCK.now() + DEADLINE_S, clock=CLOCK)
            answer = rules_answer(question)
            found = await judged(answer, question, gold, model, prompt, most, spent, skipped)
            cases += found
            right = sum(case.rules_right for case in found), sum(case.model_right for case in found)
            print(f"{path.stem:44} {len(found):3} questions, rules {right[0]:3}, model {right[1]:3} right", flush=True)
    finally:
        await model.aclose()
    print(f"load after: {load()}; {time.perf_counter() - began:.0f} s, {spent.calls} calls, {spent.usage}")
    print(f"questions that the reference cannot judge: {dict(skipped)}\n")
    report(cases)


async def judged(answer: EngineAnswer, question: Question, gold: dict, model: LocalModel, prompt, most: int,
                 spent: Spent, skipped: Counter) -> list[Case]:  # fmt: skip
    inquiries = inquiries_about(answer, most=most)
    cases = []
    for first in range(0, len(inquiries), A_REQUEST):
        batch = inquiries[first : first + A_REQUEST]
        try:
            chosen = (await put(batch, model, prompt, question, spent)).result
        except ModelFailed as failure:
            skipped[type(failure).__name__] += len(batch)
            continue
        for position, option in chosen.items():
            inquiry = batch[position]
            right = right_options(inquiry, answer, gold)
            if right is None:
                skipped[inquiry.topic] += 1
            else:
                cases.append(Case(inquiry.topic, inquiry.rules in right, option in right, option == inquiry.rules))
    return cases


def right_options(inquiry: Inquiry, answer: EngineAnswer, gold: dict) -> set[int] | None:
    """The options that the reference gives; empty if none of those offered is right, None if it has no such item."""
    _, index = inquiry.item
    match inquiry.topic:
        case "speaker":
            expected = gold_speaker(target_span(answer.quotes[index].draft.target, answer.candidates), gold)
            return None if expected is None else {n for n, o in enumerate(inquiry.options) if fold(o) == fold(expected)}
        case "status":
            event = gold_event(answer.exchanges[index].draft.evidence, answer.candidates, gold)
            return None if event is None else {n for n, o in enumerate(inquiry.options) if o == event["status"]}
        case "number":
            event = gold_event(answer.exchanges[index].draft.evidence, answer.candidates, gold)
            ways = [t for t in (event or {}).get("transfers", ())
                    if fold(f"{t['released_by']} to {t['returned_to']}") == fold(inquiry.about)]  # fmt: skip
            if not ways or ways[0]["total"] is None:
                return None
            values = {" ".join(n.phrase.text.split()): n.value for n in answer.candidates.numbers}
            return {n for n, o in enumerate(inquiry.options) if values[o] == ways[0]["total"]}


def gold_speaker(span, gold: dict) -> str | None:
    for quote in gold["quotes"]:
        start, end = max(span.start, quote["start"]), min(span.end, quote["end"])
        whole = max(span.end, quote["end"]) - min(span.start, quote["start"])
        if end - start >= 0.8 * whole:
            return quote["speaker"]["name"] if quote["speaker"] else NOBODY
    return None


def gold_event(evidence: tuple[str, ...], candidates: Candidates, gold: dict) -> dict | None:
    """The reference event whose evidence shares most characters with that of the draft."""
    spans = [s.span for s in (candidates.get(id_, Sentence) for id_ in evidence) if s is not None]

    def shared(event: dict) -> int:
        return sum(max(0, min(s.end, end) - max(s.start, start)) for s in spans for start, end in event["evidence"])

    best = max(gold["exchanges"], key=shared, default=None)
    return best if best is not None and shared(best) > 0 else None


def report(cases: list[Case]) -> None:
    """By topic: who is right, and what would change if the model's choice stood where the two differ."""
    print(f"{'topic':10}{'judged':>8}{'rules':>8}{'model':>8}{'agree':>8}{'gained':>8}{'lost':>8}{'net':>8}"
          f"{'right if agree':>16}{'right if not':>14}")  # fmt: skip
    for topic in (*sorted({case.topic for case in cases}), "all"):
        some = [case for case in cases if topic in (case.topic, "all")]
        gained = sum(case.model_right and not case.rules_right for case in some)
        lost = sum(case.rules_right and not case.model_right for case in some)
        agree, differ = [c for c in some if c.agree], [c for c in some if not c.agree]
        print(f"{topic:10}{len(some):>8}{share(some, 'rules_right'):>8}{share(some, 'model_right'):>8}{len(agree):>8}"
              f"{gained:>8}{-lost:>8}{gained - lost:>+8}"
              f"{share(agree, 'rules_right'):>16}{share(differ, 'rules_right'):>14}")  # fmt: skip


def share(cases: list[Case], field: str) -> str:
    return f"{sum(getattr(case, field) for case in cases) / len(cases):.2f}" if cases else "-"


if __name__ == "__main__":
    main()
