"""What the contract has shown: names, missing gradients, wrong shapes and dtypes."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from types import FrameType

import numpy as np

from gradcheck.diagnose.pieces import functions_by_place, roots
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws.common import cotangent_for, start
from gradcheck.types import Op, Verdict

#: Exceptions that mean a name was mistyped or never set.
NAMES = {"NameError", "AttributeError", "KeyError", "UnboundLocalError"}


def contract(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """What is missing, of the wrong shape, dtype, or not finite."""
    raised = raised_in(v)
    if raised in NAMES:
        return Shown(
            "name-error",
            f"the code uses a name that does not exist: {told(v)}",
            f"it raises {raised}",
        )
    other = unreadable(op, v)
    if other:
        return Shown(
            "gradient-dtype",
            f"backward returns {other}, not an array of floats",
            "what it returns was looked at",
        )
    if "neither returns nor stores" in v.message or "was not set or returned" in v.message:
        return Shown(
            "gradient-missing",
            f"backward runs, but the gradient of {v.wrt} is neither stored nor returned",
            "after backward there is no array for it",
        )
    shapes = re.search(r"\.shape = \(([\d, ]*)\), but should be \(([\d, ]*)\)", v.message)
    if shapes:
        return wrong_shape(
            op, v, *(tuple(int(n) for n in re.findall(r"\d+", s)) for s in shapes.groups())
        )
    if "dtype" in v.message:
        return Shown(
            "gradient-dtype",
            "the gradient is written into an array of whole numbers, which drops the fractions",
            "its dtype is not a float",
        )
    if "but should be finite" in v.message:
        return Shown("nan-at-extreme", "the call gives infinity or NaN", "the value was seen")
    return None


def unreadable(op: Op, v: Verdict) -> str:
    """``a list`` or ``an array of dtype object``, where the user's backward returns that."""
    if v.case is None or op.backward is None or "raises" in v.message:
        return ""
    names = roots(op)[1]
    codes = {f.__code__ for (n, _), f in functions_by_place(op).items() if n in names}
    last: list[object] = []

    def watch(frame: FrameType, event: str, arg: object) -> None:
        if event == "return" and frame.f_code in codes:
            last[:] = [arg]

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        with quiet():
            live, inputs, _parameters, labels = start(op, v.case)
            output = op.forward(live, inputs, labels, v.case.train)
            op.backward(live, cotangent_for(op, output, v.case), inputs, labels)
    except Exception:  # it cannot be run here: nothing is known
        return ""
    finally:
        sys.setprofile(before)
    found = last[0] if last else None
    if isinstance(found, list) and not any(isinstance(g, np.ndarray) for g in found):
        return "a list"
    return "an array of dtype object" if getattr(found, "dtype", None) == np.dtype(object) else ""


def wrong_shape(op: Op, v: Verdict, got: tuple[int, ...], wanted: tuple[int, ...]) -> Shown:
    """A gradient of another shape: the same numbers, more of them, or others."""
    same_size = int(np.prod(got)) == int(np.prod(wanted))
    if v.wrt.startswith("b") and same_size:
        return Shown(
            "bias-shape",
            f"the gradient has shape {got}, the bias {wanted}: an in-place update would fail or "
            "change the "
            "bias' shape; sum with keepdims=True",
            f"reshaped to {wanted} it would fit",
        )
    if same_size and len(got) == len(wanted) == 2 and got == wanted[::-1]:
        return Shown(
            "transposed",
            f"the gradient has the transposed shape {got}; it should be {wanted}",
            "the shapes are each other's transpose",
        )
    if len(got) > len(wanted) or int(np.prod(got)) > int(np.prod(wanted)):
        return Shown(
            "missing-broadcast-sum",
            f"the gradient has shape {got}, but {v.wrt} was broadcast from {wanted}: sum over the "
            "axes it was broadcast along",
            "the extra axes are those of the batch",
        )
    if same_size:
        return Shown(
            "gradient-shape",
            f"the numbers are there, but in shape {got} instead of {wanted}",
            "the sizes are equal",
        )
    if 0 in got:
        return Shown(
            "padding-zero",
            f"the gradient has shape {got}: a slice such as [p:-p] takes nothing where p is 0",
            "the shapes were compared",
        )
    if len(got) == len(wanted) and len(wanted) < 3:
        return Shown(
            "wrong-axis-sum",
            f"the gradient has shape {got}, but should be {wanted}: the sum runs over another axis",
            "the shapes were compared",
        )
    return Shown(
        "gradient-shape",
        f"the gradient has shape {got}, but should be {wanted}",
        "the shapes were compared",
    )


def raised_in(v: Verdict) -> str:
    """The exception a verdict tells of, or ""."""
    match = re.search(r"raises (\w+)", v.message)
    return match.group(1) if match else ""


def told(v: Verdict) -> str:
    """The text of the exception."""
    match = re.search(r"raises \w+: (.*?)(?: \[|$)", v.message)
    return match.group(1) if match else v.message
