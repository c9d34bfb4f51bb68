"""What the laws about special values, modes, roles and steps have shown."""

from __future__ import annotations

import ast
import dis
import re
import traceback
from collections.abc import Sequence

import numpy as np

from gradcheck import cases
from gradcheck.conventions.signature import tree_of
from gradcheck.diagnose.floats import callable_errors
from gradcheck.diagnose.modes import backward_functions, by_samples, looks_at_mode
from gradcheck.diagnose.pieces import functions_by_place
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws import LAWS
from gradcheck.laws.common import cotangent_for, evaluate, start
from gradcheck.laws.extremes import extreme_inputs
from gradcheck.types import Op, Verdict


def extreme(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Large inputs: which floating-point error came first."""
    text = v.message.lower()
    if "clip" in text:
        return clipped(op)
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


def first_error(op: Op, v: Verdict) -> tuple[str, int | None]:
    """The first floating-point error at the verdict's extreme input, and the user's line of it."""
    if v.case is None:
        return "", None
    primals, labels = cases.draw(op, v.case)
    drawn = list(extreme_inputs(op, v.case, primals))
    wanted = [(p, dtype) for what, p, dtype in drawn if what in v.message]
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


def trained(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Training against evaluation."""
    text = v.message
    if "must use the mask of the forward" in text:
        return redrawn(op)
    if "drawn once and kept" in text:
        shown = (
            "two passes with different random numbers dropped the same units, two objects did not"
        )
        text = "the mask of the first training pass is used ever after"
        return Shown("stale-mask", text, shown, line=drawn_at(op))
    if "share that is kept" in text:
        return Shown(
            "dropout-scale",
            "the kept values are not scaled to keep the mean",
            "the share of kept units was counted over many samples",
        )
    if "in the wrong mode" in text:
        what = "evaluation leaves a training flag switched, and training goes on in the wrong mode"
        return Shown(
            "mode-ignored", what, "the flag was compared before and after", second="restore-missing"
        )
    if "evaluation scales" in text:
        return Shown("mode-ignored", "evaluation still drops units", "it was run on many samples")
    if "in evaluation" not in text and "drop" in op.name.lower() and "evaluation]" in text:
        return by_one_number(op, v)
    if "batch's own mean" in text:
        own = by_samples(op, v)
        return Shown(
            "forward-wrong" if own else "mode-ignored",
            "training uses its batch, but not its mean and standard deviation"
            if own
            else "training does not use the statistics of its own batch",
            "2x + 5 gave another result than x"
            + ("" if own else "; one sample's output does not depend on the others"),
            sure=not own,
            second="mode-ignored" if own else "running-statistics",
        )
    if "evaluation of it must give" in text or "must not update the running" in text:
        return Shown(
            "running-statistics",
            "the running statistics are not those of the training batches",
            "one batch was trained on until nothing changed",
        )
    if "evaluation" in text and v.case is not None and not v.case.train:
        return evaluated(op, v)
    return None


#: What draws random numbers.
DRAWS = {"binomial", "rand", "randn", "random", "random_sample", "choice", "uniform", "normal",
         "integers", "randint", "standard_normal", "bernoulli", "permutation"}  # fmt: skip


def drawn_at(op: Op) -> int | None:
    """The first line of the user's functions that draws random numbers."""
    for function in functions_by_place(op).values():
        tree = tree_of(function)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in DRAWS:
                return function.__code__.co_firstlineno + node.lineno - 1
    return None


def redrawn(op: Op) -> Shown | None:
    """Whether a function of the backward draws random numbers: then the mask is another one."""
    drawing = [f.__name__ for f in backward_functions(op) if DRAWS & set(f.__code__.co_names)]
    if not drawing:
        return None
    return Shown(
        "resampled-mask",
        f"{drawing[0]} draws a mask of its own instead of using forward's",
        "the entries it lets through are not those that forward kept",
        second="not-repeatable",
    )


def left_over(op: Op, v: Verdict) -> bool:
    """Whether the gradient in evaluation is another one after a training pass than without."""
    if v.case is None:
        return False
    found = []
    try:
        with quiet():
            for trained_before in (False, True):
                live, inputs, _, labels = start(op, v.case)
                if trained_before:
                    op.forward(live, {k: x.copy() for k, x in inputs.items()}, labels, True)
                output = op.forward(live, inputs, labels, False)
                cot = cotangent_for(op, output, v.case)
                found.append(np.array(op.backward(live, cot, inputs, labels)[v.wrt]))
    except Exception:  # there is no such gradient
        return False
    return not np.array_equal(found[0], found[1])


def by_one_number(op: Op, v: Verdict) -> Shown:
    """Dropout in evaluation: forward and backward scale by two different numbers."""
    if left_over(op, v):
        return Shown(
            "stale-mask",
            "backward in evaluation uses what the last training pass left",
            "after a training pass the same evaluation has another gradient than on a fresh object",
            second="mode-ignored",
        )
    ratio = (v.claimed or 0.0) / v.measured if v.measured else 0.0
    return Shown(
        "dropout-scale",
        "in evaluation forward and backward scale by different numbers",
        f"the gradient is {ratio:.4g} times the measured one",
        sure=False,
        second="mode-ignored",
    )


def evaluated(op: Op, v: Verdict) -> Shown | None:
    """A gradient that is wrong in evaluation only: its backward does not look at the mode."""
    assert v.case is not None
    with quiet():
        bad = {
            g.wrt for g in LAWS["gradient"](op, v.case.replace(train=True)) if g.status == "fail"
        }
    if bad:
        return None
    looks = looks_at_mode(op)
    return Shown(
        "mode-ignored",
        "the gradient is wrong in evaluation"
        if looks
        else "backward computes the training gradient in evaluation as well",
        "the gradient is right with training on, and wrong with it off",
        sure=not looks,
        second="wrong-derivative" if looks else "",
    )


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
    return Shown(
        "tie-gradient" if "tie" in text else "kink-value",
        "another valid choice at the kink than the usual one",
        "the one-sided slopes were measured",
    )
