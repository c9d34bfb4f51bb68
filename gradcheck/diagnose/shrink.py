"""The smallest case that still fails: sizes, then values, by greedy descent."""

from __future__ import annotations

import numpy as np

from gradcheck.diagnose.measure import Point, at, claim, clock, jacobian, pulled
from gradcheck.diagnose.repairs import along, quiet
from gradcheck.types import Array, Case, Op, Primals

#: Sizes for measuring every entry: fewer, but unequal, so that no symmetry hides the bug.
SMALLER: tuple[dict[str, int], ...] = (
    {"N": 3, "D": 5, "H": 4, "W": 5, "T": 4},
    {"N": 3, "D": 4, "H": 5, "W": 6, "T": 4},
    {"N": 3, "D": 5, "H": 6, "W": 10, "T": 4},
)
#: Arrays with more entries are not printed.
SHORT = 16


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


def smallest_case(op: Op, case: Case, wrt: str, until: float) -> Case:
    """The case with every free size as small as the failure allows, smallest sizes first."""
    used = [k for k in dict(case.sizes) if any(k in s.shape for s in op.slots)]
    classes = 2 if op.labels and op.labels.encodings[0].startswith(("index", "onehot")) else 1
    for name in used:
        for size in range(classes if name == "D" else 1, dict(case.sizes)[name]):
            if clock() > until:
                return case
            tried = case.replace(**{name: size})
            if still_wrong(op, tried, wrt):
                case = tried
                break
    return case


def simplest_values(op: Op, point: Point, wrt: str, until: float) -> Point:
    """The same sizes with rounder numbers (0.5 everywhere, else one decimal) that still fail."""
    primals = dict(point.primals)
    for name, value in point.primals.items():
        if value.dtype.kind != "f":
            continue
        positive = bool(np.all((value > 0) & (value < 1)))
        for simple in (
            np.full(value.shape, 0.5),
            np.where(value > 0, 1.0, -1.0),
            np.round(value, 1),
        ):
            if clock() > until or (
                positive and simple.size and (simple.min() <= 0 or simple.max() >= 1)
            ):
                continue
            if wrong_at(op, point, {**primals, name: simple}, wrt):
                primals[name] = simple
                break
    with quiet():
        return at(op, point.case, primals, point.labels)


def wrong_at(op: Op, point: Point, primals: Primals, wrt: str) -> bool:
    """Whether the gradient is wrong at given values, by the slope along a random direction."""
    try:
        with quiet():
            return not along(op, at(op, point.case, primals, point.labels), wrt)
    except Exception:  # these values are not legal for this object
        return False


def smallest(op: Op, case: Case, wrt: str, until: float) -> tuple[str, Case] | None:
    """The smallest failing case as text, short enough to check by hand, and as a Case.

    None where the gradient cannot be called wrong at any smaller case, or nothing is short.
    """
    small = smallest_case(op, case, wrt, until)
    if not still_wrong(op, small, wrt):
        return None
    with quiet():
        point = simplest_values(op, claim(op, small), wrt, until)
    parts = [f"{k} = {shown(v)}" for k, v in point.primals.items() if v.size <= SHORT]
    if point.labels is not None:
        parts.append(f"labels = {shown(point.labels)} ({point.labels.dtype})")
    if not op.terminal and point.cotangent.size <= SHORT:
        parts.append(f"upstream gradient = {shown(point.cotangent)}")
    return ", ".join(parts + outcome(op, point, wrt, until)), small


def outcome(op: Op, point: Point, wrt: str, until: float) -> list[str]:
    """What is claimed and what is measured there; the worst entry alone where there are many."""
    claimed = point.claimed.get(wrt)
    if claimed is None or claimed.shape != point.primals[wrt].shape or clock() > until:
        return []

    def value_at(x: Array) -> Array:
        return op.vjp({**point.primals, wrt: x}, point.labels, point.case.train)[0]

    try:
        with quiet():
            point.jacobian[wrt] = jacobian(value_at, point.primals[wrt], until)
    except Exception:  # out of time, or the call fails nearby
        return []
    truth = np.round(pulled(point, wrt), 9)
    if claimed.size <= SHORT:
        return [f"yours = {shown(claimed)}, measured = {shown(truth)}"]
    gap = np.abs(claimed - truth)
    if np.all(np.isnan(gap)):  # the slope is 0 there, and rounding is all that is measured
        return []
    worst = np.unravel_index(int(np.nanargmax(gap)), truth.shape)
    index = ", ".join(str(int(i)) for i in worst)
    return [f"at [{index}]: yours = {claimed[worst]:.6g}, measured = {truth[worst]:.6g}"]


def shown(array: Array) -> str:
    """An array as it would be typed, with at most 6 digits."""
    return np.array2string(
        np.asarray(array), precision=6, separator=", ", suppress_small=True
    ).replace("\n", "")


def entries(op: Op, case: Case) -> int:
    """How many input entries a case has."""
    sizes = dict(case.sizes)
    return sum(int(np.prod(s.sized(sizes))) for s in op.slots)
