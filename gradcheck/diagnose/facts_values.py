"""What the laws about special values, modes, roles and steps have shown."""

from __future__ import annotations

import dis
import re
import traceback
from collections.abc import Sequence

import numpy as np

from gradcheck import cases
from gradcheck.diagnose.floats import callable_errors
from gradcheck.diagnose.modes import backward_functions
from gradcheck.diagnose.pieces import functions_by_place
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws import LAWS
from gradcheck.laws.common import cotangent_for, evaluate
from gradcheck.laws.extremes import SMALL, extreme_inputs, with_first, with_small
from gradcheck.laws.numgrad import KNOWN, SHAPES, as_their_argument
from gradcheck.types import Case, Op, Primals, Verdict


def extreme(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Large inputs: which floating-point error came first."""
    text = v.message.lower()
    if "clip" in text:
        return clipped(op)
    if saturates(op, v):
        return Shown(
            "clip-mismatch",
            "backward clips the predictions at a value where forward does not",
            "with predictions a quarter as large the claimed gradient stays, where it should grow",
        )
    if kept_where_flat(op, v):
        return Shown(
            "wrong-mask-side",
            "the mask keeps the gradient on a side where forward is constant",
            "the claimed gradient there is the upstream one, the measured one is 0; nearer to 0 both agree",
            second="clip-mismatch",
        )
    first, line = first_error(op, v)
    nan = " = nan" in text
    if first == "overflow" and (not nan or "softmax" in op.name.lower()):
        return Shown(
            "overflow",
            "exp() of a large number overflows: subtract the maximum first, or use a form that "
            "never takes exp of a "
            "positive number",
            "NumPy's overflow check stopped at that operation",
            second="nan-at-extreme",
            line=line,
        )
    if nan or first in {"invalid", "divide"}:
        return Shown(
            "nan-at-extreme",
            "the formula becomes 0/0, 0*inf or inf-inf",
            f"NumPy's check reports '{first or 'invalid'}' there",
            second="overflow",
            line=line,
        )
    return (
        Shown(
            "overflow",
            "a large intermediate value overflows",
            "the result is not finite",
            line=line,
        )
        if "inf" in text
        else None
    )


def saturates(op: Op, v: Verdict) -> bool:
    """Whether the claimed gradient of a small probability stays when that is a quarter of it."""
    if v.case is None or v.index is None or v.measured is None or not op.terminal:
        return False
    slot = op.slots[0]
    if slot.domain not in {"unit", "simplex"}:
        return False
    primals, labels = cases.draw(op, v.case)
    claims = [
        evaluate(op, v.case, with_small(slot, primals, size), labels).gradients[slot.name][v.index]
        for size in (SMALL, SMALL / 4)
    ]
    return bool(abs(claims[1]) < 1.05 * abs(claims[0]) and abs(v.measured) > 1.05 * abs(claims[0]))


def kept_where_flat(op: Op, v: Verdict) -> bool:
    """Whether a mask that drops some entries lets the upstream gradient through where the output is flat.

    Tried at ten and at eleven times the inputs of the case: where no output differs, it is flat.
    """
    if v.case is None or op.terminal or len(op.slots) != 1:
        return False
    primals, labels = cases.draw(op, v.case)
    name = op.slots[0].name
    far, further = ({**primals, name: k * primals[name]} for k in (10.0, 11.0))
    output, pullback = op.vjp(far, labels, v.case.train)
    if np.shape(output) != np.shape(primals[name]):
        return False
    cot = cotangent_for(op, output, v.case)
    claimed = pullback(cot).get(name)
    if claimed is None or np.shape(claimed) != np.shape(cot):
        return False
    flat = output == op.vjp(further, labels, v.case.train)[0]
    kept, dropped = (claimed == cot) & (cot != 0), claimed == 0
    return bool(np.any(flat & kept) and np.any(flat & dropped) and np.all(kept | dropped))


def clipped(op: Op) -> Shown:
    """A backward that is infinite where forward's clip keeps the loss finite."""
    tried = "predictions of exactly 0 and 1 were given"
    names = [n for p in backward_functions(op) for n in p.__code__.co_names]
    if {"clip", "maximum", "minimum"} & set(names):
        what = (
            "forward and backward clip at different values: the loss is finite, its gradient is not"
        )
        return Shown("clip-mismatch", what, tried)
    what = "backward divides by the prediction itself, which may be 0; forward clips it"
    return Shown("nan-at-extreme", what, tried)


def zeroed(op: Op, primals: Primals, message: str) -> Primals:
    """The inputs with the row of zeros that a verdict speaks of."""
    slot = next((s for s in op.slots if f"a row of {s.name} is all zeros" in message), op.slots[0])
    return with_first(primals, slot, 0.0)


def first_error(op: Op, v: Verdict) -> tuple[str, int | None]:
    """The first floating-point error at the verdict's extreme input, and the user's line of it."""
    if v.case is None:
        return "", None
    primals, labels = cases.draw(op, v.case)
    drawn = list(extreme_inputs(op, v.case, primals))
    wanted = [(p, dtype) for what, p, dtype in drawn if what in v.message]
    if "is all zeros" in v.message:
        wanted = [(zeroed(op, primals, v.message), "float64")]
    for given, dtype in wanted or [(primals, "float64")]:
        values = {k: cases.cast(a, dtype) for k, a in {**primals, **given}.items()}
        try:
            with callable_errors():
                evaluate(op, v.case, values, labels)
        except FloatingPointError as error:
            return str(error).split()[0], raised_at(op, error)
        except Exception:  # the case needs more than a plain run
            return "", None
    return "", None


def raised_at(op: Op, error: Exception) -> int | None:
    """The innermost line of the user's functions in a traceback."""
    mine = {f.__code__ for f in functions_by_place(op).values()}
    lines = [n for frame, n in traceback.walk_tb(error.__traceback__) if frame.f_code in mine]
    return lines[-1] if lines else None


def numeric(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """A user's own numerical gradient."""
    if "not restored" in v.message:
        return Shown(
            "restore-missing",
            "x is not put back after it was moved: later entries are measured at a shifted point",
            "x was compared before and after",
        )
    if "whole numbers" in v.message:
        text = (
            "x + h is cut off where x holds whole numbers: begin with x = np.array(x, dtype=float)"
        )
        return Shown("int-truncation", text, "whole numbers and floats were compared",
                     second="numerical-gradient-wrong")  # fmt: skip
    if left_zero(op, v):
        text = "entries of the numerical gradient stay 0: the loop does not reach them"
        return Shown("zero-gradient", text, "the other entries of the same array are right",
                     second="numerical-gradient-wrong")  # fmt: skip
    single = re.search(r"float32|float16", " ".join(map(str, constants_of(op)))) is not None
    return Shown(
        "numerical-gradient-wrong",
        "the difference quotient is wrong on a function whose gradient is known",
        "it was called on known functions",
        sure=False,
        second="float32-inside"
        if single
        else "restore-missing"
        if writes(op)
        else "constant-factor",
    )


def left_zero(op: Op, v: Verdict) -> bool:
    """Whether entries of a numerical gradient are 0 where they should not be, and all others right."""
    seed = v.case.seed if v.case else 0
    x = np.random.default_rng([seed, 7]).uniform(0.5, 2.0, size=SHAPES[-1])
    _, f, gradient = KNOWN[0]
    try:
        with quiet():
            got = np.asarray(op.make()(as_their_argument(f, x), x), dtype=np.float64)
    except Exception:  # it takes no matrix
        return False
    if got.shape != x.shape:
        return False
    zero, right = got == 0, np.isclose(got, gradient(x), rtol=1e-3)
    return bool(np.any(zero) and np.any(right) and np.all(zero | right))


def constants_of(op: Op) -> list[str]:
    """Names that the user's functions read."""
    return [n for f in functions_by_place(op).values() for n in f.__code__.co_names]


def writes(op: Op) -> bool:
    """Whether one of the user's functions assigns to entries of its first argument, here or there."""
    return any(
        i.opname == "STORE_SUBSCR"
        for f in functions_by_place(op).values()
        for i in dis.get_instructions(f)
        if f.__name__ == op.name
    )


def wrong_further_out(op: Op, case: Case) -> bool:
    """Whether the gradient is wrong at larger inputs as well, and not at the kink alone."""
    try:
        with quiet():
            return any(v.status == "fail" for v in LAWS["gradient"](op, case.replace(scale=4.0)))
    except Exception:  # it takes no larger ones
        return False


def kinked(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """What is claimed at a kink or tie."""
    text = v.message.lower()
    if "nan" in text or "inf" in text.split("[")[0]:
        return Shown("nan-at-extreme", "at the kink the formula becomes 0/0", "the value was seen")
    if "jump" in text or "continuous" in text:
        return Shown(
            "forward-wrong",
            "the function jumps where its two pieces should meet",
            "both sides were evaluated",
        )
    if v.case is not None and wrong_further_out(op, v.case):
        return None
    return Shown(
        "tie-gradient" if "tie" in text else "kink-value",
        "another valid choice at the kink than the usual one",
        "the one-sided slopes were measured",
    )
