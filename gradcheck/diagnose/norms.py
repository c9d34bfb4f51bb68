"""Normalisations read from their measured gradient, and what a lost term of theirs predicts.

The derivative of a normalisation is a projection: the (scaled) upstream gradient less its parts
along the ones (the mean term) and along the centred input (the variance term).  Where the measured
gradient is such a projection, each lost term predicts the claimed gradient exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnose.measure import Point
from gradcheck.types import Array, Op

#: An epsilon under the root makes the projection inexact by about this much.
LOOSE = 2e-3


@dataclass(frozen=True)
class Split:
    """A measured gradient as ``whole - mean_part - spread_part``."""

    whole: Array
    mean_part: Array
    spread_part: Array


def splits(op: Op, point: Point, wrt: str) -> Iterator[Split]:
    """The ways in which a measured gradient is a projection of the scaled upstream gradient."""
    x, truth = point.primals[wrt], point.truth[wrt]
    cot = np.asarray(point.cotangent, dtype=np.float64)
    if op.terminal or cot.shape != x.shape or x.ndim < 2 or wrt not in {s.name for s in op.slots}:
        return
    params = [p for n, p in point.primals.items() if n != wrt and p.dtype.kind == "f"]
    scaled = [cot, *(cot * p for p in params if fits(p, cot))]
    for shape, axes in views(x.shape):
        x, truth = x.reshape(shape), truth.reshape(shape)
        ones = np.ones_like(x)
        centred = x - x.mean(axes, keepdims=True)
        for raw in (r.reshape(shape) for r in scaled):
            mean_part = along(raw, ones, axes)
            for part, spread in ((mean_part, along(raw, centred, axes)), (0 * raw, along(raw, x, axes))):  # fmt: skip
                rest = raw - part - spread
                norm = np.sum(rest * rest, axes, keepdims=True)
                if not np.all(norm > 1e-12):
                    continue
                size = np.sum(truth * rest, axes, keepdims=True) / norm
                if close(size * rest, truth):
                    yield Split(*(size * a for a in (raw, part, spread)))


def lost_terms(op: Op, point: Point, wrt: str) -> Iterator[tuple[Array, str]]:
    """What the claimed gradient would be without one term or both, in words."""
    for split in splits(op, point, wrt):
        truth = point.truth[wrt]
        mean, spread, whole = (
            a.reshape(truth.shape) for a in (split.mean_part, split.spread_part, split.whole)
        )
        if np.any(mean):
            yield truth + mean, "the term of the mean is missing"
            yield truth + spread, "the term of the variance is missing"
            yield whole, "the terms of the mean and of the variance are missing"
        else:
            yield whole, "the term of the length (or mean square) is missing"


def close(a: Array, b: Array) -> bool:
    """Equal but for an epsilon under a root."""
    scale = float(np.max(np.abs(b), initial=0.0))
    return bool(scale) and float(np.max(np.abs(a - b))) <= LOOSE * scale


def along(raw: Array, direction: Array, axes: tuple[int, ...]) -> Array:
    """The part of `raw` along a direction, within each group of the axes."""
    norm = np.sum(direction * direction, axes, keepdims=True)
    part = np.sum(raw * direction, axes, keepdims=True) / np.where(norm > 0, norm, 1.0)
    return np.asarray(part * direction)


def fits(p: Array, x: Array) -> bool:
    """Whether an array broadcasts into another."""
    return p.ndim <= x.ndim and all(
        a in (1, b) for a, b in zip(p.shape[::-1], x.shape[::-1], strict=False)
    )


def views(shape: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """What a normalisation may run over: axes of the array, or groups of its channels."""
    n = len(shape)
    axes = [(n - 1,), (0,), tuple(range(n - 1)), tuple(range(1, n))]
    if n > 2:
        axes += [(0, *range(2, n)), tuple(range(2, n))]
    found = [(shape, a) for a in dict.fromkeys(axes)]
    for groups in range(2, shape[1]) if n > 2 else ():
        if shape[1] % groups == 0:
            found.append(((shape[0], groups, int(np.prod(shape[1:])) // groups), (2,)))
    return found
