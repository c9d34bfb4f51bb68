"""A change that works, on trial: where it was found, and how the code is run there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gradcheck.diagnose.meaning import Meaning
from gradcheck.diagnose.measure import Point
from gradcheck.diagnose.repairs import Repair
from gradcheck.types import Array, Case, Op

#: What is left where a label does not hold: the line has another formula.
FORMULA = Meaning("wrong-derivative", False, "missing-chain-factor")


@dataclass(frozen=True)
class Trial:
    """A change that works, where it was found, and how the code is run there."""

    op: Op
    case: Case
    wrt: str
    repair: Repair
    run: Callable[[], object]
    until: float
    point: Point | None = None


def doubted(what: Meaning) -> Meaning:
    """A label that is no more than near."""
    return replace(what, confirmed=False, second=what.second or FORMULA.cause)


def pulled_with(op: Op, point: Point, cot: Array) -> dict[str, Array]:
    """The claimed gradients for another upstream gradient."""
    return dict(op.vjp(point.primals, point.labels, point.case.train)[1](cot))
