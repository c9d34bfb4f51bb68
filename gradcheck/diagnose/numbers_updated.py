"""A gradient that was computed with parameters which the same backward had already updated."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from gradcheck.diagnose.measure import Point, agrees, clock, derivative, jacobian, pulled
from gradcheck.types import Array, Op

#: Seconds that the measuring at the updated parameters may take.
PATIENCE = 1.5


def with_updated_weights(op: Op, point: Point, wrt: str) -> Array | None:
    """The gradient of an input at parameters one step further, if the claimed one is that.

    The length of the step is not known: it is the one number that is fitted, to all entries.
    """
    slots = {s.name for s in op.slots}
    step = {
        k: g for k, g in point.claimed.items()
        if k not in slots and k in point.primals and g.shape == point.primals[k].shape
    }  # fmt: skip
    truth, claimed = point.truth[wrt], point.claimed[wrt]
    if wrt not in slots or not step or claimed.shape != truth.shape or truth.size < 4:
        return None
    each = [{k: g} for k, g in step.items()] if len(step) > 1 else []
    found = (at_step(op, point, wrt, some) for some in (step, *each))
    return next((g for g in found if g is not None), None)


def at_step(op: Op, point: Point, wrt: str, step: dict[str, Array]) -> Array | None:
    """The gradient of an input with these parameters one step further, if the claimed one is that."""
    truth, claimed = point.truth[wrt], point.claimed[wrt]
    moved = {**point.primals, **{k: point.primals[k] - g for k, g in step.items()}}

    def value_at(value: Array) -> Array:
        return op.vjp({**moved, wrt: value}, point.labels, point.case.train)[0]

    if not likely(point, wrt, value_at):
        return None
    try:
        slope = jacobian(value_at, point.primals[wrt], clock() + PATIENCE)
    except Exception:  # too slow, or not legal values of these parameters
        return None
    there = dataclasses.replace(point, jacobian={wrt: slope})
    change = pulled(there, wrt) - truth
    defect = claimed - truth
    known = np.isfinite(change) & np.isfinite(defect)
    norm = float(np.sum(change[known] ** 2))
    if not norm:
        return None
    length = float(np.sum((change * defect)[known])) / norm
    predicted = truth + length * change
    return predicted if length > 0 and agrees(predicted, claimed, truth) else None


def likely(point: Point, wrt: str, value_at: Callable[[Array], Array]) -> bool:
    """Whether along three directions the defect is one and the same share of what the step changes."""
    truth, x = point.truth[wrt], point.primals[wrt]
    defect = np.where(np.isfinite(truth), point.claimed[wrt] - truth, 0.0)
    cot, rng = np.asarray(point.cotangent, dtype=np.float64), np.random.default_rng(1)
    shares = []
    for _ in range(3):
        v = np.where(np.isfinite(truth), rng.normal(size=x.shape), 0.0)

        def slope_at(h: float, v: Array = v) -> float:
            return float(np.sum(cot * np.reshape(value_at(x + h * v), cot.shape)))

        try:
            change = derivative(slope_at) - float(np.nansum(truth * v))
        except Exception:  # not legal values of these parameters
            return False
        shares.append(float(np.sum(defect * v)) / change if change else 0.0)
    return shares[0] > 0 and bool(np.allclose(shares, shares[0], rtol=0.05))
