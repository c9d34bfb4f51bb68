"""Why a tensor that is used twice has a wrong gradient on a tape whose operations are right."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.conventions.tape_calls import ON_THE_WAY, TWICE
from gradcheck.types import Cause, Op, Verdict

ONCE = ("(a + b)", "(a * b)")


def of_tape(op: Op, verdicts: Sequence[Verdict]) -> Cause | None:
    """The cause of a wrong gradient of a tensor used twice, where every single use is right."""
    if op.convention != "tape" or op.built not in (*TWICE, *ON_THE_WAY):
        return None
    wrong = {str(v.detail.get("built", "")) for v in verdicts if v.status in {"fail", "error"}}
    if wrong & set(ONCE):
        return None
    if wrong & set(TWICE):
        text = (
            "a tensor that is used twice keeps the gradient of one use only: .grad is set where the "
            "gradients of all uses must be added"
        )
    else:
        text = (
            "a tensor made on the way and used twice passes its gradient on before every use has added "
            "its part: the walk is not in topological order, or gradients are set instead of added"
        )
    evidence = "a + b and a * b are right where every tensor is used once"
    return Cause("duplicates-lost", text, evidence)
