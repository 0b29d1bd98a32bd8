"""The gate: does a run hold the committed floors, and is it not worse than its baseline? Runs and floors in, failures out.

Rules: hard zeros; floors and ceilings; cases that must pass; non-inferiority: a figure fails if the whole 95 % interval of the
paired difference lies on the worse side of 0, or if it drops by more than `DELTA` with p < `ALPHA`.
Exit codes of the command: 0 passed, 1 failed, 2 could not evaluate.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from evals.compare import LOWER_IS_BETTER, compare, pooled
from evals.runfile import Run, RunInvalid, ratios

DELTA = 0.03
ALPHA = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """What a run of one engine on one corpus must hold. `must_pass` names cases whose quotations and slots must be exact."""

    floors: dict[str, float]
    ceilings: dict[str, float]
    must_pass: tuple[str, ...] = ()


def read_floors(path: Path, name: str) -> Floors:
    """The floors under `[name]` of a TOML file; RunInvalid if there are none."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RunInvalid(f"Floors in {path.name!r} cannot be read: {error}.") from None
    if name not in table:
        raise RunInvalid(f"{path.name!r} has no floors for {name!r}; expected one of: {', '.join(table) or 'none'}.")
    entry = table[name]
    return Floors(
        floors=entry.get("floors", {}), ceilings=entry.get("ceilings", {}), must_pass=tuple(entry.get("must_pass", ()))
    )


def gate(run: Run, floors: Floors, *, baseline: Run | None = None) -> tuple[str, ...]:
    """What fails, one sentence each; empty if the run passes."""
    if not run.cases:
        raise RunInvalid("The run holds no cases.")
    failures = [*_zeros(run), *_floors(run, floors), *_must_pass(run, floors)]
    if baseline is not None:
        failures += _inferior(run, baseline)
    return tuple(failures)


def _zeros(run: Run) -> list[str]:
    errors = [case.case for case in run.cases if case.error is not None]
    return [f"{len(errors)} cases ended in an error, such as {errors[0]}; expected none."] if errors else []


def _floors(run: Run, floors: Floors) -> list[str]:
    failures = []
    for figure, floor in floors.floors.items():
        value = pooled(ratios(run.cases, figure))
        if value is None or value < floor:
            failures.append(f"{figure} is {_shown(value)}; expected at least {floor:.3f}.")
    for figure, ceiling in floors.ceilings.items():
        value = pooled(ratios(run.cases, figure))
        if value is not None and value > ceiling:
            failures.append(f"{figure} is {_shown(value)}; expected at most {ceiling:.3f}.")
    return failures


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _must_pass(run: Run, floors: Floors) -> list[str]:
    failures = []
    for name in floors.must_pass:
        records = [case for case in run.cases if case.case == name]
        if not records:
            failures.append(f"{name} must pass, but the run does not hold it.")
        for figure in ("quotes.end_to_end_f1", "slots.f1"):
            value = pooled(ratios(records, figure))
            if records and value is not None and value < 1:
                failures.append(f"{name} must pass, but its {figure} is {value:.3f}.")
    return failures


def _inferior(run: Run, baseline: Run) -> list[str]:
    failures = []
    for difference in compare(baseline, run).differences:
        sign = -1 if difference.figure in LOWER_IS_BETTER else 1
        low, high, point = difference.delta.low, difference.delta.high, difference.delta.point
        if low is None or high is None or point is None:
            continue
        clear = max(sign * low, sign * high) < 0
        slid = sign * point < -DELTA and difference.p is not None and difference.p < ALPHA
        if clear or slid:
            failures.append(
                f"{difference.figure} fell from {_shown(difference.baseline)} to {_shown(difference.candidate)} "
                f"(difference {point:+.3f}, 95 % {low:+.3f} to {high:+.3f}, p {difference.p:.3f})."
            )
    return failures
