"""A gradient that was computed with parameters which the same backward had already updated."""

from __future__ import annotations

import dataclasses

import numpy as np

from gradcheck.diagnose.measure import Point, agrees, clock, jacobian, pulled
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
