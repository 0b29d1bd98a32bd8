"""Running an engine over a corpus: bounded concurrency, one record per case as it finishes, resumable after a kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.alias import AliasTable, load_aliases
from evals.answerer import Answerer
from evals.case import Case
from evals.contract import predicted
from evals.fingerprint import alias_digest, gold_digest, scorer_digest
from evals.metrics import FIGURES, CaseScore, score_case
from evals.record import Records
from evals.runfile import CaseRecord, Run, RunHead, RunInvalid, RunWriter, read_run
from service.errors import ParleyError

COMPARED = ("gold", "scorer", "aliases")


def hashes(cases: Sequence[Case], prompt: tuple[str, str] | None) -> dict[str, str]:
    """What decides the figures of a run."""
    found = {"gold": gold_digest(cases), "scorer": scorer_digest(), "aliases": alias_digest()}
    return found | ({"prompt": prompt[1]} if prompt is not None else {})


def head_of(
    answerer: Answerer,
    cases: Sequence[Case],
    *,
    name: str,
    corpus: str,
    split: str | None,
    repeat: int,
    played: bool = False,
) -> RunHead:
    """The first line of a run file."""
    prompt = answerer.prompt
    return RunHead(
        name=name,
        engine=answerer.engine,
        model="played" if played else (answerer.engine if prompt is not None else None),
        prompt=prompt[0] if prompt is not None else None,
        corpus=corpus,
        split=split,
        hashes=hashes(cases, prompt),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        repeat=repeat,
        played=played,
    )


async def run(
    cases: Sequence[Case],
    answerer: Answerer,
    path: Path,
    head: RunHead,
    *,
    concurrency: int = 1,
    on_done: Callable[[CaseRecord, int], None] = lambda record, left: None,
) -> Run:
    """Answer every case that the file does not hold yet and write it at once. RunInvalid if the file is of another run."""
    done = _resumable(path, head)
    table = load_aliases()
    todo = [(case, turn) for turn in range(head.repeat) for case in cases if (case.id, turn) not in done]
    writer = RunWriter(path, head)
    gate = asyncio.Semaphore(concurrency)
    left = len(todo)

    async def one(case: Case, turn: int) -> None:
        nonlocal left
        async with gate:
            record = await answer_case(case, turn, answerer, table)
        writer.add(record)
        left -= 1
        on_done(record, left)

    try:
        await asyncio.gather(*(one(case, turn) for case, turn in todo))
    finally:
        writer.close()
    return read_run(path)


def _resumable(path: Path, head: RunHead) -> set[tuple[str, int]]:
    if not path.exists() or path.stat().st_size == 0:
        return set()
    earlier = read_run(path)
    for name, mine, theirs in (
        ("engine", head.engine, earlier.head.engine),
        ("corpus", head.corpus, earlier.head.corpus),
        *((f"hash of the {name}", head.hashes.get(name), earlier.head.hashes.get(name)) for name in (*COMPARED, "prompt")),
    ):
        if mine != theirs:
            message = f"Run {path.name!r} was made with another {name}; give another --run, or delete it."
            raise RunInvalid(message)
    return {case.key for case in earlier.cases}


async def answer_case(case: Case, turn: int, answerer: Answerer, table: AliasTable) -> CaseRecord:
    """Answer and score one case. A failure is a record as well: the case counts as missed."""
    wall, cpu = time.perf_counter(), time.process_time()
    output: dict[str, Any] | None = None
    error = None
    try:
        output = await answerer.answer(case)
    except (ParleyError, RuntimeError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return CaseRecord(
        case=case.id,
        repeat=turn,
        cluster=case.cluster or case.id,
        split=case.split,
        tags=case.tags,
        output=output,
        error=error,
        latency_s=round(wall, 4),
        cpu_s=round(cpu, 4),
        parts=parts_of(score_case(case, records_of(output), table)),
    )


def records_of(output: dict[str, Any] | None) -> Records:
    """What was answered; nothing after an error."""
    return predicted(output) if output is not None else Records()


def parts_of(score: CaseScore) -> dict[str, tuple[float, float]]:
    """Numerator and denominator of every figure."""
    return {name: tuple_ for name, take in FIGURES.items() if (tuple_ := take(score)) != (0, 0)}


def rescore(run: Run, cases: Sequence[Case]) -> Run:
    """The same answers scored by today's scorer and gold; no model is asked."""
    table = load_aliases()
    known = {case.id: case for case in cases}
    missing = [record.case for record in run.cases if record.case not in known]
    if missing:
        raise RunInvalid(f"Run {run.head.name!r} has cases that the corpus does not hold: {', '.join(missing[:5])}.")
    records = [
        replace(record, parts=parts_of(score_case(known[record.case], records_of(record.output), table)))
        for record in run.cases
    ]
    prompt = run.head.hashes.get("prompt")
    new = hashes(cases, None) | ({"prompt": prompt} if prompt else {})
    return Run(RunHead(**{**asdict(run.head), "hashes": new}), records)
