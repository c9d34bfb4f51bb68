"""Points where the function is not smooth: one-sided slopes that differ, diverge, or a jump.

Also the cotangent that leaves out the outputs with a kink inside the steps: along a direction that
moves many thousand ReLU units, some unit always crosses its kink.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradcheck.numdiff.ladder import TRUNCATION_FACTOR, Ladder
from gradcheck.numdiff.noise import Noise
from gradcheck.numdiff.point import COARSEST, RATIO, Direction, Point
from gradcheck.types import Array

#: Mask no more than this share of the outputs that move.
MOST_MASKED = 0.9
#: Standard deviations allowed for when a kink is to excuse a claim, and when one is excluded.
SEEN, EXCLUDED = 8.4, 2.0


@dataclass(frozen=True)
class Kink:
    """Right slope minus left slope at h = 0, its error, and what follows."""

    verdict: Literal["seen", "excluded", "unclear"]
    jump: float
    error: float


def kink_evidence(ladder: Ladder, needed: float) -> Kink:
    """Is there a kink here, or can one as large as `needed` be excluded?

    The even part over h is ``jump + c1 h + c3 h**3 + ...`` with the jump of the slope from left to
    right; a tableau cancels the odd powers. `needed` is the jump it would take to explain the
    defect. The finest steps that decide are believed: at coarse ones curvature looks like a kink.
    """
    above: list[float] = []
    estimates = []
    for j, rung in enumerate(ladder.rungs):
        row = [rung.even / rung.h]
        noise = 2.0 * rung.tau / rung.h
        for k in range(1, min(j, 3) + 1):
            w = (ladder.rungs[j - k].h / rung.h) ** (2 * k - 1)
            row.append((w * row[k - 1] - above[k - 1]) / (w - 1.0))
            change = max(abs(row[k] - row[k - 1]), abs(row[k] - above[k - 1]) if k > 1 else 0.0)
            estimates.append((row[k], TRUNCATION_FACTOR * change, noise))
        above = row
    for jump, truncation, noise in reversed(estimates):
        error = truncation + SEEN * noise
        if abs(jump) > 2.0 * error:
            return Kink("seen", jump, error)
        if abs(jump) + truncation + EXCLUDED * noise < needed:
            return Kink("excluded", jump, error)
    return Kink("unclear", 0.0, math.inf)


def diverging(ladder: Ladder) -> bool:
    """The one-sided slopes grow without limit as the step shrinks (sqrt|x| at 0)."""
    slopes = _clean_slopes(ladder)
    return len(slopes) >= 3 and slopes[-2] >= 1.5 * slopes[-3] and slopes[-1] >= 1.5 * slopes[-2]


def steep(ladder: Ladder) -> bool:
    """The one-sided slopes grew over the last step that noise allows to judge."""
    slopes = _clean_slopes(ladder)
    return len(slopes) >= 2 and slopes[-1] >= 1.25 * slopes[-2]


def _clean_slopes(ladder: Ladder) -> list[float]:
    """Even part over h where it is clear of noise; none if it vanished at finer steps."""
    slopes: list[float] = []
    for rung in ladder.rungs:
        slope, noise = abs(rung.even) / rung.h, 12.0 * rung.tau / rung.h
        if slope > noise:
            slopes.append(slope)
        elif slopes and noise < 0.5 * slopes[-1]:
            slopes = []
    return slopes


def jumps(ladder: Ladder) -> bool:
    """The difference across the point does not shrink with the step."""
    rungs = ladder.rungs
    middle, last = rungs[len(rungs) // 2], rungs[-1]
    return (
        len(rungs) >= 4
        and abs(last.difference) > 20.0 * last.tau
        and abs(last.difference) > 0.5 * abs(middle.difference)
        and middle.h > 8.0 * last.h
    )


@np.errstate(all="ignore")
def kinked_outputs(
    point: Point, noise: Noise, direction: Direction, single: bool
) -> tuple[Array | None, int]:
    """Outputs whose one-sided slopes differ at usable steps, and the rung to start from then.

    A smooth output's even part falls by 16 from one step to the next, a kinked one's by at most
    about 4. Kinks beyond the second step are left: the ladder starts inside them.

    Returns (None, 0) where there is nothing to mask or too much of it.
    """
    j = 2 if single else 3
    coarse, _ = _even_part(point, direction, COARSEST / RATIO**j)
    fine, moved = _even_part(point, direction, COARSEST / RATIO ** (j + 1))
    with np.errstate(invalid="ignore"):
        kinked = (fine > 12.0 * noise.sigma) & (fine > coarse / 8.0)
    count = int(kinked.sum())
    if count == 0 or count > MOST_MASKED * int(moved.sum()):
        return None, (j + 2 if count == 0 else 0)
    return kinked, j + 2


def _even_part(point: Point, direction: Direction, h: float) -> tuple[Array, Array]:
    plus, minus = point.at(direction, h), point.at(direction, -h)
    with np.errstate(all="ignore"):
        return np.abs(plus + minus - 2.0 * point.output), plus != minus
