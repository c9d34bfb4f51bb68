"""The smallest case that still fails, found by greedy descent over the sizes."""

from __future__ import annotations

import numpy as np

from gradcheck.diagnose.measure import at, claim
from gradcheck.diagnose.repairs import along, quiet
from gradcheck.types import Case, Op

#: Sizes tried for a smaller case, most drastic first; unequal, so that no symmetry hides the bug.
SMALLER: tuple[dict[str, int], ...] = (
    {"N": 3, "D": 5, "H": 4, "W": 5, "T": 4},
    {"N": 3, "D": 4, "H": 5, "W": 6, "T": 4},
)


def still_wrong(op: Op, case: Case, wrt: str) -> bool:
    """Whether the claimed gradient disagrees with the slope along a random direction."""
    try:
        with quiet():
            point = claim(op, case)
            return wrt in point.primals and not along(op, point, wrt)
    except Exception:  # this size is not legal for this object
        return False


def smaller(op: Op, case: Case, wrt: str) -> Case:
    """A case with fewer entries at which a gradient is still wrong, or the case itself."""
    sizes = dict(case.sizes)
    for change in SMALLER:
        fewer = {k: min(v, sizes[k]) for k, v in change.items()}
        tried = case.replace(**fewer)
        if entries(op, tried) < entries(op, case) and still_wrong(op, tried, wrt):
            return tried
    return case


def entries(op: Op, case: Case) -> int:
    """How many input entries a case has."""
    sizes = dict(case.sizes)
    return sum(int(np.prod(s.sized(sizes))) for s in op.slots)


__all__ = ["at", "entries", "smaller", "still_wrong"]
