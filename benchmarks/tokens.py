"""Tokens of the model path, counted by the embedded model's own tokenizer: what tags cost, what an answer in references saves.

usage: python benchmarks/tokens.py CORPUS [RECORDING]

In: tokens of the rendered article (tags, title, dates, fence) over tokens of the plain article; the static part apart.
Out: tokens of the recorded replies over tokens of the naive answer to the same articles: the gold itself as compact JSON with
verbatim texts, in the plain form that a model is usually asked for.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from evals.answerer import article_of
from evals.case import Case
from evals.corpora.load import load
from evals.recording import read_recording
from service.adapters.local_server import LocalServer
from service.adapters.model_files import cache_dir, installed
from service.adapters.prompts import PromptFiles
from service.bootstrap import MonotonicClock
from service.extraction.full import compose
from service.extraction.pipeline import Wanted, prepare


def naive_answer(case: Case) -> str:
    """The gold as a plain model would have to write it."""
    quotes = [
        {
            "text": " ".join(case.text[a:b] for a, b in q.spans), "kind": q.kind, "cue": q.cue,
            "speaker": {"name": q.voice.name, "kind": q.voice.kind, "role": None} if q.voice else None,
        }
        for q in case.expected.quotes
    ]  # fmt: skip
    exchanges = [
        {
            "kind": x.kind, "status": x.status, "date_start": x.date, "date_end": x.date,
            "location": x.places[0].name if x.places else None, "mediators": [m.name for m in x.mediators],
            "transfers": [
                {
                    "released_by": t.source, "returned_to": t.target,
                    "counts": [{"category": c.category, "value": c.n, "qualifier": c.qualifier} for c in t.counts],
                }
                for t in x.transfers
            ],
        }
        for x in case.expected.exchanges
    ]  # fmt: skip
    return json.dumps({"quotes": quotes, "exchanges": exchanges}, ensure_ascii=False, separators=(",", ":"))


async def main(corpus: Path, recording: Path | None) -> None:
    path = installed(cache_dir(None))
    if path is None:
        raise SystemExit("The embedded model has not been pulled: run parley models pull.")
    server = LocalServer(path)
    base = (await server.start()).removesuffix("/v1")

    def count(text: str) -> int:
        request = Request(f"{base}/tokenize", json.dumps({"content": text}).encode(), {"Content-Type": "application/json",
                          "Authorization": f"Bearer {server.key}"})  # fmt: skip
        with urlopen(request, timeout=60) as response:
            return len(json.loads(response.read())["tokens"])

    try:
        prompt = PromptFiles().get("extract")
        cases = list(load(corpus))
        clock = MonotonicClock()
        ratios, naive = [], {}
        for case in cases:
            question = await prepare(article_of(case), Wanted(), deadline=clock.now() + 60, clock=clock)
            rendered = sum(count(part.messages[1].content) for part in compose(question, prompt))
            ratios.append(rendered / count(case.text))
            naive[case.id] = count(naive_answer(case))
        print(f"static part: {count(prompt.system)} tokens")
        spread = f"mean {statistics.mean(ratios):.3f}, highest {max(ratios):.3f}"
        print(f"rendered article over article: {spread} ({len(cases)} articles)")
        print(f"naive answers: {sum(naive.values())} tokens, {statistics.mean(naive.values()):.0f} an article")
        if recording is not None:
            replies = [r["choices"][0]["message"]["content"] for r in read_recording(recording).replies.values()]
            first = [count(reply) for reply in replies]
            print(f"recorded replies: {len(first)}, {sum(first)} tokens, {statistics.mean(first):.0f} a reply")
            share = statistics.mean(first) / statistics.mean(naive.values())
            print(f"answer in references over naive answer (means): {share:.3f}")
    finally:
        await server.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
