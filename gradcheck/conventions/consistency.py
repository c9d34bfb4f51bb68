"""How far a reading is from making forward and backward agree.

This chooses between readings and is never a verdict: the laws decide, with bounds, afterwards.
"""

from __future__ import annotations

import math

import numpy as np

from gradcheck import cases
from gradcheck.types import Array, Case, Op, Primals

AGREES = 1e-4


def of_one_number(op: Op) -> bool:
    """Whether forward runs and gives a single number."""
    primals, labels = cases.draw(op, Case())
    try:
        return int(np.size(op.vjp(primals, labels)[0])) == 1
    except Exception:  # what cannot run is told by the laws
        return False


def miss(op: Op, case: Case | None = None, only: str | tuple[str, ...] | None = None) -> float:
    """Relative distance between claimed and measured directional derivatives; inf if it cannot run.

    Two dense directions in the inputs, one Richardson step; about 1e-9 for right float64 code.
    """
    case = case or Case()
    try:
        primals, labels = cases.draw(op, case)
        along = (both_slopes(op, case, primals, labels, seed, only) for seed in (0, 1))
        return max(apart(*pair) for pair in along)
    except Exception:  # a reading that cannot run is as far away as can be
        return math.inf


def agrees(op: Op) -> bool:
    """Whether all its gradients agree with the forward, along directions through all of them."""
    names = tuple(op.gradient_names)
    return bool(names) and miss(op, only=names) < AGREES


def proportional(op: Op, case: Case | None = None) -> bool:
    """Whether the claimed slopes are the measured ones but for a factor, as where a mean is forgotten."""
    case = case or Case()
    try:
        primals, labels = cases.draw(op, case)
        pairs = [both_slopes(op, case, primals, labels, seed, None) for seed in (0, 1, 2)]
    except Exception:  # it cannot run
        return False
    factors = [c / m for c, m in pairs if m and math.isfinite(c)]
    if len(factors) < len(pairs) or not factors[0]:
        return False
    return all(abs(f - factors[0]) < AGREES * abs(factors[0]) for f in factors)


def apart(claimed: float, measured: float) -> float:
    """The relative distance between two slopes."""
    scale = max(abs(measured), abs(claimed))
    if not np.isfinite(scale):
        return math.inf
    return abs(claimed - measured) / scale if scale > 1e-12 else 0.0


def both_slopes(
    op: Op,
    case: Case,
    primals: Primals,
    labels: Array | None,
    seed: int,
    only: str | tuple[str, ...] | None,
) -> tuple[float, float]:
    """The claimed and the measured slope along one random direction through every float input."""
    rng = np.random.default_rng([case.seed, 9, seed])
    names = [s.name for s in op.slots if not s.domain.startswith("index")]
    if only is not None:
        names = [only] if isinstance(only, str) else list(only)
    direction = {n: np.sign(rng.normal(size=primals[n].shape)) * 0.7 for n in names}
    output, pullback = op.vjp(primals, labels)
    cot = np.ones(np.shape(output)) if op.terminal else cases.cotangent(output, case)
    grads = pullback(cot)
    claimed = 0.0
    for n in names:
        if n not in grads:
            return math.inf, 0.0
        if grads[n].shape != primals[n].shape:
            if grads[n].size != primals[n].size:
                return math.inf, 0.0
            grads[n] = grads[n].reshape(primals[n].shape)
        claimed += float(np.sum(grads[n] * direction[n]))

    def along(h: float) -> float:
        moved = []
        for sign in (1.0, -1.0):
            point = {**primals, **{n: primals[n] + sign * h * direction[n] for n in names}}
            moved.append(op.vjp(point, labels)[0])
        return float(np.sum((moved[0] - moved[1]) * cot)) / (2 * h)

    coarse, fine = along(2e-4), along(1e-4)
    return claimed, (4 * fine - coarse) / 3


def once(op: Op, case: Case) -> tuple[Primals, Primals]:
    """The primals of a case and their gradients under a random cotangent."""
    primals, labels = cases.draw(op, case)
    output, pullback = op.vjp(primals, labels)
    return primals, pullback(cases.cotangent(output, case))


def fits(op: Op) -> bool:
    """Whether every gradient has its primal's shape: operands that merely broadcast do not fit.

    The shapes are guesses of ours, so a misfit speaks against them until all have been tried.
    """
    primals, grads = once(op, Case())
    return all(g.shape == primals[k].shape for k, g in grads.items() if k in primals)


#: Another number of samples than the usual 3.
MORE = 5


def runs_on(op: Op, samples: int) -> bool:
    """Whether forward and backward run on so many samples.

    A kernel or bias that is wrong by its shape may fit where as many filters as samples were guessed.
    """
    try:
        once(op, Case().replace(N=samples))
    except Exception:  # whatever it is, the shapes do not fit
        return False
    return True
