"""A claim: the gradients a backward pass returns for one cotangent at one point.

Its own rounding belongs to the error bound: in float32 it is measured by repeating the backward
with every number moved by one ulp.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from gradcheck.numdiff.ladder import Weights
from gradcheck.numdiff.noise import Noise, grid_eps
from gradcheck.numdiff.point import Direction, Point, is_float
from gradcheck.types import Array

_SPREAD_RUNS = 4
#: A gradient below so many roundings of the outputs is taken for zero.
VANISHING = 1e3
#: And is then known to so many of them.
VANISHED = 32.0
#: Small beside any curvature, and many float32 ulp.
_ROUGH_STEP = 2.0**-20


@dataclass(frozen=True)
class Claim:
    """Claimed gradients (flat float64, by name), the cotangent's weights, and their rounding.

    ``problems`` names gradients that cannot be checked as numbers, with the reason.
    """

    point: Point
    weights: Weights
    gradients: dict[str, Array]
    spread: dict[str, Array]  # deviations of repeated backwards, (runs, size)
    eps: dict[str, float]
    problems: dict[str, str]
    effects: dict[str, float] = field(default_factory=dict, repr=False)  # filled when asked for

    def along(self, direction: Direction) -> float:
        """``<g, d>``."""
        return float(self._effects(direction).sum())

    def size_along(self, direction: Direction) -> float:
        """``|g * d|``: the derivative along the direction before cancellation."""
        return float(np.linalg.norm(self._effects(direction)))

    def rounding(self, direction: Direction) -> float:
        """Bound on the rounding of the claimed derivative along the direction."""
        eps = self.eps[direction.name]
        own = (4.0 if eps > 1e-10 else 8.0) * eps * self.size_along(direction)
        if own > 0.0 and self._vanishes(direction.name):
            own += VANISHED * eps * self._outputs
        spread = self.spread.get(direction.name)
        return own if spread is None else own + spread_along(spread, direction)

    @cached_property
    def _outputs(self) -> float:
        return float(np.linalg.norm(self.weights.cotangent * self.point.output))

    def _vanishes(self, name: str) -> bool:
        """The gradient is nothing but rounding, as that of a bias before batch norm."""
        effect = self.entry_effect(name) * self.point.size(name) ** 0.5
        return bool(effect < VANISHING * self.eps[name] * self._outputs)

    def entry_effect(self, name: str) -> float:
        """Root mean square of gradient times scale: the effect of a typical entry."""
        if name not in self.effects:
            effects = self.gradients[name] * self.point.scale(name)
            self.effects[name] = float(np.sqrt(np.mean(effects**2))) if effects.size else 0.0
        return self.effects[name]

    def _effects(self, direction: Direction) -> Array:
        g = self.gradients[direction.name]
        part = g if direction.flat is None else g[direction.flat]
        effects: Array = part * direction.values
        return effects


def spread_along(deviations: Array, direction: Direction) -> float:
    """Four standard deviations of ``<g, d>``, from rows of deviations of g."""
    part = deviations if direction.flat is None else deviations[:, direction.flat]
    projected = part @ direction.values.astype(np.float64)
    return 4.0 * float(np.sqrt(np.mean(projected**2)))


def make_claim(
    point: Point,
    noise: Noise,
    cotangent: Array,
    names: Iterable[str],
    pinned: Array | None = None,
    rng: np.random.Generator | None = None,
    spread: dict[str, Array] | None = None,
) -> Claim:
    """Run the backward once (five times where it is in single precision and `rng` is given)."""
    names = list(names)
    gradients, problems = _read(point, point.backward(cotangent), names)
    largest = max((float(np.max(np.abs(g), initial=0.0)) for g in gradients.values()), default=0.0)
    eps = {n: _precision(point, noise, n, g, largest) for n, g in gradients.items()}
    if spread is None:
        spread = {}
        if rng is not None and any(e > 1e-10 for e in eps.values()):
            single = [n for n, e in eps.items() if e > 1e-10]
            spread = _measure_spread(point, cotangent, pinned, gradients, single, eps, rng)
    weights = Weights.of(cotangent, noise, point.output)
    return Claim(point, weights, gradients, spread, eps, problems)


#: What is smaller than the largest gradient by this is a remnant of rounding: a few bits in double
#: precision look like single precision.
REMNANT = 2.0**-28


def _precision(point: Point, noise: Noise, name: str, gradient: Array, largest: float) -> float:
    """Relative precision of a gradient: of its dtype, or coarser if all its numbers are."""
    own = max(point.eps(name), noise.eps)
    if np.max(np.abs(gradient), initial=0.0) < REMNANT * largest:
        return own
    return max(own, grid_eps(gradient[:4096]))


def _read(
    point: Point, claimed: dict[str, Array], names: list[str]
) -> tuple[dict[str, Array], dict[str, str]]:
    gradients, problems = {}, {}
    for name in names:
        if name not in claimed or claimed[name] is None:
            problems[name] = "the backward returned no gradient for it"
            continue
        g = np.asarray(claimed[name])
        if not (is_float(g) or np.issubdtype(g.dtype, np.integer)):
            problems[name] = f"its gradient has dtype {g.dtype}"
        elif g.size != point.size(name):
            problems[name] = f"its gradient has shape {g.shape}, not {point.shape_of(name)}"
        else:
            gradients[name] = g.astype(np.float64).ravel()
    return gradients, problems


def _measure_spread(
    point: Point,
    cotangent: Array,
    pinned: Array | None,
    gradients: dict[str, Array],
    names: list[str],
    eps: dict[str, float],
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Deviations of the gradients when primals and cotangent move by -1, 0 or 1 ulp each."""
    ulp = max(eps[n] for n in names)
    deviations: dict[str, list[Array]] = {n: [] for n in names}
    for _ in range(_SPREAD_RUNS):
        moves = {
            n: ulp
            * point.primals[n].astype(np.float64).ravel()
            * rng.integers(-1, 2, point.size(n))
            for n in point.names
        }
        nudged = cotangent * (1.0 + ulp * rng.integers(-1, 2, cotangent.size))
        if pinned is not None:
            nudged = np.where(np.isnan(pinned.ravel()), nudged, cotangent)
        again, _ = _read(point, point.gradients_displaced(moves, 1.0, nudged), names)
        for name in names:
            if name in again:
                deviations[name].append(again[name] - gradients[name])
    return {n: np.stack(d) for n, d in deviations.items() if d}


def measure_roughness(claim: Claim, rng: np.random.Generator) -> dict[str, Array]:
    """Deviations of the gradients from a parabola over small displacements (four backwards).

    Shows a backward that is less precise than its dtype, as one with float32 inside.
    """
    point, cotangent = claim.point, claim.weights.cotangent
    names = list(claim.gradients)
    moves = point.jitter(_ROUGH_STEP, rng)
    times = (-2.0, -1.0, 1.0, 2.0)
    runs = [_read(point, point.gradients_displaced(moves, t, cotangent), names)[0] for t in times]
    i = np.asarray([0.0, *times])
    basis = np.stack([i**0, i, i**2], axis=1)
    full, _ = np.linalg.qr(np.concatenate([basis, np.eye(i.size)], axis=1))
    left = full[:, basis.shape[1] :].T
    return {
        n: left @ np.stack([claim.gradients[n], *(run[n] for run in runs)])
        for n in names
        if all(n in run for run in runs)
    }
