"""Losses that learn: the centres of a centre loss, the weights of a classifier that ends in its loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.layer_op import gradient_label
from gradcheck.conventions.live import Live, clone
from gradcheck.conventions.pairing import Trial, read_gradients
from gradcheck.conventions.places import Place
from gradcheck.types import Array, Case, Op, Primals


def matrix_sizes(proto: Live) -> list[tuple[int, int]]:
    """(columns of the input, classes) that the matrices of an object allow, either way round."""
    found: list[tuple[int, int]] = []
    for place, array in places.walk(proto.obj).items():
        if places.is_numeric(array) and array.ndim == 2 and not places.is_gradient_place(place):
            rows, columns = array.shape
            found += [(columns, rows), (rows, columns)]
    return [(d, k) for d, k in dict.fromkeys(found) if d > 1]


def with_own_parameters(op: Op, make: Callable[[], Live], proto: Live) -> Op:
    """The Op of a loss with those arrays of its object as parameters that backward has gradients of."""
    held = {p: a for p, a in places.walk(proto).items() if places.is_numeric(a) and a.size}
    if proto.obj is None or not held:
        return op
    trial = observed(op, held)
    if trial is None:
        return op
    kept = {
        k: p
        for k, p in trial.params.items()
        if trial.grads[k][0] != ("attr", "memory") and moves(op, make, proto, p)
    }
    if not kept:
        return op
    missing = [
        p for p in held if places.label(p[1:]) in trial.missing and moves(op, make, proto, p)
    ]
    notes = tuple(f"no gradient found for {places.label(p[1:])}" for p in missing)
    return joined(op, make, proto, kept, {k: trial.grads[k] for k in kept}, notes)


def observed(op: Op, held: Mapping[Place, Array]) -> Trial | None:
    """What one forward and backward show; None where they do not run."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    try:
        primals, labels = cases.draw(op, case)
        live = op.make()
        before = {p: np.array(places.read(live, p)) for p in held}
        output = op.forward(live, primals, labels, True)
        params = {
            p: places.read(live, p)
            for p, a in before.items()
            if np.array_equal(places.read(live, p), a) and not places.computed(live, p)
        }
        middle = {p: a.tobytes() for p, a in places.walk(live).items()}
        op.backward(live, np.ones(np.shape(output)), primals, labels)
    except Exception:  # the laws tell it
        return None
    arrays = [primals[s.name] for s in op.slots]
    nothing = Calls(lambda *_: None, lambda *_: None, ())
    return read_gradients(live, nothing, op.slots, arrays, None, [()], params, middle)


def moves(op: Op, make: Callable[[], Live], proto: Live, place: Place) -> bool:
    """Whether the loss depends on the array at a place."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    primals, labels = cases.draw(op, case)
    values = []
    for shift in (0.0, 0.37):
        array = np.asarray(places.read(proto, place), dtype=np.float64)
        steps = shift * (1.0 + np.arange(array.size).reshape(array.shape) % 3)
        live = clone(proto, {place: array + steps}, make)
        values.append(op.forward(live, primals, labels, True))
    return not np.array_equal(values[0], values[1], equal_nan=True)


def joined(
    op: Op, make: Callable[[], Live], proto: Live,
    params: Mapping[str, Place], grads: Mapping[str, Place], notes: tuple[str, ...],
) -> Op:  # fmt: skip
    """The Op with these parameters, whose gradients lie at these places after its backward."""
    inner = op.backward

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        found = dict(inner(live, cot, inputs, labels))
        return found | {k: places.read(live, g) for k, g in grads.items()}

    def with_parameters(values: Primals) -> Live:
        return clone(proto, {params[k]: v for k, v in values.items()}, make)

    names = {k: gradient_label(g) for k, g in grads.items()}
    return replace(
        op, backward=backward, with_parameters=with_parameters, notes=(*op.notes, *notes),
        parameters=lambda live: {k: places.read(live, p) for k, p in params.items()},
        gradient_names={**op.gradient_names, **names},
    )  # fmt: skip
