"""One law run again after something was changed: what every intervention needs."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.diagnose.measure import claim
from gradcheck.diagnose.repairs import gradient_passes, quiet
from gradcheck.diagnose.shrink import still_wrong
from gradcheck.laws import LAWS
from gradcheck.types import Case, Op


@dataclass(frozen=True)
class Shown:
    """A cause that an experiment has shown.

    Attributes
    ----------
    sure
        False where the experiment only says again that the law fails: a hypothesis.
    second
        Another name of the same mistake, or the next hypothesis.
    line
        Where the experiment saw it arise.
    late
        A change of the code that works says more.
    """

    cause: str
    text: str
    evidence: str
    sure: bool = True
    second: str = ""
    line: int | None = None
    late: bool = False


def fails(op: Op, law: str, case: Case, wrt: str) -> bool | None:
    """Whether a law fails at a case; None where the case cannot be drawn."""
    if law == "gradient" and still_wrong(op, case, wrt):
        return True  # one direction tells already
    try:
        with quiet():
            found = list(LAWS[law](op, case))
    except Exception:  # the case is not legal for this object
        return None
    mine = [v for v in found if v.wrt == wrt] or found
    return any(v.status in {"fail", "error"} for v in mine)


def agreed(op: Op, case: Case, wrt: str) -> str:
    """``the gradient agrees to 2e-10``, or "" where it does not."""
    if still_wrong(op, case, wrt):
        return ""
    try:
        with quiet():
            result = gradient_passes(op, case, wrt)
    except Exception:  # the case is not legal for this object
        return ""
    if result is False:
        return ""
    return (
        f"the gradient agrees to {result:.0e}" if isinstance(result, float) else "the check passes"
    )


def passes(op: Op, case: Case) -> bool:
    """Whether contract and gradient hold at a case."""
    return fails(op, "contract", case, "") is False and fails(op, "gradient", case, "") is False


def output_shape(op: Op, case: Case) -> tuple[int, ...] | None:
    """The shape of what forward gives, None where it raises."""
    try:
        with quiet():
            return claim(op, case).output.shape
    except Exception:  # it does not run: no change may be held to its shape
        return None


def slot_name(op: Op, wrt: str) -> str:
    """The primal a verdict is about; the first input where it names something else."""
    if any(s.name == wrt for s in op.slots) or wrt in op.gradient_names:
        return wrt
    back = {v: k for k, v in op.gradient_names.items()}
    return back.get(wrt, op.slots[0].name if op.slots else wrt)
