"""Which entries are wrong: bisection of a failing probe's index set.

Defects along a fixed pattern of signs add up, so a failing set is split until single entries are
left: about ``k log2(n/k)`` probes for k wrong entries of n. An entry is blamed only after the full
check of that entry alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.numdiff.claim import Claim
from gradcheck.numdiff.direction import Directional, check
from gradcheck.numdiff.point import signs
from gradcheck.numdiff.site import Site
from gradcheck.types import Array

#: Fresh dense probes that must pass without the found entries before a search is complete.
VERIFY_PROBES = 4


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
    indices = everything if suspects is None else suspects
    passed = fruitless = 0
    while passed < VERIFY_PROBES and fruitless < 3 and not spent():
        done = np.fromiter([*wrong, *unresolved], np.intp)
        remaining = np.setdiff1d(indices, done)
        if remaining.size == 0:
            passed = VERIFY_PROBES
        else:
            weights = np.zeros(site.point.size(name))
            weights[remaining] = signs(site.rng, remaining.size)
            whole = _test(site, claim, name, remaining, weights, confirm=True)
            if whole.state == "fail":
                passed, known = 0, len(wrong) + len(unresolved)
                _descend(site, claim, name, remaining, weights, whole, wrong, unresolved, spent)
                fruitless += len(wrong) + len(unresolved) == known
            else:
                passed += 1
        if passed >= 1 and indices.size < everything.size:
            indices, passed = everything, 0
    ordered = dict(sorted(wrong.items(), key=lambda item: -abs(item[1].defect)))
    complete = passed >= VERIFY_PROBES
    return Located(ordered, complete, len(unresolved), site.point.forward_calls - begin)


def _descend(
    site: Site,
    claim: Claim,
    name: str,
    indices: Array,
    weights: Array,
    whole: Directional,
    wrong: dict[int, Directional],
    unresolved: set[int],
    spent: Callable[[], bool],
) -> None:
    """Split failing sets, largest defect first, down to single entries."""
    heap: list[tuple[float, int, Array]] = [(-abs(whole.defect), 0, indices)]
    serial = 0
    while heap and not spent():
        _, _, failing = heapq.heappop(heap)
        if failing.size == 1:
            index = int(failing[0])
            alone = check(claim, site.point.along(name, None, [index]))
            if alone.state == "fail":
                wrong[index] = alone
            elif not alone.resolved:
                unresolved.add(index)
            continue
        half = failing.size // 2
        blamed = False
        for part in (failing[:half], failing[half:]):
            result = _test(site, claim, name, part, weights)
            if result.state == "fail":
                serial, blamed = serial + 1, True
                heapq.heappush(heap, (-abs(result.defect), serial, part))
        if not blamed and failing.size <= 8:
            unresolved.update(int(i) for i in failing)


def _test(
    site: Site, claim: Claim, name: str, indices: Array, weights: Array, confirm: bool = False
) -> Directional:
    """First ladder only: a search may be misled by one set, what it blames is confirmed."""
    direction = site.point.along(name, weights[indices], indices)
    start = site.start.get(name, 0)
    if indices.size == 1:
        start = 0
    return check(claim, direction, start=start, confirm=confirm)
