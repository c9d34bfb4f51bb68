"""The verdict on every gradient of a backward pass at one point, confirmed at others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.numdiff.direction import COARSEST_PASS
from gradcheck.numdiff.elsewhere import Elsewhere
from gradcheck.numdiff.finding import Evidence, Finding
from gradcheck.numdiff.judge import DENSE_PROBES, judge
from gradcheck.numdiff.point import Vjp
from gradcheck.numdiff.site import Site, open_site
from gradcheck.types import Array, Primals

#: All entries are checked one by one up to this many in total.
SMALL_TOTAL = 200
SINGLE_ENTRIES = 6
#: How many other points are tried for a gradient that the first one leaves undecided.
SECOND_CHANCES = 2


@np.errstate(all="ignore")
def gradient_check(
    vjp: Vjp,
    primals: Primals,
    *,
    wrt: Sequence[str] | None = None,
    pinned: Array | None = None,
    redraw: Callable[[np.random.Generator], Primals] | None = None,
    rng: np.random.Generator,
    exhaustive: bool = False,
    scales: Mapping[str, Any] | None = None,
    budget: int | None = None,
) -> dict[str, Finding]:
    """Check the gradients that a pullback returns, without any tolerance to set.

    Parameters
    ----------
    vjp
        ``(primals) -> (output, pullback)``, ``pullback(cotangent) -> {name: gradient}``. It must
        not edit the arrays it is given, which are reused between calls.
    primals
        Arrays by name, any shapes; those of an integer dtype are held fixed.
    wrt
        The names to check; by default every float primal the pullback returns a gradient for.
    pinned
        An array of the output's shape: a number where the cotangent is fixed (1 for a loss), NaN
        where it may be chosen.
    redraw
        ``(rng) -> primals`` at an independent point. A defect that shows at none of three such
        points is inconclusive; without `redraw` one point is enough for a fail.
    exhaustive
        Check every entry one by one (always done for up to 200 entries in total).
    scales
        For some primals, how far each entry may be moved (default: its size, at least rms/8).
    budget
        Soft limit on forward calls at the first point: entries beyond it are not checked alone.

    Returns
    -------
    dict
        A `Finding` for each name. Exceptions of `vjp` and of the pullback propagate.

    Raises
    ------
    ValueError
        A name in `wrt` is not a float primal, or the output changes its shape.
    """
    site = open_site(vjp, primals, rng, wrt, pinned, scales)
    floats = [n for n, v in primals.items() if np.issubdtype(np.asarray(v).dtype, np.floating)]
    for name in wrt or ():
        if name not in floats:
            raise ValueError(f"{name!r} is not a float primal; those are {', '.join(floats)}")
    names = [n for n in floats if wrt is None or n in wrt]
    if isinstance(site, str):
        return {n: Finding("inconclusive", reason=site, size=np.size(primals[n])) for n in names}
    others = Elsewhere(vjp, redraw, rng, wrt, pinned, scales)
    small = sum(site.point.size(n) for n in names) <= SMALL_TOTAL
    findings: dict[str, Finding] = {}
    calls, backwards = 0, 0  # the first finding carries the cost of the set-up
    for name in names:
        if name in site.claim.problems:
            if wrt is not None or "no gradient" not in site.claim.problems[name]:
                findings[name] = _problem(site, name)
            continue
        found = _best_found(site, name, exhaustive or small, budget, others)
        findings[name] = replace(
            found,
            forward_calls=site.point.forward_calls + others.forward_calls - calls,
            backward_calls=site.point.backward_calls + others.backward_calls - backwards,
        )
        calls += findings[name].forward_calls
        backwards += findings[name].backward_calls
    return findings


def _best_found(
    site: Site, name: str, every: bool, budget: int | None, others: Elsewhere
) -> Finding:
    """The finding at the first point, or at another one if the first happens to be a bad one.

    A unit within 1e-6 of its kink, say, hides what a network's loss does at that point only.
    """
    found = _found_at(site, name, every, budget, others)
    for k in range(SECOND_CHANCES):
        weak = found.status == "pass" and (found.resolution or 0.0) > COARSEST_PASS
        undecided = found.status == "inconclusive" and found.reason != "seen at one point only"
        other = others.site(k) if undecided or (weak and k == 0) else None
        if other is None or name not in other.claim.gradients:
            continue
        again = _found_at(other, name, every, budget, others)
        finer = (again.resolution or 0.0) < (found.resolution or math.inf)
        if again.status == "fail" or (again.status == "pass" and finer):
            found = again
    return found


def _found_at(site: Site, name: str, every: bool, budget: int | None, others: Elsewhere) -> Finding:
    found = judge(site, name, _gather(site, name, every, budget), others)
    return replace(
        found,
        cotangent=site.claim.weights.cotangent.reshape(site.point.shape),
        mask=None if site.mask is None else site.mask.reshape(site.point.shape),
    )


def _problem(site: Site, name: str) -> Finding:
    return Finding("inconclusive", reason=site.claim.problems[name], size=site.point.size(name))


def _gather(site: Site, name: str, every: bool, budget: int | None) -> Evidence:
    """Probe one gradient: dense, then slices, then entries; no more once it clearly fails."""
    evidence = Evidence(exhaustive=every)
    size = site.point.size(name)
    if size == 0 or not np.all(np.isfinite(site.claim.gradients[name])):
        return evidence
    for _ in range(DENSE_PROBES):
        evidence.dense.append(site.dense(name))
        if evidence.dense[-1].state == "fail" and not every:
            return evidence
    if not every:
        for flat in edge_slices(site.point.shape_of(name)):
            evidence.slices.append((flat, site.dense(name, flat)))
            if evidence.slices[-1][1].state == "fail":
                return evidence
    for index in range(size) if every else _chosen(site, name):
        if budget is not None and site.point.forward_calls >= budget:
            evidence.exhaustive = False
            break
        evidence.entries[index] = site.entry(name, index)
    return evidence


def edge_slices(shape: tuple[int, ...]) -> Iterator[Array]:
    """Flat indices of the first and last slice of every axis: where border bugs sit."""
    n = math.prod(shape)
    places = np.arange(n).reshape(shape)
    for axis, length in enumerate(shape):
        if length > 1:
            for k in (0, length - 1):
                flat = np.take(places, k, axis).ravel()
                if 1 < flat.size < n:
                    yield flat


def _chosen(site: Site, name: str) -> list[int]:
    """A few entries: the largest effect, one claimed to be zero, first, last, and random ones."""
    size = site.point.size(name)
    effects = np.abs(site.claim.gradients[name] * site.point.scale(name))
    chosen = [int(np.argmax(effects)), 0, size - 1]
    zeros = np.flatnonzero(effects == 0.0)
    if zeros.size:
        chosen.append(int(site.rng.choice(zeros)))
    while len(chosen) < SINGLE_ENTRIES:
        chosen.append(int(site.rng.integers(size)))
    return list(dict.fromkeys(chosen))
