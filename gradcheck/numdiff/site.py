"""A site: one point with its measured noise and its claim, ready to be probed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradcheck.numdiff.claim import Claim, make_claim, measure_roughness, spread_along
from gradcheck.numdiff.direction import COARSEST_PASS, Directional, State, check
from gradcheck.numdiff.kinks import kinked_outputs
from gradcheck.numdiff.noise import Noise, measure_noise
from gradcheck.numdiff.point import Direction, Point, Vjp
from gradcheck.types import Array, Entry

#: A failure this small may be the rounding of a float32 inside the backward.
ROUNDING_SUSPECT = 1e-4
#: A dense probe that is known less well than this may be crossing kinks: look for them.
FINE_PASS = {False: 3e-8, True: 3e-3}  # in double, in single precision


#: Squares of larger numbers, or of the inverse, leave the range of float64.
MAGNITUDE = 1e140


@dataclass
class Site:
    """A point that probes are made at.

    ``claim`` is for the whole cotangent; ``masked`` for the one without kinked outputs, once a
    probe needed it. ``start`` remembers, per primal, the first step that dense probes can use.
    """

    point: Point
    noise: Noise
    claim: Claim
    pinned: Array | None
    rng: np.random.Generator
    masked: Claim | None = None
    mask: Array | None = None
    start: dict[str, int] = field(default_factory=dict)
    roughness: list[dict[str, Array]] = field(default_factory=list)

    @property
    def free(self) -> Array:
        """Which outputs the cotangent may be chosen for, flat."""
        size = self.point.output.size
        return np.ones(size, bool) if self.pinned is None else np.isnan(self.pinned.ravel())

    def dense(self, name: str, flat: Array | Sequence[int] | None = None) -> Directional:
        """Probe along a random direction over many entries, leaving out kinked outputs if any."""
        return self.probe(self.point.random(name, self.rng, flat))

    def probe(self, direction: Direction) -> Directional:
        """Check one direction over many entries."""
        before = self.point.forward_calls
        result = self._settled(self._probe(direction), direction)
        if result.state == "pass":
            self.start[direction.name] = max(0, result.best_rung - 2)
        return replace(result, evaluations=self.point.forward_calls - before)

    def entry(self, name: str, index: int) -> Directional:
        """Check one entry, with the whole cotangent."""
        direction = self.point.along(name, None, [index])
        return self._settled(check(self.claim, direction), direction)

    def measured(self, name: str, index: int, result: Directional, claim: Claim) -> Entry:
        """One entry's claimed and measured gradient."""
        step = float(self.point.along(name, None, [index]).values[0])
        g = float(claim.gradients[name][index])
        place = tuple(int(i) for i in np.unravel_index(index, self.point.shape_of(name)))
        return Entry(place, g, g + result.defect / step, result.bound / abs(step))

    def _probe(self, direction: Direction) -> Directional:
        start = self.start.get(direction.name, 0)
        claim, mask = self.masked or self.claim, self.mask
        first = replace(check(claim, direction, start=start, confirm=False), mask=mask)
        single = self.point.eps(direction.name) > 1e-10
        if first.state == "pass" and first.bound <= FINE_PASS[single] * first.amplitude:
            return first
        if self.free.sum() > 1 and direction.values.size > 1:
            kinked, inner = kinked_outputs(self.point, self.noise, direction, single)
            if kinked is not None and (kinked & self.free).any():
                claim = self._mask(kinked & self.free)
                inside = replace(check(claim, direction, start=inner), mask=self.mask)
                better = inside.state == "pass" and inside.bound < first.bound
                return inside if first.state != "pass" or better else first
        if first.state == "pass":
            return first
        return replace(check(claim, direction, start=start), mask=mask)

    def _settled(self, result: Directional, direction: Direction) -> Directional:
        """Before a small failure is believed, see whether the backward is precise enough.

        A backward with float32 inside is off by 1e-7, which is its rounding and not a mistake.
        """
        small = abs(result.defect) <= ROUNDING_SUSPECT * result.amplitude
        if result.state != "fail" or not small or self.claim.eps[direction.name] > 1e-10:
            return result
        bound = result.bound
        for run in range(2):  # a kink may be crossed in one run; rounding shows in both
            if run == len(self.roughness):
                self.roughness.append(measure_roughness(self.claim, self.rng))
            rough = spread_along(self.roughness[run][direction.name], direction)
            if abs(result.defect) > result.bound + rough:
                return result
            bound = max(bound, result.bound + rough)
        known = bound <= COARSEST_PASS * result.amplitude
        state: State = "pass" if known else "inconclusive"
        detail = "within the rounding of the backward, which is less precise than its dtype"
        return replace(result, state=state, bound=bound, detail=detail)

    def _mask(self, kinked: Array) -> Claim:
        self.mask = kinked if self.mask is None else self.mask | kinked
        cotangent = np.where(self.mask, 0.0, self.claim.weights.cotangent)
        self.masked = make_claim(
            self.point, self.noise, cotangent, self.claim.gradients, spread=self.claim.spread
        )
        return self.masked


@np.errstate(all="ignore")
def open_site(
    vjp: Vjp,
    primals: Mapping[str, Any],
    rng: np.random.Generator,
    wrt: Sequence[str] | None = None,
    pinned: Array | None = None,
    scales: Mapping[str, Any] | None = None,
) -> Site | str:
    """Evaluate, measure the noise and run the backward once; or say why that is no use."""
    point = Point(vjp, primals, scales)
    if point.output.size == 0:
        return "the output is empty"
    if not np.all(np.isfinite(point.output)):
        bad = int(np.sum(~np.isfinite(point.output)))
        return f"{bad} of {point.output.size} outputs are not finite at this point"
    largest = float(np.abs(point.output).max())
    if largest > MAGNITUDE or 0.0 < largest < 1.0 / MAGNITUDE:
        return f"outputs of about {largest:.0e} are beyond what can be measured"
    cotangent = draw_cotangent(point, rng, pinned)
    names = [n for n in point.names if wrt is None or n in wrt]
    noise = measure_noise(point, rng)
    claim = make_claim(point, noise, cotangent, names, pinned, rng)
    return Site(point, noise, claim, pinned, rng)


def draw_cotangent(point: Point, rng: np.random.Generator, pinned: Array | None) -> Array:
    """±U[0.5, 1.5] in the output's own precision, with the pinned numbers where there are any.

    Never all ones: normalisation layers cancel under a constant cotangent.
    """
    # Not `signs`: float32 numbers would make an exact gradient look like single precision.
    drawn = rng.uniform(-1.0, 1.0, point.output.size)
    drawn += np.copysign(0.5, drawn)
    if np.issubdtype(point.raw.dtype, np.floating):
        drawn = drawn.astype(point.raw.dtype).astype(np.float64)
    if pinned is None:
        return drawn
    fixed = np.broadcast_to(np.asarray(pinned, np.float64), point.shape).ravel()
    return np.where(np.isnan(fixed), drawn, fixed)
