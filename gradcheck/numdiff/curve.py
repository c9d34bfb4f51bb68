"""Direct questions about one direction or one entry, for reports and for use by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.numdiff.direction import Directional
from gradcheck.numdiff.ladder import climb
from gradcheck.numdiff.localise import Located, bisect_entries, bisect_outputs
from gradcheck.numdiff.point import Vjp
from gradcheck.numdiff.site import Site, open_site
from gradcheck.types import Array, Primals


def directional_check(
    vjp: Vjp,
    primals: Primals,
    name: str,
    direction: Array | None = None,
    *,
    rng: np.random.Generator,
    pinned: Array | None = None,
    scales: Mapping[str, Any] | None = None,
) -> Directional:
    """Check the claimed derivative along one direction of one primal.

    Parameters
    ----------
    vjp, primals, pinned, scales
        As for `gradient_check`.
    name
        The primal that moves.
    direction
        Of the primal's shape; None draws one with components ±U[0.5, 1.5] times the entry scale.
        Steps of 1/8 of it and less are taken. It is rounded to a grid of about 1e-4 (float64) of
        each entry's scale.

    Raises
    ------
    ValueError
        The function or the backward cannot be checked at this point (the message says why).
    """
    site = _site(vjp, primals, name, rng, pinned, scales)
    if direction is None:
        return site.dense(name)
    flat = np.flatnonzero(np.asarray(direction))
    weights = np.asarray(direction, np.float64).ravel()[flat] / site.point.scale(name)[flat]
    along = site.point.along(name, weights, flat)
    return site.probe(along)


def localise(
    vjp: Vjp,
    primals: Primals,
    name: str,
    *,
    rng: np.random.Generator,
    pinned: Array | None = None,
    scales: Mapping[str, Any] | None = None,
    calls: int | None = None,
    most: int = 64,
) -> Located:
    """Find the wrong entries of one gradient by bisection; see `bisect_entries`.

    Raises
    ------
    ValueError
        The function or the backward cannot be checked at this point (the message says why).
    """
    site = _site(vjp, primals, name, rng, pinned, scales)
    site.dense(name)  # masks kinked outputs, and finds the steps that are of use
    located = bisect_entries(site, name, calls=calls, most=most)
    return replace(located, forward_calls=site.point.forward_calls)


def localise_outputs(
    vjp: Vjp,
    primals: Primals,
    name: str,
    *,
    rng: np.random.Generator,
    pinned: Array | None = None,
    scales: Mapping[str, Any] | None = None,
    most: int = 64,
) -> list[tuple[int, ...]]:
    """Find the outputs whose part of one gradient is wrong, by bisection of the cotangent.

    Takes a backward for each set of outputs, and a handful of forward calls. Only outputs with a
    free cotangent are searched; one with a kink in reach of the steps has a wide bound.

    Raises
    ------
    ValueError
        The function or the backward cannot be checked at this point (the message says why).
    """
    site = _site(vjp, primals, name, rng, pinned, scales)
    found: set[int] = set()
    for _ in range(2):
        found |= set(bisect_outputs(site, name, site.point.random(name, rng), most))
    return [tuple(int(i) for i in np.unravel_index(k, site.point.shape)) for k in sorted(found)]


def step_curve(
    vjp: Vjp,
    primals: Primals,
    name: str,
    index: tuple[int, ...],
    *,
    rng: np.random.Generator,
    pinned: Array | None = None,
    count: int = 14,
) -> list[tuple[float, float, float]]:
    """The error of a plain central difference of one entry against its step.

    Returns
    -------
    list of (h, defect, noise)
        ``h``: the step in the entry's own unit; ``defect``: central difference minus claimed
        gradient; ``noise``: the standard deviation expected of it from the evaluation error.

    Raises
    ------
    ValueError
        The function or the backward cannot be checked at this point (the message says why).
    """
    site = _site(vjp, primals, name, rng, pinned, None)
    flat = int(np.ravel_multi_index(index, site.point.shape_of(name))) if index else 0
    direction = site.point.along(name, None, [flat])
    ladder = climb(
        site.point,
        site.claim.weights,
        direction,
        site.claim.along(direction),
        count=count,
        patience=math.inf,
    )
    unit = float(direction.values[0])
    return [(r.h * unit, r.defect / unit, r.noise / unit) for r in ladder.rungs]


def _site(
    vjp: Vjp,
    primals: Primals,
    name: str,
    rng: np.random.Generator,
    pinned: Array | None,
    scales: Mapping[str, Any] | None,
) -> Site:
    site = open_site(vjp, primals, rng, [name], pinned, scales)
    if isinstance(site, str):
        raise ValueError(site)
    if name not in site.claim.gradients:
        raise ValueError(f"{name}: {site.claim.problems.get(name, 'not a float primal')}")
    return site
