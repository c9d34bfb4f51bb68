"""The extrapolated defect of a claimed derivative along one direction, with an error bound.

    r(h) = [ <gy, f(x + h d) - f(x - h d)> - 2 h <g, d> ] / 2h  ->  (true - claimed) derivative

Differences are taken per output and only then weighted, so that outputs that do not move add no
noise. Steps fall by a factor of 4; Richardson's tableau cancels the even powers of h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from gradcheck.numdiff.noise import Noise
from gradcheck.numdiff.point import COARSEST, MOST_RUNGS, RATIO, Direction, Point
from gradcheck.types import Array

NOISE_FACTOR = 6.0  # standard deviations of the evaluation error allowed for
TABLEAU_NOISE = 1.15  # how much the extrapolation amplifies the error of the finest difference
TRUNCATION_FACTOR = 2.0  # on the difference of neighbours in the tableau
HIDDEN = 2.0  # spacings of one output that did not move, taken as the error of all such
CLEAR = 4.0  # standard deviations a defect must have at a rung that is to speak against it
CONTRADICTION = 3.0  # standard deviations at which a finer rung is believed instead
CONTRACTION = 0.25  # successive differences of r must fall at least so fast (ideal: 1/16)


@dataclass(frozen=True)
class Weights:
    """A cotangent with what the noise makes of it: one per (point, cotangent)."""

    cotangent: Array
    noise: Noise
    variance: Array  # (cotangent * sigma)**2
    inflation: float
    spacing: Array  # |cotangent| times the spacing of the outputs

    @classmethod
    def of(cls, cotangent: Array, noise: Noise, output: Array) -> Weights:
        variance = (cotangent * noise.sigma) ** 2
        spacing = np.abs(cotangent * output) * noise.eps
        return cls(cotangent, noise, variance, noise.inflation(cotangent), spacing)

    def hidden(self, moved: Array) -> float:
        """The change that outputs which did not move may hide: one spacing, of the largest."""
        return 0.0 if moved.all() else float((self.spacing * ~moved).max())


@dataclass(frozen=True)
class Rung:
    """One step: the defect seen there, its noise, and the even part (twice the curvature)."""

    h: float
    defect: float
    tau: float  # standard deviation of <gy, difference>
    even: float
    difference: float
    movement: float  # norm of gy * difference: what moved, before cancellation

    @property
    def noise(self) -> float:
        return self.tau / (2.0 * self.h)


@dataclass
class Ladder:
    """The rungs of one direction, coarse to fine, and the best extrapolation from them."""

    rungs: list[Rung] = field(default_factory=list)
    tableau: list[list[float]] = field(default_factory=list)
    defect: float = math.nan
    bound: float = math.inf
    best: int = -1
    candidates: list[tuple[float, float, int]] = field(default_factory=list)
    irregular: bool = False
    hidden: float = 0.0

    @property
    def movement(self) -> float:
        """Size of the derivative before any cancellation between outputs."""
        if not self.rungs:
            return 0.0
        rung = self.rungs[self.best]
        return rung.movement / (2.0 * rung.h)

    def add(self, rung: Rung) -> bool:
        """Extend the tableau by a finer rung; True if the best extrapolation changed."""
        row = [rung.defect]
        self.rungs.append(rung)
        n = len(self.rungs)
        for k in range(1, n):
            w = (self.rungs[-1 - k].h / rung.h) ** 2
            row.append((w * row[k - 1] - self.tableau[-1][k - 1]) / (w - 1.0))
        self.tableau.append(row)
        if not self._regular():
            return False
        improved, above = False, self.tableau[-2]
        for k in range(1, n):
            change = max(abs(row[k] - row[k - 1]), abs(row[k] - above[k - 1]))
            bound = TRUNCATION_FACTOR * change + NOISE_FACTOR * TABLEAU_NOISE * rung.noise
            self.candidates.append((bound, row[k], n - 1))
            if bound < self.bound:
                self.defect, self.bound, self.best, improved = row[k], bound, n - 1, True
        return improved

    def _regular(self) -> bool:
        """The last rungs behave as a Taylor series does (two rungs: they agree within noise)."""
        n, rungs = len(self.rungs), self.rungs
        if n < 2:
            return False
        last = abs(rungs[-1].defect - rungs[-2].defect)
        if n == 2:
            return last <= 3.0 * (rungs[-1].noise + rungs[-2].noise)
        before = abs(rungs[-2].defect - rungs[-3].defect)
        return last <= CONTRACTION * before + 3.0 * rungs[-1].noise

    def settle(self) -> None:
        """Prefer estimates that no finer rung contradicts; without one it is irregular."""
        for bound, value, at in sorted(self.candidates):
            if not any(self._gap(i, value) > bound for i in range(at + 1, len(self.rungs))):
                self.defect, self.bound, self.best = value, bound, at
                return
        self.irregular = bool(self.candidates)

    def _gap(self, i: int, value: float) -> float:
        """How far rung i is from an estimate, beyond what its noise and truncation explain."""
        row = self.tableau[i]
        slack = TRUNCATION_FACTOR * abs(row[1] - row[0]) + CONTRADICTION * self.rungs[i].noise
        return max(abs(v - value) for v in row[:2]) - slack

    def steepening(self) -> bool:
        """The one-sided slopes grew over the last step, as those of sqrt|x| do at 0."""
        if len(self.rungs) < 2 or len(self.rungs) > 5:
            return False
        before, last = self.rungs[-2:]
        clear = abs(last.even) > 12.0 * last.tau
        return clear and abs(last.even) / last.h > 1.5 * abs(before.even) / before.h

    def vanishes(self) -> bool:
        """A finer rung than the best, precise enough to tell, is nearer to no defect than to it."""
        return any(
            CLEAR * self.rungs[i].noise < abs(self.defect)
            and abs(self.tableau[i][1]) < 0.5 * abs(self.defect)
            for i in range(self.best + 1, len(self.rungs))
        )

    def widened(self) -> float:
        """The bound, widened where a finer rung contradicts the best one."""
        bound = self.bound
        for i in range(self.best + 1, len(self.rungs)):
            gap = self._gap(i, self.defect)
            if gap > bound:
                more = NOISE_FACTOR * TABLEAU_NOISE + CONTRADICTION
                bound = gap + more * self.rungs[i].noise
        return bound + self.hidden


def climb(
    point: Point,
    weights: Weights,
    direction: Direction,
    claimed: float,
    *,
    target: float = 0.0,
    start: int = 0,
    count: int = MOST_RUNGS,
    factor: float = 1.0,
    patience: float = 0,
) -> Ladder:
    """Evaluate rungs from coarse to fine until the bound reaches `target` or noise takes over.

    Parameters
    ----------
    claimed
        ``<g, d>``: the claimed derivative along the direction.
    start, count, factor
        Steps are ``factor * COARSEST / RATIO**j`` for ``j = start, ..., start + count - 1``.
    patience
        How many further steps to take for confirmation once none can improve the bound.
    """
    ladder = Ladder()
    moved = np.zeros(point.output.size, bool)
    idle = 0
    for j in range(start, min(start + count, point.rungs(direction))):
        rung = _rung(point, weights, direction, claimed, factor * COARSEST / RATIO**j, moved)
        if rung is None:
            continue
        idle = 0 if ladder.add(rung) else idle + 1
        if ladder.best < 0:
            continue
        if ladder.steepening():
            continue
        if ladder.bound <= target and patience == 0:
            break
        # The error of the next step is RATIO times larger: it may confirm, but not improve.
        hopeless = NOISE_FACTOR * TABLEAU_NOISE * RATIO * rung.noise >= ladder.bound
        if hopeless and len(ladder.rungs) >= 3 and idle >= patience:
            break
    ladder.settle()
    if ladder.rungs and (claimed != 0.0 or moved.any()):
        ladder.hidden = HIDDEN * weights.hidden(moved) / (2.0 * ladder.rungs[0].h)
    return ladder


def _rung(
    point: Point, weights: Weights, direction: Direction, claimed: float, h: float, moved: Array
) -> Rung | None:
    """Evaluate one step; None if anything there is not finite. `moved` collects over rungs."""
    plus = point.at(direction, h)
    minus = point.at(direction, -h)
    gy = weights.cotangent
    with np.errstate(all="ignore"):
        difference = plus - minus
        # Sticky: an output that moved at a coarser rung is noisy even where it seems flat.
        np.logical_or(moved, difference, out=moved)
        difference *= gy
        total = float(difference.sum())
        plus += minus
        plus -= 2.0 * point.output
        plus *= gy
        even = float(plus.sum())
    if not math.isfinite(total) or not math.isfinite(even):
        return None
    movement = float(difference @ difference)
    variance = float(weights.variance @ moved)
    # Rounding grows with the outputs, and summing the products rounds once more.
    relative = max(0.5 * weights.noise.eps, 2.0**-51)
    growth = relative * math.sqrt(movement + float(plus @ plus))
    tau = weights.inflation * math.sqrt(2.0 * variance) + growth
    return Rung(h, (total - 2.0 * h * claimed) / (2.0 * h), tau, even, total, math.sqrt(movement))
