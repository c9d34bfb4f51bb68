"""Points where the function is not smooth: one-sided slopes that differ, diverge, or a jump.

Also the cotangent that leaves out the outputs with a kink inside the steps: along a direction that
moves many thousand ReLU units, some unit always crosses its kink.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from gradcheck.numdiff.ladder import NOISE_FACTOR, TRUNCATION_FACTOR, Ladder
from gradcheck.numdiff.noise import Noise
from gradcheck.numdiff.point import COARSEST, RATIO, Direction, Point
from gradcheck.types import Array

#: Mask no more than this share of the outputs that move.
MOST_MASKED = 0.9


def slope_jump(ladder: Ladder, needed: float) -> tuple[float, float]:
    """Right slope minus left slope, extrapolated to h = 0, and its error.

    Taken from the finest pair of steps whose noise allows to see a jump, or to exclude one as large
    as `needed` (what it would take to explain the defect): at coarse steps a strong curvature
    looks like a kink. ``(0, inf)`` where no pair does.
    """
    slopes = [(r.h, r.even / r.h, NOISE_FACTOR * 2.0 * r.tau / r.h) for r in ladder.rungs]
    for coarse, fine in reversed(list(pairwise(slopes))):
        w = coarse[0] / fine[0]
        limit = (w * fine[1] - coarse[1]) / (w - 1.0)
        noise = 1.4 * fine[2]
        if noise <= 0.5 * max(abs(limit), 0.5 * needed):
            return limit, TRUNCATION_FACTOR * abs(limit - fine[1]) + noise
    return 0.0, math.inf


def diverging(ladder: Ladder) -> bool:
    """The one-sided slopes grow without limit as the step shrinks (sqrt|x| at 0)."""
    clean = [abs(r.even) / r.h for r in ladder.rungs if abs(r.even) > 12.0 * r.tau]
    return len(clean) >= 3 and clean[-2] >= 1.5 * clean[-3] and clean[-1] >= 1.5 * clean[-2]


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
