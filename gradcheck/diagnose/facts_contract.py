"""What the contract has shown: names, missing gradients, wrong shapes and dtypes."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType

import numpy as np

from gradcheck.diagnose.facts_shapes import wrong_shape
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
    sizes = sizes_taken(op, v) if v.wrt == "size" and "but takes" in v.message else []
    if len(sizes) > 1 and all(high == wide for high, wide in sizes):
        return Shown(
            "square-only",
            "forward runs only where height and width are equal",
            f"of all images of 8 to 10 by 8 to 10 it takes {', '.join(f'{h} x {w}' for h, w in sizes)} alone",
            second="transposed",
        )
    if re.search(r"returns \(.*\), but (its docstring promises|line \d+ takes it as)", v.message):
        return Shown(
            "gradient-shape",
            "backward returns its gradients in another order than is expected of it, so each is "
            "taken for another array's",
            "both orders are written in the file",
            second="transposed",
        )
    if "is not counted in" in v.message:
        return Shown(
            "option-ignored",
            "the size of the output leaves the padding out",
            "the size is the one without the padding",
            second="forward-wrong",
        )
    other = unreadable(op, v)
    if other:
        return Shown(
            "gradient-dtype",
            f"backward returns {other}, not an array of floats",
            "what it returns was looked at",
        )
    if "neither returns nor stores" in v.message or "was not set or returned" in v.message:
        if returned_values(op, v) >= len(op.slots) > 1 and v.wrt in {s.name for s in op.slots}:
            text = f"backward returns as many arrays as it has inputs, but none of the shape of {v.wrt}"
            return Shown(
                "gradient-shape", text, "what it returns was looked at", False, "gradient-missing"
            )
        kept = kept_elsewhere(op, v)
        if kept is not None:
            return wrong_shape(op, v, kept[0].shape, kept[1], kept[0])
        return Shown(
            "gradient-missing",
            f"backward runs, but the gradient of {v.wrt} is neither stored nor returned",
            "after backward there is no array for it",
        )
    shapes = re.search(r"\.shape = \(([\d, ]*)\), but should be \(([\d, ]*)\)", v.message)
    if shapes:
        got, wanted = (tuple(int(n) for n in re.findall(r"\d+", s)) for s in shapes.groups())
        return wrong_shape(op, v, got, wanted)
    if "dtype" in v.message:
        return Shown(
            "gradient-dtype",
            "the gradient is written into an array of whole numbers, which drops the fractions",
            "its dtype is not a float",
        )
    if "but should be finite" in v.message:
        text = "the call gives infinity or NaN"  # on ordinary numbers, which are no extreme
        return Shown("nan-at-extreme", text, "the value was seen", sure=False)
    return None


def sizes_taken(op: Op, v: Verdict) -> list[tuple[int, int]]:
    """Which images of 8 to 10 by 8 to 10 forward takes, where it was read for a square one."""
    shape = op.slots[0].shape
    twins = [
        i
        for i in range(1, len(shape) - 1)
        if isinstance(shape[i], int) and shape[i] == shape[i + 1]
    ]
    if v.case is None or not twins:
        return []
    ran: list[tuple[int, int]] = []
    for sizes in itertools.product((8, 9, 10), (8, 9, 10)):
        image = replace(op.slots[0], shape=(*shape[: twins[-1]], *sizes, *shape[twins[-1] + 2 :]))
        other = replace(op, slots=(image, *op.slots[1:]))
        try:
            with quiet():
                live, inputs, _parameters, labels = start(other, v.case)
                other.forward(live, inputs, labels, v.case.train)
            ran.append(sizes)
        except Exception:  # not taken
            continue
    return ran


def kept_elsewhere(op: Op, v: Verdict) -> tuple[np.ndarray, tuple[int, ...]] | None:
    """What the object holds under the gradient's name, of another shape than the parameter."""
    if v.case is None or op.backward is None:
        return None
    name = op.gradient_names.get(v.wrt, f"d{v.wrt}").removeprefix("self.")
    try:
        with quiet():
            case = v.case.replace(N=3)  # of one sample alone a batch norm's gradients are 0
            live, inputs, _parameters, labels = start(op, case)
            output = op.forward(live, inputs, labels, case.train)
            op.backward(live, cotangent_for(op, output, case), inputs, labels)
            inner = vars(getattr(live, "obj", live))
            held = np.asarray(inner[name], dtype=np.float64)  # None becomes NaN
            return (
                (held, np.shape(inner[v.wrt])) if np.any(np.isfinite(held) & (held != 0)) else None
            )
    except Exception:  # it cannot be run, or holds no numbers
        return None


def returned_values(op: Op, v: Verdict) -> int:
    """How many arrays the user's backward returns."""
    found = returned(op, v)
    return sum(isinstance(g, np.ndarray) for g in found) if isinstance(found, tuple) else 0


def unreadable(op: Op, v: Verdict) -> str:
    """``a list`` or ``an array of dtype object``, where the user's backward returns that."""
    found = returned(op, v)
    if isinstance(found, list) and not any(isinstance(g, np.ndarray) for g in found):
        return "a list"
    return "an array of dtype object" if getattr(found, "dtype", None) == np.dtype(object) else ""


def returned(op: Op, v: Verdict) -> object:
    """What the user's backward returns, None where it cannot be run."""
    if v.case is None or op.backward is None or "raises" in v.message:
        return None
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
        return None
    finally:
        sys.setprofile(before)
    return last[0] if last else None


def raised_in(v: Verdict) -> str:
    """The exception a verdict tells of, or ""."""
    match = re.search(r"raises (\w+)", v.message)
    return match.group(1) if match else ""


def told(v: Verdict) -> str:
    """The text of the exception."""
    match = re.search(r"raises \w+: (.*?)(?: \[|$)", v.message)
    return match.group(1) if match else v.message
