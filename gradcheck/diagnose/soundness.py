"""What a change of the code must leave whole before it is offered."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np

from gradcheck.diagnose import repairs
from gradcheck.diagnose.code import replaced
from gradcheck.diagnose.elsewhere import Elsewhere, Failure, elsewhere, failures
from gradcheck.diagnose.measure import clock, usual
from gradcheck.diagnose.repairs import Repair, safely
from gradcheck.diagnose.session import Session
from gradcheck.laws import LAWS
from gradcheck.laws.common import cotangent_for, start
from gradcheck.types import Case, Op, Verdict

#: What a change must leave whole, whichever law it was found for: a "fix" that moves the bug
#: elsewhere, or makes the forward fit a wrong backward, is none.
SOUND = (
    "contract", "gradient", "inputs_unchanged", "linear_in_cotangent", "zero_cotangent", "roles",
    "same_as_reference", "optimizer_steps", "bias_correction", "zero_gradient_rests", "bowl_descends",
)  # fmt: skip


#: What it must leave whole where the object has other numbers.
THERE = (*SOUND, "model_gradient")
#: Laws with a verdict for every gradient.
OF_GRADIENTS = {"gradient", "contract", "model_gradient"}


def soundly(
    s: Session, op: Op, wrt: str, case: Case, confirm: Callable[[], float | bool | None]
) -> Callable[[], float | bool | None]:
    """`confirm`, and no other law may fail under the change.

    What failed before may go on failing only for the gradient of another primal: another bug.
    """
    old = {
        (v.law, v.wrt)
        for v in s.verdicts
        if v.status == "fail" and v.law in {"gradient", "contract"} and v.wrt != wrt
        and wrt in op.gradient_names and v.wrt in op.gradient_names
    }  # fmt: skip
    plain = usual(op, case)
    spared = spares(op, plain)
    written = [(p.function, p.function.__code__) for p in s.pieces]

    def both() -> float | bool | None:
        result = confirm()
        if result is False or (spared and not spares(op, plain)):
            return False
        if not whole(op, plain, SOUND, old, s.until):
            return False
        with contextlib.ExitStack() as stack:
            for function, code in written:
                stack.enter_context(replaced(function, code))
            other = other_numbers(s, op)
        sound = other is None or whole(other.op, other.case, THERE, old, s.until)
        return result if sound else False

    return both


def whole(op: Op, case: Case, laws: tuple[str, ...], old: set[Failure], until: float) -> bool:
    """Whether no law fails but for what failed before; False where there is no time to know."""
    return all(clock() <= until and failures(op, case, (law,)) <= old for law in laws)


def other_numbers(s: Session, op: Op) -> Elsewhere | None:
    """The object with other numbers, made of the code as it stands, once for all verdicts of a subject."""
    if op.built not in s.memory.elsewhere:
        failing = frozenset((v.law, v.wrt) for v in s.verdicts if v.status in {"fail", "error"})
        found = None if clock() > s.until else elsewhere(op, failing, THERE)
        s.memory.elsewhere[op.built] = found
    return s.memory.elsewhere[op.built]


def spares(op: Op, case: Case) -> bool:
    """Whether forward and backward leave the parameters as they are."""
    try:
        with repairs.quiet():
            live, inputs, _, labels = start(op, case)
            before = {k: a.copy() for k, a in op.parameters(live).items()}
            output = op.forward(live, inputs, labels, case.train)
            if op.backward is not None:
                op.backward(live, cotangent_for(op, output, case), inputs, labels)
            after = op.parameters(live)
    except Exception:  # the user's code raised: nothing is known
        return True
    return all(k in after and np.array_equal(a, after[k]) for k, a in before.items())


def cures(s: Session, repair: Repair, verdict: Verdict) -> bool:
    """Whether every failure of the same object is gone under a change.

    What is wrong with the gradient of another primal may be another bug, and whatever else fails
    beside it, too.
    """
    wrt, config = verdict.wrt, verdict.case.config if verdict.case else 0
    mine = [v for v in s.verdicts if v.status == "fail" and v.case and v.case.config == config]
    elsewhere = any(v.law in OF_GRADIENTS and v.wrt not in {wrt, "output"} for v in mine)
    with replaced(repair.edit.piece.function, repair.edit.code):
        for v in mine:
            other = v.wrt != wrt and (elsewhere or v.law in OF_GRADIENTS)
            if v.case is None or v is verdict or v.law not in LAWS or other or clock() > s.until:
                continue
            for a in safely(s.op, v.law, v.case):
                same = a.wrt == v.wrt or v.law not in OF_GRADIENTS
                if a.status in {"fail", "error"} and same:
                    return False
    return True


def healthy(op: Op, case: Case, failing: frozenset[str]) -> float | bool | None:
    """Whether contract and gradient hold at the plain case, but for what failed before."""
    plain = Case(seed=case.seed, sizes=case.sizes, config=case.config)
    for name in ("contract", "gradient"):
        for v in LAWS[name](op, plain):
            if v.status in {"fail", "error"} and (name == "contract" or v.wrt not in failing):
                return False
    return None
