"""Two arrays that should be equal, side by side: where they differ, by how much, in what pattern.

ULP: "unit in the last place", how many representable numbers lie between the two (Goldberg,
*What Every Computer Scientist Should Know About Floating-Point Arithmetic*, 1991).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck.diffing.patterns import Floats, Mask, pattern

#: Beyond this, relative to the largest entry, a difference is not the order of a sum (float64).
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Row:
    """One entry of both arrays; ``ulps`` is infinite where they are not comparable."""

    index: tuple[int, ...]
    mine: float
    reference: float
    difference: float
    ulps: float


@dataclass(frozen=True)
class DiffTable:
    """How two arrays differ.

    Attributes
    ----------
    shape, reference_shape
        Shapes as the two sides gave them.
    rows
        The entries that differ by more than rounding, the largest difference first.
    count, size
        How many differ, of how many.
    largest
        The largest absolute difference over all entries, rounding included.
    ulps
        The most ULPs between two entries, rounding included.
    pattern
        What the entries that differ have in common, in words; "identical" or "rounding only".
    """

    shape: tuple[int, ...]
    reference_shape: tuple[int, ...]
    rows: tuple[Row, ...]
    count: int
    size: int
    largest: float
    ulps: float
    pattern: str

    @property
    def same(self) -> bool:
        """Whether both agree to rounding, and in shape."""
        return not self.count and self.shape == self.reference_shape


def ulps(a: Any, b: Any) -> npt.NDArray[np.float64]:
    """Representable numbers between two arrays, entry by entry, in the coarser of their dtypes.

    Parameters
    ----------
    a, b
        Arrays of equal shape. If either is float32, both are compared as float32.

    Returns
    -------
    ndarray of float64
        0 where equal (0.0 and -0.0, NaN and NaN included); infinite where only one is NaN.
    """
    x, y = np.asarray(a), np.asarray(b)
    single = np.dtype(np.float32) in (x.dtype, y.dtype)
    dtype, word = (np.float32, np.int32) if single else (np.float64, np.int64)
    with np.errstate(over="ignore"):
        x, y = x.astype(dtype), y.astype(dtype)
    gap = _ordered(x, word) - _ordered(y, word)
    nan = np.isnan(x) != np.isnan(y)
    equal = (x == y) | (np.isnan(x) & np.isnan(y))
    return np.where(nan, np.inf, np.where(equal, 0.0, np.abs(gap)))


def _ordered(x: Floats, word: Any) -> npt.NDArray[np.longdouble]:
    """The place of each number in the order of all representable ones, counted from zero."""
    bits = np.array(x, order="C").view(word)
    # Longdouble, since the places of two float64 of opposite sign can be 2**64 apart.
    place = np.asarray(bits & np.iinfo(word).max, dtype=np.longdouble)
    return np.where(bits < 0, -place, place)


def compare_arrays(
    mine: Any,
    reference: Any,
    *,
    tolerance: float = TOLERANCE,
    names: Mapping[float, str] | None = None,
    limit: int = 100,
) -> DiffTable:
    """Compare two arrays entry by entry.

    Parameters
    ----------
    mine, reference
        Real arrays. Different shapes are compared only as far as saying how they are related.
    tolerance
        Relative to the largest finite entry of `reference`; less counts as rounding.
    names
        Names of ratios to look for, such as ``{32.0: "N"}``.
    limit
        Most rows kept.
    """
    x, y = np.asarray(mine), np.asarray(reference)
    if x.shape != y.shape:
        text = _shapes(x, y, tolerance)
        return DiffTable(x.shape, y.shape, (), y.size, y.size, math.nan, math.inf, text)
    apart = ulps(x, y)
    x, y = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.where(apart == 0, 0.0, np.abs(x - y))
    wrong = _beyond(gap, y, tolerance) & (apart > 0)
    order = np.argsort(-np.where(np.isnan(gap), np.inf, gap), axis=None, kind="stable")
    chosen = [i for i in order if wrong.flat[i]][:limit]
    rows = []
    for i in chosen:
        where = tuple(int(k) for k in np.unravel_index(i, x.shape))
        a, b = float(x.flat[i]), float(y.flat[i])
        rows.append(Row(where, a, b, float(x.flat[i] - y.flat[i]), float(apart.flat[i])))
    return DiffTable(
        x.shape, y.shape, tuple(rows), int(wrong.sum()), x.size,
        float(gap.max(initial=0.0)), float(apart.max(initial=0.0)),
        pattern(x, y, wrong, names or {}) if wrong.any() else _rounding(apart),
    )  # fmt: skip


def _beyond(gap: Floats, y: Floats, tolerance: float) -> Mask:
    """Which differences are more than rounding."""
    scale = np.abs(y[np.isfinite(y)]).max(initial=0.0)
    return np.asarray(~(gap <= tolerance * scale))


def _rounding(apart: Floats) -> str:
    most = apart.max(initial=0.0)
    return "identical" if most == 0 else f"rounding only, at most {count_text(most)} ULP"


def count_text(value: float) -> str:
    """A count as a reader wants it: whole while it is short, else with one digit."""
    if not math.isfinite(value):
        return str(value)
    return f"{int(value):,}" if value < 1e6 else f"{value:.0e}".replace("e+", "e")


def _shapes(x: npt.NDArray[Any], y: npt.NDArray[Any], tolerance: float) -> str:
    """How two arrays of different shape are related."""

    def equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
        return a.shape == b.shape and compare_arrays(a, b, tolerance=tolerance).count == 0

    def matches(related: Mapping[str, Callable[[], npt.NDArray[Any]]], to: npt.NDArray[Any]) -> str:
        return next((text for text, make in related.items() if equal(make(), to)), "")

    lead = f"shape {x.shape}, but the reference has {y.shape}"
    related: dict[str, Callable[[], npt.NDArray[Any]]] = {"transposed": lambda: x.T}
    if x.size == y.size:
        related["the same values in another shape"] = lambda: x.reshape(y.shape)
    for axis in range(x.ndim):
        name = f"the reference is the sum over axis {axis}"
        related[name] = lambda axis=axis: np.sum(x, axis=axis)  # type: ignore[misc]
        related[f"{name} (kept)"] = lambda axis=axis: np.sum(x, axis, keepdims=True)  # type: ignore[misc]
    if x.ndim:
        related["the reference is the mean"] = lambda: np.asarray(np.mean(x))
        related["the reference is the sum"] = lambda: np.asarray(np.sum(x))
    with np.errstate(over="ignore", invalid="ignore"):  # sums of huge entries
        text = matches(related, y)
    return f"{lead}: {text}" if text else lead


@dataclass(frozen=True)
class Parting:
    """Where two trajectories part: step counted from 1, the parameter, the arrays there."""

    step: int
    name: str
    table: DiffTable


def first_parting(
    mine: Sequence[Mapping[str, Any]],
    reference: Sequence[Mapping[str, Any]],
    *,
    tolerance: float = TOLERANCE,
) -> Parting | None:
    """The first step at which two trajectories differ by more than rounding.

    Parameters
    ----------
    mine, reference
        Parameters by name after each step; the names of `reference` are compared.
    tolerance
        As for `compare_arrays`.

    Returns
    -------
    Parting or None
        None where they stay together to the end of the shorter one.
    """
    for step, (a, b) in enumerate(zip(mine, reference, strict=False), start=1):
        for name in b:
            table = compare_arrays(a[name], b[name], tolerance=tolerance)
            if not table.same:
                return Parting(step, name, table)
    return None
