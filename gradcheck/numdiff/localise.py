"""Which entries are wrong: bisection of a failing probe's index set.

Defects along a fixed pattern of signs add up, so a failing set is split until single entries are
left: about ``k log2(n/k)`` probes for k wrong entries of n. An entry is blamed only after the full
check of that entry alone.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradcheck.numdiff.claim import Claim, make_claim
from gradcheck.numdiff.direction import Directional, check
from gradcheck.numdiff.ladder import NOISE_FACTOR
from gradcheck.numdiff.point import COARSEST, RATIO, Direction, signs
from gradcheck.numdiff.site import Site
from gradcheck.types import Array

#: Fresh dense probes that must pass without the found entries before a search is complete.
VERIFY_PROBES = 4
BLOCKS = 16
#: A half is blamed by subtraction where the rest exceeds its bound so many times.
CLEAR_CUT = 4.0


@dataclass(frozen=True)
class Located:
    """Result of a search.

    Attributes
    ----------
    wrong
        Flat index to what was measured there, worst first.
    complete
        Everything else passed fresh dense probes: `wrong` is the exact set (of entries large
        enough to be told from rounding).
    unresolved
        Entries in sets whose defect could not be followed down.
    forward_calls
        Evaluations spent.
    """

    wrong: dict[int, Directional]
    complete: bool
    unresolved: int
    forward_calls: int


@np.errstate(all="ignore")
def bisect_entries(
    site: Site,
    name: str,
    *,
    calls: int | None = None,
    most: int = 64,
    suspects: Array | None = None,
) -> Located:
    """Find the wrong entries of one gradient.

    Parameters
    ----------
    calls
        Stop after about this many forward calls (None: no limit).
    most
        Stop after this many wrong entries.
    suspects
        Flat indices of a probe that failed: searched first.
    """
    claim = site.masked or site.claim
    begin = site.point.forward_calls
    wrong: dict[int, Directional] = {}
    unresolved: set[int] = set()

    def spent() -> bool:
        over = calls is not None and site.point.forward_calls - begin >= calls
        return over or len(wrong) >= most

    everything = np.arange(site.point.size(name))
    sets = [] if suspects is None else [suspects]
    if claim.eps[name] > 1e-10:
        # In single precision one entry drowns in many: fewer at a time are told apart.
        sets += [everything] * (VERIFY_PROBES // 2) + np.array_split(everything, BLOCKS)
    else:
        sets += [everything] * VERIFY_PROBES
    complete = True
    for indices in sets:
        complete &= _search(site, claim, name, indices, wrong, unresolved, spent)
    ordered = dict(sorted(wrong.items(), key=lambda item: -abs(item[1].defect)))
    return Located(
        ordered, complete and not spent(), len(unresolved), site.point.forward_calls - begin
    )


def _search(
    site: Site,
    claim: Claim,
    name: str,
    indices: Array,
    wrong: dict[int, Directional],
    unresolved: set[int],
    spent: Callable[[], bool],
) -> bool:
    """Probe a set without what is known already, and split it, until a probe of it passes."""
    fruitless = 0
    # In single precision entries with a small scale would drown: move all equally far.
    single = claim.eps[name] > 1e-10
    scale = site.point.scale(name)
    even = np.sqrt(np.mean(scale**2)) / np.maximum(scale, np.finfo(np.float64).tiny)
    while not spent() and fruitless < 3:
        remaining = np.setdiff1d(indices, np.fromiter([*wrong, *unresolved], np.intp))
        if remaining.size == 0:
            return True
        weights = np.zeros(site.point.size(name))
        weights[remaining] = signs(site.rng, remaining.size)
        if single:
            weights[remaining] *= even[remaining]
        start = site.start.get(name, 0)
        whole = _test(site, claim, name, remaining, weights, start, closely=True)
        if whole.state != "fail":
            return True
        sure = _test(site, claim, name, remaining, weights, start, confirm=True, closely=True)
        if sure.state == "pass":
            return True
        known = len(wrong) + len(unresolved)
        suspect = _Suspect.of(whole.defect, whole.bound, max(0, whole.best_rung - 2), remaining)
        _descend(site, claim, name, suspect, weights, wrong, unresolved, spent)
        if len(wrong) + len(unresolved) == known:
            if sure.state != "fail":
                return True
            fruitless += 1
    return False


@dataclass(order=True)
class _Suspect:
    """A set whose entries, along the pattern of signs, add up to a defect."""

    priority: float
    defect: float = field(compare=False)
    bound: float = field(compare=False)
    start: int = field(compare=False)
    indices: Array = field(compare=False)

    @classmethod
    def of(cls, defect: float, bound: float, start: int, indices: Array) -> _Suspect:
        return cls(-abs(defect), defect, bound, start, indices)


def _descend(
    site: Site,
    claim: Claim,
    name: str,
    suspect: _Suspect,
    weights: Array,
    wrong: dict[int, Directional],
    unresolved: set[int],
    spent: Callable[[], bool],
) -> None:
    """Split failing sets, largest defect first, down to single entries."""
    heap = [suspect]
    while heap and not spent():
        failing = heapq.heappop(heap)
        if failing.indices.size == 1:
            index = int(failing.indices[0])
            alone = check(claim, site.point.along(name, None, [index]))
            if alone.state == "fail":
                wrong[index] = alone
            elif not alone.resolved:
                unresolved.add(index)
            continue
        parts = _split(site, claim, name, failing, weights)
        for part in parts:
            heapq.heappush(heap, part)
        if not parts and failing.indices.size <= 8:
            unresolved.update(int(i) for i in failing.indices)


def _split(site: Site, claim: Claim, name: str, whole: _Suspect, weights: Array) -> list[_Suspect]:
    """The halves of a failing set that fail; the second is measured only if it must be."""
    half = whole.indices.size // 2
    first, second = whole.indices[:half], whole.indices[half:]
    left = _test(site, claim, name, first, weights, whole.start)
    start = max(0, left.best_rung - 2) if left.state == "pass" else whole.start
    rest, slack = whole.defect - left.defect, whole.bound + left.bound
    parts = []
    if left.state == "fail":
        parts.append(_Suspect.of(left.defect, left.bound, start, first))
    if left.state == "pass" and abs(rest) > CLEAR_CUT * slack:
        # Defects add up, so the second half must hold what the first does not.
        parts.append(_Suspect.of(rest, slack, start, second))
        return parts
    right = _test(site, claim, name, second, weights, whole.start)
    if right.state == "fail":
        parts.append(_Suspect.of(right.defect, right.bound, start, second))
    return parts


def _test(
    site: Site,
    claim: Claim,
    name: str,
    indices: Array,
    weights: Array,
    start: int,
    confirm: bool = False,
    closely: bool = False,
) -> Directional:
    """First ladder only: a search may be misled by one set, what it blames is confirmed."""
    direction = site.point.along(name, weights[indices], indices)
    first = start if indices.size > 1 else 0
    return check(claim, direction, start=first, confirm=confirm, closely=closely)


@np.errstate(all="ignore")
def bisect_outputs(site: Site, name: str, direction: Direction, most: int = 64) -> list[int]:
    """Outputs whose part of a gradient is wrong along a direction: bisects the cotangent.

    The change of every output is measured once (one ladder's worth of forward calls); each set of
    outputs then costs one backward. Returns flat indices; free cotangents only.
    """
    slopes, bounds = _output_slopes(site, direction)
    cotangent = site.claim.weights.cotangent

    def fails(outputs: Array) -> bool:
        part = np.zeros_like(cotangent)
        part[outputs] = cotangent[outputs]
        claim = make_claim(site.point, site.noise, part, [name], spread=site.claim.spread)
        gap = abs(float(slopes @ part) - claim.along(direction))
        return gap > float(bounds @ np.abs(part)) + claim.rounding(direction)

    found: list[int] = []
    stack = [np.flatnonzero(site.free & np.isfinite(bounds))]
    while stack and len(found) < most:
        outputs = stack.pop()
        if outputs.size == 0 or not fails(outputs):
            continue
        if outputs.size == 1:
            found.append(int(outputs[0]))
            continue
        half = outputs.size // 2
        stack += [outputs[half:], outputs[:half]]
    return sorted(found)


def _output_slopes(site: Site, direction: Direction) -> tuple[Array, Array]:
    """The derivative of every output along a direction by Richardson extrapolation, and bounds."""
    point = site.point
    rows: list[Array] = []
    best = np.zeros_like(point.output)
    bounds = np.full_like(point.output, np.inf)
    for j in range(min(6, point.rungs(direction))):
        h = COARSEST / RATIO**j
        row = [(point.at(direction, h) - point.at(direction, -h)) / (2.0 * h)]
        noise = NOISE_FACTOR * math.sqrt(2.0) * site.noise.sigma / (2.0 * h)
        for k in range(1, len(rows) + 1):
            w = RATIO ** (2 * k)
            row.append((w * row[k - 1] - rows[k - 1]) / (w - 1.0))
            change = np.maximum(abs(row[k] - row[k - 1]), abs(row[k] - rows[k - 1]))
            bound = 2.0 * change + 1.15 * noise
            better = bound < bounds
            best, bounds = np.where(better, row[k], best), np.where(better, bound, bounds)
        rows = row
    return best, bounds
