"""What entries that differ have in common, in words: where they lie and how they are wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

#: Ratios worth a name; the batch size is added where it is known.
_NAMED = {-1.0: "the sign is flipped", 2.0: "twice", 0.5: "half"}


def pattern(x: Floats, y: Floats, wrong: Mask, names: Mapping[float, str]) -> str:
    """Where the wrong entries lie and how they are wrong, in words.

    Parameters
    ----------
    x, y
        Mine and the reference, of one shape.
    wrong
        Which entries differ; at least one does.
    names
        Names of ratios beyond the common ones.
    """
    with np.errstate(all="ignore"):
        where, how = _where(wrong), _how(x, y, wrong, names)
    return f"{where}; {how}" if how else where


def _where(wrong: Mask) -> str:
    if wrong.all():
        return "every entry" if wrong.size > 1 else "the only entry"
    if wrong.sum() == 1:
        return f"one entry, {_subscript(np.argwhere(wrong)[0])}"
    for axis, length in enumerate(wrong.shape):
        others = tuple(k for k in range(wrong.ndim) if k != axis)
        hit = np.flatnonzero(wrong.any(axis=others))
        if length > 1 and len(hit) == 1:
            i = int(hit[0])
            all_of_it = bool(wrong.take(i, axis).all())
            part = "all of" if all_of_it else f"{int(wrong.sum()):,} entries in"
            return f"{part} {_slice_name(wrong.ndim, axis, i, length)}"
    return f"{int(wrong.sum()):,} of {wrong.size:,} entries"


def _slice_name(ndim: int, axis: int, i: int, length: int) -> str:
    kind = ("row" if axis == 0 else "column") if ndim == 2 else f"index {{}} of axis {axis}"
    name = kind.format(i) if "{}" in kind else f"{kind} {i}"
    if ndim == 1:
        name = f"index {i}"
    ends = {0: "first", length - 1: "last"}
    return f"{name} (the {ends[i]})" if i in ends else name


def _subscript(index: Sequence[int]) -> str:
    return f"[{', '.join(str(int(i)) for i in index)}]"


def _how(x: Floats, y: Floats, wrong: Mask, names: Mapping[float, str]) -> str:
    a, b = x[wrong], y[wrong]
    if np.isnan(a).all():
        return "mine is nan"
    if not np.isfinite(a).all():
        return "mine is not finite in some"
    if not np.isfinite(b).all():
        return "the reference is not finite in some"
    if not a.any():
        return "mine is 0"
    if _constant(a / b) if b.all() else False:
        return _ratio_text(float(np.median(a / b)), names)
    if x.ndim == 2 and x.shape[0] == x.shape[1] and np.allclose(x, y.T, rtol=1e-9, atol=0):
        return "mine is the transpose"
    if x.ndim == 4 and np.allclose(x, y[..., ::-1, ::-1], rtol=1e-9, atol=0):
        return "mine is flipped along the last two axes"
    if a.size > 1 and _constant(a - b):
        return f"mine = reference {float(np.median(a - b)):+.6g}"
    if a.size > 1 and np.allclose(np.abs(a), np.abs(b), rtol=1e-9, atol=0):
        return "equal but for the sign"
    return ""


def _constant(values: Floats) -> bool:
    middle = float(np.median(values))
    return bool(np.all(np.abs(values - middle) <= 1e-7 * abs(middle)))


def _ratio_text(ratio: float, names: Mapping[float, str]) -> str:
    for value, name in {**_NAMED, **names}.items():
        if math.isclose(ratio, value, rel_tol=1e-7):
            plain = f"mine = {ratio:.6g} × reference"
            return f"{plain} ({name})"
    return f"mine = {ratio:.6g} × reference"
