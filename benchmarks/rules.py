"""The rules engine's speed: a 700-word article, 30,000 words, and texts made to cost time.

usage: python benchmarks/rules.py [CORPUS]   (default: our own gold, so that it runs in any clone)

CPU time of one core, everything from text to record. Of one article at most 300,000 characters are read; what lies behind them
is said to be unread in `warnings` (check `limit`).
"""

from __future__ import annotations

import asyncio
import signal
import statistics
import sys
import time
from pathlib import Path

from evals.answerer import article_of
from evals.corpora.load import load
from service.bootstrap import MonotonicClock
from service.domain.article import Article
from service.extraction.pipeline import Wanted, extract

START = "Anna Hill of Kyiv said on Monday that Russia freed 5 men. "
FLOODS = {
    "quotation marks": '"', "opening marks": "“", "single marks": "'", "doubled singles": "''x", "quoted letters": '"a" ',
    "the same, no blanks": '"a"', "marks never closed": "“a ", "digits": "1", "digits and blanks": "1 ", "digits and commas": "1,",
    "ranges": "1-", "capitals": "A", "capitals and blanks": "A ", "capitals and hyphens": "A-", "capital, small": "Aa",
    "lines": "a\n", "line breaks": "\n", "blanks": " ", "brackets": "(", "stops": ".", "names": "John Smith ",
    "hyphened names": "Russia-", "titles": "Mr. ", "cues": "he said that ", "cues, no blanks": "said,", "dates": "on Monday ",
    "releases": "released 5 prisoners ",
    "invisible": "a\u200b", "combining marks": "a\u0301", "Chinese": "漢字。",
    "one sentence": "he went to the old port and then to the new market where bread was sold, ",
}  # fmt: skip


PATIENCE_S = 20.0


class TookTooLong(Exception):
    """A flood is not waited for any longer."""


def give_up(*_: object) -> None:
    raise TookTooLong


def cpu_seconds(article: Article) -> float:
    started = time.process_time()
    asyncio.run(extract(article, Wanted(), engine=None, deadline_s=600, clock=MonotonicClock()))
    return time.process_time() - started


def shown_seconds(text: str) -> str:
    """CPU seconds of a flood, or that it was given up."""
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE_S)
    try:
        return f"{cpu_seconds(Article(text=text)):8.2f}"
    except TookTooLong:
        return f"  > {PATIENCE_S:.0f} s"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def main(corpus: Path) -> None:
    cases = list(load(corpus))
    articles = [article_of(case) for case in cases]
    words = [len(article.text.split()) for article in articles]
    cpu_seconds(articles[0])
    times = [min(cpu_seconds(article) for _ in range(3)) for article in articles]
    per_700 = [seconds / count * 700_000 for seconds, count in zip(times, words, strict=True)]
    print(
        f"{len(articles)} articles: {statistics.median(per_700):.1f} ms for 700 words (median), {max(per_700):.1f} at most"
    )
    print(f"{len(articles) / sum(times):.1f} articles of {statistics.mean(words):.0f} words per CPU-second")
    long = Article(text="\n\n".join(article.text for article in articles * 9))
    long = Article(text=" ".join(long.text.split(" ")[:30_000]), published_at=articles[0].published_at)
    count = len(long.text.split())
    ratio = min(cpu_seconds(long) for _ in range(2)) / count / (sum(times) / sum(words))
    print(f"{count:,} words: {ratio:.2f} times the time a word of single articles (1 = linear)")
    signal.signal(signal.SIGVTALRM, give_up)
    print("\nCPU seconds for floods of 150,000 characters, 300,000 and 1 MiB")
    for name, unit in FLOODS.items():
        sizes = (150_000, 300_000, 1_048_576)
        texts = [START + (unit * (size // len(unit) + 1))[:size] for size in sizes]
        print(f"{name:22}" + "".join(shown_seconds(text) for text in texts), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "evals" / "gold")
