"""How precisely the function is evaluated: measured at each point, never assumed.

Over displacements of a few hundred ulp a smooth function is a straight line, so what is left after
fitting one is evaluation error (the idea of ECnoise: Moré and Wild, "Estimating computational
noise", SIAM J. Sci. Comput. 33, 2011). A second set of displacements, 2**24 times larger in
float64, sees what the first cannot: float32 (or any coarser rounding) somewhere inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradcheck.numdiff.point import Point, is_float
from gradcheck.types import Array

#: A correct rounding has a standard deviation of 0.29 ulp.
FLOOR_ULP = 0.3
_FINE, _COARSE = (1.0, 3.0, 5.0, 9.0), (1.0, 2.0, 4.0, 8.0)
_FINE_RUNS = 2
#: Coarse displacements, relative to the entries' scale: a few float32 ulp; elsewhere in own ulp.
_COARSE_DOUBLE, _COARSE_ULP = (2.0**-24, 2.0**-21), (2.0**6, 2.0**8)
#: Displacements that show which values an output can take at all.
_WIDE = (2.0**-3, 2.0**-5, 2.0**-7)
#: Look for a grid of values in up to this many outputs.
_GRID_OUTPUTS = 65_536
#: Keep the residuals (to judge other cotangents) up to this many numbers.
_KEEP = 4_000_000


@dataclass(frozen=True)
class Noise:
    """Evaluation error of each output.

    Attributes
    ----------
    sigma
        Standard deviation of each output, flat.
    eps
        Relative precision of the outputs as seen: 2**-23 where every value is a float32.
    residuals
        What the fits left over, one row for each degree of freedom (2 sigma**2 each), or None.
    """

    sigma: Array
    eps: float
    residuals: Array | None

    def inflation(self, cotangent: Array) -> float:
        """How much larger the error of ``<cotangent, y>`` is than for independent errors (>= 1)."""
        independent = 2.0 * float(np.sum((cotangent * self.sigma) ** 2))
        if self.residuals is None or independent <= 0.0:
            return 1.0
        seen = float(np.mean((self.residuals @ cotangent) ** 2))
        return max(1.0, math.sqrt(seen / independent))


def measure_noise(point: Point, rng: np.random.Generator) -> Noise:
    """Measure the evaluation error of every output, all primals moved together (38 calls)."""
    eps = max((point.eps(n) for n in point.names), default=2.0**-52)
    seen = [point.output]
    fine = [_residual(point, eps * 2.0**4, _FINE, 1, rng, seen) for _ in range(_FINE_RUNS)]
    bases = _COARSE_DOUBLE if eps < 1e-10 else tuple(min(eps * b, 2.0**-6) for b in _COARSE_ULP)
    coarse = [_residual(point, base, _COARSE, 2, rng, seen) for base in bases]
    y_eps = output_eps(point.raw, seen)
    dtype = point.raw.dtype if is_float(point.raw) else np.dtype(np.float64)
    smallest = max(float(np.finfo(dtype).smallest_subnormal), np.finfo(np.float64).tiny)
    floor = FLOOR_ULP * np.maximum(np.abs(point.output) * y_eps, smallest)
    variance, rows = _combined(
        [r for r in fine if np.all(np.isfinite(r))],
        [r for r in coarse if np.all(np.isfinite(r))],
        floor,
    )
    sigma = np.maximum(np.sqrt(variance), floor)
    if point.output.size <= _GRID_OUTPUTS:
        for base in _WIDE:
            moves = point.jitter(base, rng, wide=True)
            seen += [point.displaced(moves, 1.0), point.displaced(moves, -1.0)]
        sigma = np.maximum(sigma, FLOOR_ULP * value_grid(np.stack(seen), floor))
    stacked = np.concatenate(rows) if rows else None
    if stacked is not None and stacked.size > _KEEP:
        stacked = None
    return Noise(sigma, y_eps, stacked)


def _combined(fine: list[Array], coarse: list[Array], floor: Array) -> tuple[Array, list[Array]]:
    """Variance of each output, and the rows of residuals that speak for it.

    Rounding is the same at both coarse displacements; what a kink leaves there grows with the
    displacement, or is in one run only. So the smaller is believed, if it exceeds the fine one.
    """
    if not fine and not coarse:
        return 16.0 * floor * floor, []
    variance = _mean_square(fine) / 2.0 if fine else np.zeros_like(floor)
    if not coarse:
        return variance, fine
    each = np.asarray([_mean_square([r]) / 2.0 for r in coarse])
    smallest = each.min(axis=0)
    coarser = smallest > 4.0 * np.maximum(variance, floor * floor)
    if not coarser.any():
        return variance, fine
    alike = each.max(axis=0) <= 16.0 * smallest
    variance = np.where(coarser, np.where(alike, each.mean(axis=0), smallest), variance)
    share = coarser.astype(np.float64)
    shrunk = [
        r * np.sqrt(np.where(alike, 1.0, smallest / np.maximum(v, np.finfo(np.float64).tiny)))
        for r, v in zip(coarse, each, strict=True)
    ]
    return variance, _joined(shrunk, share, fine, 1.0 - share)


def output_eps(raw: Array, seen: list[Array]) -> float:
    """The relative precision the outputs really have: of their dtype, or coarser if all are."""
    eps = float(np.finfo(raw.dtype).eps) if is_float(raw) else 2.0**-52
    return max(eps, grid_eps(np.concatenate([s[:4096] for s in seen[:12]])))


def grid_eps(values: Array) -> float:
    """2**-23 where all values are float32 numbers and some need more than 12 bits, else 2**-52."""
    a = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        if a.size == 0 or not np.array_equal(a.astype(np.float32).astype(np.float64), a):
            return 2.0**-52
    mantissa, _ = np.frexp(a)
    short = mantissa * 2.0**12
    return 2.0**-23 if np.any(short != np.rint(short)) else 2.0**-52


def value_grid(seen: Array, floor: Array) -> Array:
    """Spacing of the grid that each output's values lie on, where it is wide; else 0.

    After a cancellation, as in (1000 + x*x) - 1000, values are multiples of the spacing at 1000,
    and small displacements show no change at all, which must not be taken for precision.
    """
    values = np.where(np.isfinite(seen), seen, 0.0)
    few = lowest_bit(values[-7:])
    grid = np.zeros_like(floor)
    at = np.flatnonzero(np.isfinite(few) & (few > 8.0 * floor))
    if at.size:
        values = values[:, at]
        gaps = np.diff(np.sort(values, axis=0), axis=0)
        smallest = np.where(gaps > 0, gaps, np.inf).min(axis=0)
        spacing = lowest_bit(values)
        several = (gaps > 0).sum(axis=0) >= 2
        wide = several & (spacing <= smallest) & (spacing > 8.0 * floor[at])
        grid[at] = np.where(wide, spacing, 0.0)
    return grid


def lowest_bit(values: Array) -> Array:
    """The largest power of two that divides all numbers of a column (inf if all are 0)."""
    mantissa, exponent = np.frexp(values)
    whole = np.abs(mantissa * 2.0**53).astype(np.int64)
    lowest = np.ldexp((whole & -whole).astype(np.float64), exponent - 53)
    smallest: Array = np.where(whole > 0, lowest, np.inf).min(axis=0)
    return smallest


def _residual(
    point: Point,
    base: float,
    multiples: tuple[float, ...],
    odd_terms: int,
    rng: np.random.Generator,
    seen: list[Array],
) -> Array:
    """f(x+ip) - f(x-ip) minus its fit by i (and i**3), as orthonormal rows of residuals."""
    moves = point.jitter(base, rng)
    i = np.asarray(multiples)
    differences = np.empty((i.size, point.output.size))
    for row, k in enumerate(multiples):
        plus = point.displaced(moves, k)
        minus = point.displaced(moves, -k)
        differences[row] = plus - minus
        if len(seen) < 12 or plus.size <= _GRID_OUTPUTS:
            seen += [plus, minus]
    basis = np.stack([i ** (2 * t + 1) for t in range(odd_terms)], axis=1)
    full, _ = np.linalg.qr(np.concatenate([basis, np.eye(i.size)], axis=1))
    left: Array = full[:, odd_terms:].T @ differences
    return left


def _mean_square(residuals: list[Array]) -> Array:
    joined = np.concatenate(residuals)
    mean: Array = np.einsum("ij,ij->j", joined, joined) / len(joined)
    return mean


def _joined(a: list[Array], of_a: Array, b: list[Array], of_b: Array) -> list[Array]:
    """Rows that estimate some outputs from `a` and the others from `b`, with one common mean."""
    parts = [(a, of_a), (b, of_b)]
    counts = [sum(r.shape[0] for r in runs) if mask.any() else 0 for runs, mask in parts]
    return [
        r * mask * (sum(counts) / count) ** 0.5
        for (runs, mask), count in zip(parts, counts, strict=True)
        if count
        for r in runs
    ]
