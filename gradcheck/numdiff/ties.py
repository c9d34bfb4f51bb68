"""Entries at kinks: which values are allowed, and ties, where entries may only share."""

from __future__ import annotations

import numpy as np

from gradcheck.numdiff.direction import Directional, check
from gradcheck.numdiff.finding import Evidence, Finding
from gradcheck.numdiff.site import Site
from gradcheck.types import Array


def tie_check(site: Site, name: str, evidence: Evidence) -> tuple[Array, Directional, float] | None:
    """Move tied entries together: each alone may claim any share, all together may not.

    For max(a, b) at a = b every entry alone accepts 0 to 1, so (1, 1) would pass; along (1, 1) the
    function is smooth with slope 1. Returns the entries of a failing tie.
    """
    kinked = [i for i, r in evidence.entries.items() if r.allowed is not None]
    if len(kinked) < 2:
        return None
    x = site.point.primals[name].ravel()
    for value in np.unique(x[kinked]):
        tied = np.asarray([i for i in kinked if x[i] == value], np.intp)
        if tied.size > 1:
            direction = site.point.along(name, None, tied)
            result = check(site.claim, direction)
            if result.state == "fail":
                return tied, result, float(direction.values[0])
    return None


def failed_tie(site: Site, name: str, tied: Array, result: Directional, step: float) -> Finding:
    """A tie needs no second point: values drawn at random are not tied there."""
    shown = ", ".join(str(_place(site, name, i)) for i in tied[:4])
    text = (
        f"{tied.size} tied entries ({shown}{', ...' if tied.size > 4 else ''}) moved together: "
        f"claimed {result.claimed / step:.4g}, measured {result.derivative / step:.4g}"
    )
    return Finding("fail", size=site.point.size(name), kinks=text)


def _place(site: Site, name: str, index: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(index, site.point.shape_of(name)))


def kink_text(site: Site, name: str, evidence: Evidence) -> str:
    """What was claimed at the first kink met, per unit of the cotangent where one output moves."""
    at_kink = {i: r for i, r in evidence.entries.items() if r.allowed is not None}
    if not at_kink:
        return ""
    index, result = next(iter(at_kink.items()))
    direction = site.point.along(name, None, [index])
    unit = float(direction.values[0])
    moved = np.flatnonzero(site.point.at(direction, 2.0**-7) != site.point.output)
    if moved.size == 1:
        unit *= float(site.claim.weights.cotangent[moved[0]]) or 1.0
    assert result.allowed is not None
    low, high = sorted(v / unit for v in result.allowed)
    claimed = result.claimed / unit
    count = f" ({len(at_kink)} such entries)" if len(at_kink) > 1 else ""
    verdict = "allowed" if result.state == "pass" else "not allowed"
    return f"claimed {claimed:.4g} at a kink, {verdict}: between {low:.4g} and {high:.4g}{count}"
