"""What a recurrent layer's gradient would be without the carry from one step to the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnose.measure import Point
from gradcheck.types import Array, Op


def lost_carries(op: Op, point: Point, wrt: str) -> Iterator[tuple[Array, str]]:
    """Predictions for an input (n, time, ...) of a layer with a time axis, in words."""
    slot = next((s for s in op.slots if s.name == wrt), None)
    truth = point.truth[wrt]
    if slot is None or truth.ndim != 3 or slot.shape[:2] != ("N", "T") or truth.shape[1] < 2:
        return
    output, steps = np.asarray(point.output), truth.shape[1]
    jac = point.jacobian[wrt]
    if output.ndim == 3 and output.shape[1] == steps and np.all(np.isfinite(jac)):
        terms = jac * np.ravel(point.cotangent).reshape(-1, 1, 1, 1)
        terms = terms.reshape(*output.shape, *truth.shape)
        same = np.stack([terms[:, t, :, :, t].sum((0, 1)) for t in range(steps)], axis=1)
        yield (
            same,
            "each step has the gradient of its own output alone: nothing comes from later steps",
        )
        if steps > 2:
            near = same.copy()
            for t in range(steps - 1):
                near[:, t] += terms[:, t + 1, :, :, t].sum((0, 1))
            yield near, "the gradient is carried over one step only"
            yield from cut(terms, truth)
    for kept, words in ((slice(1, None), "the first step is left out"), (slice(-1, None), "only the last step is done"),
                        (slice(0, -1), "the last step is left out")):  # fmt: skip
        partial = np.zeros(truth.shape)
        partial[:, kept] = truth[:, kept]
        yield partial, f"{words}, the others are right"


def cut(terms: Array, truth: Array) -> Iterator[tuple[Array, str]]:
    """Nothing handed over at one place between two steps: (n, step, out, n, step, in) are terms."""
    steps = truth.shape[1]
    for place in range(1, steps):
        across = terms[:, place:, :, :, :place].sum((0, 1, 2))
        rest = truth.copy()
        rest[:, :place] -= across
        yield rest, f"nothing is carried over from step {place + 1} to step {place}"
