"""Running an engine over a corpus: bounded concurrency, one record per case as it finishes, resumable after a kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.alias import AliasTable, load_aliases
from evals.answerer import Answerer
from evals.case import Case
from evals.contract import predicted
from evals.fingerprint import alias_digest, engine_digest, gold_digest, scorer_digest
from evals.metrics import FIGURES, CaseScore, score_case
from evals.record import Records
from evals.runfile import CaseRecord, Run, RunHead, RunInvalid, RunWriter, read_run

COMPARED = ("gold", "scorer", "aliases")


def scored_by(cases: Sequence[Case]) -> dict[str, str]:
    """What decides the figures of given answers."""
    return {"gold": gold_digest(cases), "scorer": scorer_digest(), "aliases": alias_digest()}


def hashes(cases: Sequence[Case], answerer: Answerer) -> dict[str, str]:
    """What decides the figures of a run."""
    prompt = answerer.prompt
    engine = {} if answerer.is_elsewhere else {"engine": engine_digest()}
    return scored_by(cases) | engine | ({"prompt": prompt[1]} if prompt is not None else {})


def planned(cases: Iterable[Case], head: RunHead) -> list[Case]:
    """The part of a corpus that a run is about; RunInvalid if there is none."""
    found = [case for case in cases if head.split is None or case.split == head.split][: head.limit]
    if not found:
        raise RunInvalid(f"Corpus {head.corpus!r} holds no cases" + (f" of split {head.split!r}." if head.split else "."))
    return found


def head_of(
    answerer: Answerer,
    cases: Sequence[Case],
    *,
    name: str,
    corpus: str,
    split: str | None,
    repeat: int,
    source: str | None = None,
    limit: int | None = None,
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
        hashes=hashes(cases, answerer),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        repeat=repeat,
        source=source,
        limit=limit,
        played=played,
    )


async def run(
    cases: Sequence[Case],
    answerer: Answerer,
    path: Path,
    head: RunHead,
    *,
    concurrency: int = 1,
    retry: bool = False,
    on_done: Callable[[CaseRecord, int], None] = lambda record, left: None,
) -> Run:
    """Answer every case that the file does not hold yet and write it at once. RunInvalid if the file is of another run.

    With `retry`, cases that ended in an error are asked again.
    """
    done = _resumable(path, head, retry=retry)
    table = load_aliases()
    todo = [(case, turn) for turn in range(head.repeat) for case in cases if (case.id, turn) not in done]
    writer = RunWriter(path, head)
    gate = asyncio.Semaphore(concurrency)
    left = len(todo)
    cpu = time.process_time()

    async def one(case: Case, turn: int) -> None:
        nonlocal left, cpu
        async with gate:
            answered = await answer_case(case, answerer)
        answered = replace(answered, cpu_s=0.0 if answerer.is_elsewhere else time.process_time() - cpu)
        record = record_of(case, turn, answered, table)
        writer.add(record)
        left -= 1
        on_done(record, left)
        cpu = time.process_time()  # scoring, writing and the progress bar are not the engine's

    try:
        await asyncio.gather(*(one(case, turn) for case, turn in todo))
    finally:
        writer.close()
    return read_run(path)


def is_resumable(path: Path, head: RunHead, size: int) -> bool:
    """Whether a file holds the beginning of this very run, and not all of it."""
    try:
        return len(_resumable(path, head, retry=False)) < size * head.repeat
    except RunInvalid:
        return False


def _resumable(path: Path, head: RunHead, *, retry: bool) -> set[tuple[str, int]]:
    if not path.exists() or path.stat().st_size == 0:
        return set()
    earlier = read_run(path)
    for name, mine, theirs in (
        ("engine", head.engine, earlier.head.engine),
        ("corpus", head.corpus, earlier.head.corpus),
        *(
            (f"hash of the {name}", head.hashes.get(name), earlier.head.hashes.get(name))
            for name in (*COMPARED, "engine", "prompt")
        ),
    ):
        if mine != theirs:
            message = f"Run {path.name!r} was made with another {name}; give another --run, or delete it."
            raise RunInvalid(message)
    return {case.key for case in earlier.cases if not (retry and case.error)}


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back for a case: the output, or why there is none."""

    output: dict[str, Any] | None
    error: str | None
    latency_s: float
    cpu_s: float = 0.0


async def answer_case(case: Case, answerer: Answerer) -> Answered:
    """Answer one case. A failure is an answer as well: the case counts as missed."""
    began = time.perf_counter()
    output: dict[str, Any] | None = None
    error = None
    try:
        output = await answerer.answer(case)
        predicted(output)
    except Exception as failure:  # noqa: BLE001 - a fault of the engine is a missed case, not the end of a long run
        output, error = None, f"{type(failure).__name__}: {failure}"
    return Answered(output, error, time.perf_counter() - began)


def record_of(case: Case, turn: int, answered: Answered, table: AliasTable) -> CaseRecord:
    """The scored record of an answer."""
    return CaseRecord(
        case=case.id,
        repeat=turn,
        cluster=case.cluster or case.id,
        split=case.split,
        tags=case.tags,
        output=answered.output,
        error=answered.error,
        latency_s=round(answered.latency_s, 4),
        cpu_s=round(answered.cpu_s, 4),
        parts=parts_of(score_case(case, records_of(answered.output), table)),
    )


def records_of(output: dict[str, Any] | None) -> Records:
    """What was answered; nothing after an error."""
    return predicted(output) if output is not None else Records()


def parts_of(score: CaseScore) -> dict[str, tuple[float, float]]:
    """Numerator and denominator of every figure."""
    return {name: tuple_ for name, take in FIGURES.items() if (tuple_ := take(score)) != (0, 0)}


def known_cases(run: Run, cases: Iterable[Case]) -> list[Case]:
    """The run's part of a corpus; RunInvalid if the run holds cases that are not in it."""
    found = planned(cases, run.head)
    missing = sorted({record.case for record in run.cases} - {case.id for case in found})
    if missing:
        raise RunInvalid(
            f"Run {run.head.name!r} has {len(missing)} cases that the corpus does not hold, such as {', '.join(missing[:3])}; "
            "name its corpus with --corpus."
        )
    return found


def check_scored(run: Run, cases: Sequence[Case]) -> None:
    """RunInvalid if the run's figures are those of another gold, scorer or alias table."""
    for name, today in scored_by(cases).items():
        if run.head.hashes.get(name) != today:
            raise RunInvalid(
                f"Run {run.head.name!r} was scored with another {name}: score it again (parley eval score RUN)."
            )


def rescore(run: Run, cases: Sequence[Case]) -> Run:
    """The same answers scored by today's scorer and gold (the run's part of it); no model is asked."""
    table = load_aliases()
    known = {case.id: case for case in cases}
    records = [
        replace(record, parts=parts_of(score_case(known[record.case], records_of(record.output), table)))
        for record in run.cases
    ]
    return Run(replace(run.head, hashes=run.head.hashes | scored_by(cases)), records)
