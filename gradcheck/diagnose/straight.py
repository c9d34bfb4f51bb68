"""A backward that hands the upstream gradient on where the forward is flat."""

from __future__ import annotations

import numpy as np

from gradcheck import cases
from gradcheck.types import Cause, Op, Verdict


def straight_through(op: Op, verdict: Verdict) -> Cause | None:
    """The cause where forward is piecewise constant and backward passes the gradient through."""
    if (
        verdict.law != "gradient"
        or verdict.case is None
        or verdict.wrt not in {s.name for s in op.slots}
    ):
        return None
    if op.terminal or not verdict.entries or "raises" in verdict.message:
        return None
    primals, labels = cases.draw(op, verdict.case)
    output, pullback = op.vjp(primals, labels)
    cot = cases.cotangent(output, verdict.case)
    claimed = pullback(cot).get(verdict.wrt)
    flat = all(abs(e.measured) <= 1e-9 * max(abs(e.claimed), 1.0) for e in verdict.entries)
    if claimed is None or claimed.shape != cot.shape or not flat or len(np.unique(output)) > 16:
        return None
    passed = np.isclose(claimed, cot)
    if not np.all(passed | (claimed == 0.0)):
        return None
    where = "" if np.all(passed) else f" at {int(np.sum(passed))} of {passed.size} entries"
    text = (
        "forward is constant between its steps, so its derivative is 0, but backward hands the upstream "
        f"gradient on{where}: a straight-through estimator, no derivative"
    )
    evidence = (
        f"forward gives {len(np.unique(output))} different values; the measured derivative is 0"
    )
    return Cause("identity-backward", text, evidence)
