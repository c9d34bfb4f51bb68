"""The verdict on one direction: pass with resolution, fail after confirmation, or inconclusive."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from gradcheck.numdiff.claim import Claim
from gradcheck.numdiff.kinks import Kink, diverging, jumps, kink_evidence, steep
from gradcheck.numdiff.ladder import NOISE_FACTOR, Ladder, climb
from gradcheck.numdiff.point import Direction
from gradcheck.types import Array

State = Literal["pass", "fail", "inconclusive"]

#: A pass must know the derivative to one percent.
COARSEST_PASS = 1e-2
#: The second ladder's steps lie between those of the first.
SECOND_FACTOR = 0.5
#: The rung (a step of twice the scale) to start from where noise hides everything else.
LARGER = -2


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
    def suspect(self) -> bool:
        """Undecided although the defect exceeds the bound: worth a closer look."""
        return self.state == "inconclusive" and abs(self.defect) > self.bound

    @property
    def resolution(self) -> float:
        if self.state != "pass":
            return math.inf
        own = abs(self.derivative)
        if self.bound == 0.0 and self.allowed is None:
            return 0.0
        width = self.allowed[1] - self.allowed[0] if self.allowed else 0.0
        # An error that passes differs from the defect seen by no more than the bound, which is
        # taken twice: once in a thousand cases of single precision it does not hold.
        passed = abs(self.defect) + 2.0 * self.bound
        return (width + passed) / own if own > 0 else math.inf

    @property
    def resolved(self) -> bool:
        """Whether an error of one percent of this very derivative would have been caught."""
        return self.state == "fail" or self.resolution <= COARSEST_PASS


@dataclass(frozen=True)
class _Asked:
    """One direction of one claim: what is claimed, and how far the claim is rounded."""

    claim: Claim
    direction: Direction
    claimed: float
    rounding: float
    goal: float  # the bound that is good enough

    def climb(self, **options: Any) -> Ladder:
        claim = self.claim
        return climb(claim.point, claim.weights, self.direction, self.claimed, **options)

    def agrees(self, ladder: Ladder) -> bool:
        """The ladder found a derivative, and the claim is within its bound."""
        found = ladder.best >= 0
        return found and abs(ladder.defect) <= ladder.widened() + self.rounding

    def excess(self, *ladders: Ladder) -> float:
        """By how much the defect exceeds its bound, at most."""
        found = [x for x in ladders if x.best >= 0]
        return max([0.0, *(abs(x.defect) - x.widened() - self.rounding for x in found)])

    def say(self, state: State, ladder: Ladder, detail: str = "") -> Directional:
        claim = self.claim
        bound = (ladder.widened() if ladder.best >= 0 else math.inf) + self.rounding
        if state == "fail" and not math.isfinite(bound):
            state, detail = "inconclusive", detail or "no step with regular behaviour"
        derivative = self.claimed + ladder.defect
        amplitude = max(
            abs(derivative) if math.isfinite(derivative) else 0.0,
            claim.size_along(self.direction),
            claim.entry_effect(self.direction.name),
            ladder.movement,
        )
        if state == "pass":
            # A derivative of zero by construction (a bias before batch norm) has no size of its
            # own; it is known once it is small beside the outputs themselves.
            outputs = float(np.linalg.norm(claim.weights.cotangent * claim.point.output))
            amplitude = max(amplitude, math.sqrt(claim.weights.noise.eps) * outputs)
            if bound > COARSEST_PASS * amplitude:
                state = "inconclusive"
                share = bound / amplitude if amplitude else math.inf
                detail = f"the derivative is known only to {share:.0%}"
        return Directional(
            state, ladder.defect, bound, derivative, self.claimed, amplitude, 0, detail
        )


@np.errstate(all="ignore")
def check(
    claim: Claim,
    direction: Direction,
    *,
    start: int = 0,
    confirm: bool = True,
    closely: bool = False,
) -> Directional:
    """Check the claimed derivative along one direction.

    ``start`` skips the coarsest steps; ``confirm=False`` reports a failing first ladder as is
    (for searching: whatever is blamed in the end is confirmed); ``closely`` takes steps until noise
    ends it, also where the derivative is known well enough for a pass.
    """
    if not direction.values.any():
        text = "not finite, so it cannot be moved"
        return Directional("inconclusive", 0.0, math.inf, 0.0, 0.0, 0.0, 0, text)
    before = claim.point.forward_calls
    claimed = claim.along(direction)
    precision = max(claim.eps[direction.name], claim.point.eps(direction.name))
    goal = 0.0 if closely else math.sqrt(precision) * abs(claimed)
    asked = _Asked(claim, direction, claimed, claim.rounding(direction), goal)
    first = asked.climb(target=goal, start=start)
    if asked.agrees(first):
        verdict = _smooth_pass(asked, first)
        if verdict.state == "inconclusive" and confirm:
            # Noise from the first step on: larger ones. Otherwise steps halfway between the first
            # ones, which may lie better between truncation and noise.
            noisy = start == 0 and first.best <= 1
            again = asked.climb(start=LARGER) if noisy else asked.climb(start=start, factor=0.5)
            if asked.agrees(again) and again.widened() < first.widened():
                verdict = _smooth_pass(asked, again)
    elif confirm:
        verdict = _second_verdict(asked, first)
    else:
        verdict = asked.say("fail", first)
    best = start + max(first.best, 0)
    return replace(verdict, evaluations=claim.point.forward_calls - before, best_rung=best)


def _smooth_pass(asked: _Asked, ladder: Ladder) -> Directional:
    if diverging(ladder):
        return asked.say("inconclusive", ladder, "one-sided slopes diverge")
    return asked.say("pass", ladder)


def _second_verdict(asked: _Asked, first: Ladder) -> Directional:
    """Climb again, deeper and at other steps; a fail needs both ladders to agree on the defect."""
    second = asked.climb(factor=SECOND_FACTOR, patience=2)
    if asked.agrees(second):
        return _smooth_pass(asked, second)
    if len(second.rungs) < 3:
        return asked.say("inconclusive", second, "no usable step")
    if jumps(second):
        return asked.say("inconclusive", second, "the function jumps here")
    kink = kink_evidence(second, 2.0 * asked.excess(first, second))
    if kink.verdict == "seen":
        finer = _inside_kink(asked, len(second.rungs))
        if finer is not None:
            return finer
        if not (diverging(first) or diverging(second)):
            return _at_kink(asked, second, kink)
    if diverging(first) or diverging(second):
        return asked.say("inconclusive", second, "one-sided slopes diverge")
    if second.best < 0:
        return asked.say("inconclusive", second, "no step with regular behaviour")
    if second.irregular:
        return asked.say("inconclusive", second, "finer steps contradict coarser ones")
    if kink.verdict == "unclear":
        return asked.say("inconclusive", second, "a kink nearby cannot be told from a defect")
    if second.vanishes():
        return asked.say("inconclusive", second, "the defect vanishes at finer steps")
    if first.best >= 0:
        gap = abs(first.defect - second.defect)
        if gap > first.widened() + second.widened() + 2.0 * asked.rounding:
            return asked.say("inconclusive", second, "two series of steps disagree")
        if first.widened() < second.widened():
            return asked.say("fail", first)
    return asked.say("fail", second)


def _inside_kink(asked: _Asked, start: int) -> Directional | None:
    """What looks like a kink may be smooth, or past, at finer steps: then those decide.

    None if they see the kink too, or are too noisy to tell.
    """
    third = asked.climb(target=asked.goal, start=start)
    if third.best < 0 or kink_evidence(third, 2.0 * asked.excess(third)).verdict == "seen":
        return None
    if asked.agrees(third):
        passed = _smooth_pass(asked, third)
        return passed if passed.state == "pass" else None
    fourth = asked.climb(start=start, factor=SECOND_FACTOR, patience=2)
    if fourth.best < 0 or fourth.irregular or asked.agrees(fourth):
        return None
    if kink_evidence(fourth, 2.0 * asked.excess(fourth)).verdict != "excluded":
        return None
    gap = abs(third.defect - fourth.defect)
    if fourth.vanishes() or gap > third.widened() + fourth.widened() + 2.0 * asked.rounding:
        return None
    return asked.say("fail", fourth)


def _at_kink(asked: _Asked, ladder: Ladder, kink: Kink) -> Directional:
    """Accept any derivative between the one-sided ones (in one dimension: Clarke's interval)."""
    centre, bound = ladder.defect, ladder.widened() if ladder.best >= 0 else math.inf
    if not math.isfinite(bound):
        clean = [r for r in ladder.rungs if abs(kink.jump) * r.h > 12.0 * r.tau] or ladder.rungs
        centre = clean[-1].defect
        change = 2.0 * abs(centre - clean[-2].defect) if len(clean) > 1 else math.inf
        bound = change + NOISE_FACTOR * 2.0 * clean[-1].noise
    bound += asked.rounding
    low, high = centre - abs(kink.jump) / 2.0, centre + abs(kink.jump) / 2.0
    slack = bound + kink.error
    plain = asked.say("inconclusive", ladder)
    found = replace(plain, defect=centre, bound=bound, derivative=asked.claimed + centre)
    if not math.isfinite(slack):
        return replace(found, detail="a kink, not resolved")
    if asked.direction.values.size > 1:
        # Kinks of several entries can cancel in the one-sided slopes: too little is known.
        return replace(found, detail="entries at kinks overlap along the direction")
    allowed = (asked.claimed + low, asked.claimed + high)
    if low - slack <= 0.0 <= high + slack:
        return replace(found, state="pass", detail="kink", allowed=allowed)
    if steep(ladder):
        return replace(found, detail="one-sided slopes still grow at the finest steps")
    return replace(found, state="fail", detail="kink", allowed=allowed)
