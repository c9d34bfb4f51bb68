"""The verdict on one direction: pass with resolution, fail after confirmation, or inconclusive."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from gradcheck.numdiff.claim import Claim
from gradcheck.numdiff.kinks import Kink, diverging, jumps, kink_evidence
from gradcheck.numdiff.ladder import NOISE_FACTOR, Ladder, climb
from gradcheck.numdiff.point import Direction
from gradcheck.types import Array

State = Literal["pass", "fail", "inconclusive"]

#: A pass must know the derivative to one percent.
COARSEST_PASS = 1e-2
#: The second ladder's steps lie between those of the first.
SECOND_FACTOR = 0.75


@dataclass(frozen=True)
class Directional:
    """What was found along one direction.

    Attributes
    ----------
    defect, bound
        True minus claimed derivative, and how far the measurement of it can be off.
    derivative
        The measured derivative: claimed + defect.
    claimed
        ``<g, d>``.
    amplitude
        What the bound is compared with: the derivative, or its size before cancellation.
    resolution
        Of a pass: the smallest relative error of this derivative that would have been caught.
    allowed
        At a kink: the interval of derivatives between the one-sided ones.
    best_rung
        The index of the step that gave the bound (a later check may start near it).
    mask
        Outputs left out of the cotangent because of a kink inside the steps, or None.
    """

    state: State
    defect: float
    bound: float
    derivative: float
    claimed: float
    amplitude: float
    evaluations: int
    detail: str = ""
    allowed: tuple[float, float] | None = None
    best_rung: int = 0
    mask: Array | None = field(default=None, repr=False, compare=False)

    @property
    def resolution(self) -> float:
        if self.state != "pass":
            return math.inf
        own = abs(self.derivative)
        if self.bound == 0.0 and self.allowed is None:
            return 0.0
        width = self.allowed[1] - self.allowed[0] if self.allowed else 0.0
        # The measured defect may itself be off by the bound, so an error must exceed twice that.
        return (width + 2.0 * self.bound) / own if own > 0 else math.inf

    @property
    def resolved(self) -> bool:
        """Whether an error of one percent of this very derivative would have been caught."""
        return self.state == "fail" or self.resolution <= COARSEST_PASS


def check(
    claim: Claim, direction: Direction, *, start: int = 0, confirm: bool = True
) -> Directional:
    """Check the claimed derivative along one direction.

    ``start`` skips the coarsest steps; ``confirm=False`` reports a failing first ladder as is
    (for searching: whatever is blamed in the end is confirmed).
    """
    point, weights = claim.point, claim.weights
    before = point.forward_calls
    claimed = claim.along(direction)
    rounding = claim.rounding(direction)
    goal = math.sqrt(max(claim.eps[direction.name], point.eps(direction.name)))
    first = climb(
        point, weights, direction, claimed, target=goal * abs(claimed), start=start, count=10
    )
    verdict = _first_verdict(claim, direction, first, claimed, rounding)
    if verdict is None:
        verdict = (
            _second_verdict(claim, direction, first, claimed, rounding)
            if confirm
            else _verdict(claim, direction, first, claimed, rounding, "fail")
        )
    best = start + max(first.best, 0)
    return replace(verdict, evaluations=point.forward_calls - before, best_rung=best)


def _verdict(
    claim: Claim,
    direction: Direction,
    ladder: Ladder,
    claimed: float,
    rounding: float,
    state: State,
    detail: str = "",
) -> Directional:
    bound = (ladder.widened() if ladder.best >= 0 else math.inf) + rounding
    defect = ladder.defect
    if state == "fail" and not math.isfinite(bound):
        state, detail = "inconclusive", detail or "no step with regular behaviour"
    derivative = claimed + defect
    amplitude = max(
        abs(derivative) if math.isfinite(derivative) else 0.0,
        claim.size_along(direction),
        claim.entry_effect(direction.name),
        ladder.movement,
    )
    if state == "pass":
        # A derivative of zero by construction (a bias before batch norm) has no size of its own;
        # it is known once it is small beside the outputs themselves.
        weighted = float(np.linalg.norm(claim.weights.cotangent * claim.point.output))
        amplitude = max(amplitude, math.sqrt(claim.weights.noise.eps) * weighted)
        if bound > COARSEST_PASS * amplitude:
            state = "inconclusive"
            share = bound / amplitude if amplitude else math.inf
            detail = f"the derivative is known only to {share:.0%}"
    return Directional(state, defect, bound, derivative, claimed, amplitude, 0, detail)


def _first_verdict(
    claim: Claim, direction: Direction, ladder: Ladder, claimed: float, rounding: float
) -> Directional | None:
    """Pass or inconclusive; None for a candidate failure or where no regular step was found."""
    if ladder.best < 0 or abs(ladder.defect) > ladder.widened() + rounding:
        return None
    if diverging(ladder):
        return _verdict(
            claim, direction, ladder, claimed, rounding, "inconclusive", "one-sided slopes diverge"
        )
    return _verdict(claim, direction, ladder, claimed, rounding, "pass")


def _second_verdict(
    claim: Claim, direction: Direction, first: Ladder, claimed: float, rounding: float
) -> Directional:
    """Climb again, deeper and at other steps; a fail needs both ladders to agree on the defect."""
    second = climb(
        claim.point, claim.weights, direction, claimed, count=13, factor=SECOND_FACTOR, patience=2
    )

    def say(state: State, detail: str = "", ladder: Ladder = second) -> Directional:
        return _verdict(claim, direction, ladder, claimed, rounding, state, detail)

    if second.best >= 0 and abs(second.defect) <= second.widened() + rounding:
        if diverging(second):
            return say("inconclusive", "one-sided slopes diverge")
        return say("pass")
    if len(second.rungs) < 3:
        return say("inconclusive", "no usable step")
    if jumps(second):
        return say("inconclusive", "the function jumps here")
    excess = [abs(x.defect) - x.widened() - rounding for x in (first, second) if x.best >= 0]
    kink = kink_evidence(second, 2.0 * max([0.0, *excess]))
    if kink.verdict == "seen":
        if diverging(second):
            return say("inconclusive", "one-sided slopes diverge")
        return _at_kink(claim, direction, second, claimed, rounding, kink)
    if second.best < 0:
        return say("inconclusive", "no step with regular behaviour")
    if kink.verdict == "unclear":
        return say("inconclusive", "a kink nearby cannot be told from a defect")
    if second.vanishes():
        return say("inconclusive", "the defect vanishes at finer steps")
    if first.best >= 0:
        gap = abs(first.defect - second.defect)
        if gap > first.widened() + second.widened() + 2.0 * rounding:
            return say("inconclusive", "two series of steps disagree")
        if first.widened() < second.widened():
            return say("fail", ladder=first)
    return say("fail")


def _at_kink(
    claim: Claim,
    direction: Direction,
    ladder: Ladder,
    claimed: float,
    rounding: float,
    kink: Kink,
) -> Directional:
    """Accept any derivative between the one-sided ones (in one dimension: Clarke's interval)."""
    centre, bound = ladder.defect, ladder.widened() if ladder.best >= 0 else math.inf
    if not math.isfinite(bound):
        clean = [r for r in ladder.rungs if abs(kink.jump) * r.h > 12.0 * r.tau] or ladder.rungs
        centre = clean[-1].defect
        change = 2.0 * abs(centre - clean[-2].defect) if len(clean) > 1 else math.inf
        bound = change + NOISE_FACTOR * 2.0 * clean[-1].noise
    bound += rounding
    low, high = centre - abs(kink.jump) / 2.0, centre + abs(kink.jump) / 2.0
    slack = bound + kink.error
    allowed = (claimed + low, claimed + high)
    plain = _verdict(claim, direction, ladder, claimed, rounding, "inconclusive")
    found = replace(plain, defect=centre, bound=bound, derivative=claimed + centre)
    if not math.isfinite(slack):
        return replace(found, detail="a kink, not resolved")
    if direction.values.size > 1:
        # Kinks of several entries can cancel in the one-sided slopes: too little is known.
        return replace(found, detail="entries at kinks overlap along the direction")
    if low - slack <= 0.0 <= high + slack:
        return replace(found, state="pass", detail="kink", allowed=allowed)
    return replace(found, state="fail", detail="kink", allowed=allowed)
