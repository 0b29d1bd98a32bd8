"""The outcome of one fill, after the MUC scorers: correct, partial, incorrect, missing, spurious, nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one fill. NEUTRAL is an optional fill rightly given: neither asked for nor punished."""

    COR = "COR"
    PAR = "PAR"
    INC = "INC"
    MIS = "MIS"
    SPU = "SPU"
    NIL = "NIL"
    NEUTRAL = "NEUTRAL"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many fills had which outcome. All ratios are None where their denominator is 0: printed as a dash, never as 1."""

    cor: int = 0
    par: int = 0
    inc: int = 0
    mis: int = 0
    spu: int = 0
    neutral: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.cor + other.cor, self.par + other.par, self.inc + other.inc,
            self.mis + other.mis, self.spu + other.spu, self.neutral + other.neutral,
        )  # fmt: skip

    @property
    def act(self) -> int:
        """Fills that were answered (ACT)."""
        return self.cor + self.par + self.inc + self.spu

    @property
    def pos(self) -> int:
        """Fills that were asked for (POS)."""
        return self.cor + self.par + self.inc + self.mis

    @property
    def precision(self) -> float | None:
        """COR / ACT."""
        return ratio(self.cor, self.act)

    @property
    def recall(self) -> float | None:
        """COR / POS."""
        return ratio(self.cor, self.pos)

    @property
    def f1(self) -> float | None:
        """2·COR / (ACT + POS), the strict headline."""
        return ratio(2 * self.cor, self.act + self.pos)

    @property
    def lenient_precision(self) -> float | None:
        """(COR + ½PAR) / ACT."""
        return ratio(self.cor + self.par / 2, self.act)

    @property
    def lenient_recall(self) -> float | None:
        """(COR + ½PAR) / POS."""
        return ratio(self.cor + self.par / 2, self.pos)

    @property
    def lenient_f1(self) -> float | None:
        """(2·COR + PAR) / (ACT + POS), what the alignment maximises."""
        return ratio(2 * self.cor + self.par, self.act + self.pos)

    @property
    def over_generation(self) -> float | None:
        """SPU / ACT."""
        return ratio(self.spu, self.act)

    @property
    def under_generation(self) -> float | None:
        """MIS / POS."""
        return ratio(self.mis, self.pos)

    @property
    def substitution(self) -> float | None:
        """INC / (COR + PAR + INC)."""
        return ratio(self.inc, self.cor + self.par + self.inc)


def ratio(numerator: float, denominator: float) -> float | None:
    """The quotient, or None where it is undefined."""
    return numerator / denominator if denominator else None


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """The tally of some outcomes; NIL is never counted."""
    seen = list(outcomes)
    return Tally(
        seen.count(Outcome.COR), seen.count(Outcome.PAR), seen.count(Outcome.INC),
        seen.count(Outcome.MIS), seen.count(Outcome.SPU), seen.count(Outcome.NEUTRAL),
    )  # fmt: skip
