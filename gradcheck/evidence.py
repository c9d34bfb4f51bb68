"""What a failing gradient is shown with: the data of its pictures, as JSON can hold them.

They travel in ``Verdict.detail``:

``detail["heatmap"]``
    ``difference``: rows of \\|claimed - measured\\|, at most 64 x 64 (each cell then stands for a
    block of entries and holds the largest of it; None where nothing was measured alone);
    ``wrong``: the ``[row, column]`` of every cell with a wrong entry; ``shape``: the shape of the
    gradient itself.
``detail["scatter"]``
    ``claimed``, ``measured``, ``bound``: lists of equal length.
``detail["curve"]``
    ``h``, ``error``, ``noise``: lists of equal length, the error of the worst entry and the noise
    floor at each step; ``chosen``: the step that was used; ``bound``: the error bound there.

`gradcheck.report.pictures` draws them. Numbers that JSON cannot hold are text, such as "nan".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck.numdiff import Finding, Site, Vjp, open_site
from gradcheck.numdiff.ladder import climb
from gradcheck.types import Array, Entry, Primals

#: Most cells of a heat map along an axis, most points of a scatter.
CELLS, POINTS = 64, 120

#: Most entries measured one by one for the pictures.
ALONE = 64


#: The primals of which no picture is asked for; None for all.
_UNWANTED: ContextVar[frozenset[str] | None] = ContextVar("no pictures of", default=frozenset())


@contextmanager
def without_pictures(of: frozenset[str] | None = None) -> Iterator[None]:
    """Inside the context `picture_data` is empty for these primals (all by default).

    A law that is run again, at another case or in a diagnosis, is asked for its verdict alone.
    """
    token = _UNWANTED.set(of)
    try:
        yield
    finally:
        _UNWANTED.reset(token)


def picture_data(
    vjp: Vjp,
    primals: Primals,
    name: str,
    finding: Finding,
    *,
    rng: np.random.Generator,
    pinned: Array | None = None,
) -> dict[str, Any]:
    """The data of all three pictures of a wrong gradient.

    Up to `ALONE` entries are measured again, each with its bound: all of a small gradient, the
    wrong ones of a large one.

    Parameters
    ----------
    vjp, primals, rng, pinned
        As for `gradcheck.numdiff.gradient_check`.
    name
        The primal whose gradient is wrong.
    finding
        What `gradient_check` found about it.

    Returns
    -------
    dict
        ``heatmap``, ``scatter`` and ``curve``; empty where no entry is known to be wrong, where the
        function cannot be measured at this point, and inside `without_pictures`.
    """
    unwanted = _UNWANTED.get()
    if not finding.entries or unwanted is None or name in unwanted:
        return {}
    site = open_site(vjp, primals, rng, [name], pinned)
    if isinstance(site, str) or name not in site.claim.gradients:
        return {}
    entries = _measure(site, name, _chosen(site, name, finding))
    shape = site.point.shape_of(name)
    claimed, measured, bound = (np.full(shape, math.nan) for _ in range(3))
    for e in entries:
        claimed[e.index], measured[e.index], bound[e.index] = e.claimed, e.measured, e.bound
    wrong = np.zeros(shape, bool)
    wrong.flat[list(finding.wrong_indices)] = True
    for e in finding.entries:
        wrong[e.index] = True
    alone = ~np.isnan(measured)
    found = {
        "heatmap": heatmap_detail(claimed, measured, bound, wrong=wrong),
        "scatter": scatter_detail(claimed[alone], measured[alone], bound[alone]),
        "curve": curve_detail(site, name, finding.entries[0].index),
    }
    return {key: value for key, value in found.items() if value}


def _chosen(site: Site, name: str, finding: Finding) -> list[int]:
    """Flat indices to measure: everything, or the wrong entries and a few others."""
    shape = site.point.shape_of(name)
    size = math.prod(shape)
    if size <= ALONE:
        return list(range(size))
    worst = [int(np.ravel_multi_index(e.index, shape)) for e in finding.entries]
    some = np.random.default_rng(0).choice(size, ALONE // 4, replace=False).tolist()
    return list(dict.fromkeys([*worst, *some, *finding.wrong_indices]))[:ALONE]


def _measure(site: Site, name: str, indices: list[int]) -> list[Entry]:
    site.dense(name)  # masks kinked outputs, and finds the steps that are of use
    return [site.measured(name, i, site.entry(name, i), site.claim) for i in indices]


def curve_detail(site: Site, name: str, index: tuple[int, ...]) -> dict[str, Any]:
    """The error of a plain central difference of one entry at every step, and its noise.

    The error is taken against the extrapolated value, whose step and bound are ``chosen`` and
    ``bound``; empty where no step settles.
    """
    flat = int(np.ravel_multi_index(index, site.point.shape_of(name))) if index else 0
    direction = site.point.along(name, None, [flat])
    unit = abs(float(direction.values[0]))
    claim = site.claim
    along = claim.along(direction)
    ladder = climb(site.point, claim.weights, direction, along, count=14, patience=math.inf)
    if ladder.best < 0 or not ladder.rungs:
        return {}
    return {
        "h": [_plain(r.h * unit) for r in ladder.rungs],
        "error": [_plain(abs(r.defect - ladder.defect) / unit) for r in ladder.rungs],
        "noise": [_plain(r.noise / unit) for r in ladder.rungs],
        "chosen": _plain(ladder.rungs[ladder.best].h * unit),
        "bound": _plain(ladder.bound / unit),
    }


def heatmap_detail(
    claimed: Any, measured: Any, bound: Any = 0.0, *, wrong: Any = None
) -> dict[str, Any]:
    """The data of a heat map, from arrays.

    Parameters
    ----------
    claimed, measured
        Gradients of one shape. One axis becomes a row; of more than two axes all but the last
        are merged. `measured` is NaN where nothing was measured.
    bound
        The error bound of `measured`, broadcast against it.
    wrong
        Which entries are wrong; by default those measured whose difference exceeds the bound or
        is not a number.
    """
    shape = np.shape(claimed)
    c, m = np.atleast_1d(np.asarray(claimed, float)), np.atleast_1d(np.asarray(measured, float))
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(c - m)
    difference[c == m] = 0.0
    difference[np.isnan(c) & ~np.isnan(m)] = np.inf
    if wrong is None:
        wrong = ~(difference <= np.asarray(bound, float)) & ~np.isnan(m)
    rows = (-1, c.shape[-1]) if c.shape[-1] else (1, -1)
    cells = _blocks(difference.reshape(rows), np.fmax.reduce)
    marks = _blocks(np.asarray(wrong, bool).reshape(rows), np.logical_or.reduce)
    return {
        "difference": [[None if np.isnan(x) else _plain(x) for x in row] for row in cells],
        "wrong": np.argwhere(marks).tolist(),
        "shape": list(shape),
    }


def scatter_detail(claimed: Any, measured: Any, bound: Any = 0.0) -> dict[str, Any]:
    """The data of a scatter, from arrays: at most `POINTS` entries, the worst ones among them."""
    c, m = np.asarray(claimed, float).ravel(), np.asarray(measured, float).ravel()
    b = np.broadcast_to(np.asarray(bound, float), np.shape(measured)).ravel()
    chosen = np.arange(c.size)
    if c.size > POINTS:
        with np.errstate(invalid="ignore", over="ignore"):
            excess = np.nan_to_num(np.abs(c - m) - b, nan=np.inf)
        even = np.linspace(0, c.size - 1, POINTS // 2).astype(int)
        chosen = np.union1d(np.argsort(-excess, kind="stable")[: POINTS // 2], even)
    names = {"claimed": c, "measured": m, "bound": b}
    return {name: [_plain(x) for x in values[chosen]] for name, values in names.items()}


def _plain(x: Any) -> float | str:
    return float(f"{x:.6g}") if np.isfinite(x) else str(float(x))


def _blocks(a: npt.NDArray[Any], reduce: Callable[..., Any]) -> npt.NDArray[Any]:
    """Shrink both axes to at most `CELLS` by reducing whole blocks."""
    for axis in (0, 1):
        n = a.shape[axis]
        if n > CELLS:
            edges = np.linspace(0, n, CELLS + 1).astype(int)
            parts = [reduce(a.take(range(lo, hi), axis), axis=axis) for lo, hi in pairwise(edges)]
            a = np.stack(parts, axis)
    return a
