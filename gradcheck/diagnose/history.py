"""Whether a call depends on the calls before it: what state between calls predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.diagnose.repairs import quiet
from gradcheck.laws.common import cotangent_for, start
from gradcheck.types import Array, Case, Op, Primals


def follows_history(op: Op, case: Case, wrt: str) -> bool:
    """Whether a result is another one after a call with another batch than on a fresh object."""
    fresh, used = (
        after_call(op, case, None),
        after_call(op, case, case.replace(seed=case.seed + 13)),
    )
    if fresh is None or used is None:
        return fresh is not None  # it runs on a fresh object alone
    names = [wrt] if wrt in fresh and wrt in used else [n for n in fresh if n in used]
    return any(not np.array_equal(fresh[n], used[n], equal_nan=True) for n in names)


def after_call(op: Op, case: Case, before: Case | None) -> dict[str, Array] | None:
    """Output and gradients of an object, another batch run through it before; None if it raises."""
    try:
        with quiet():
            live, inputs, _, labels = start(op, case)
            if before is not None:
                other, target = cases.draw(op, before)
                given = {s.name: other[s.name] for s in op.slots}
                called(op, live, before, given, target)
            return called(op, live, case, inputs, labels)
    except Exception:  # it cannot be run like that
        return None


def called(
    op: Op, live: Any, case: Case, inputs: Primals, labels: Array | None
) -> dict[str, Array]:
    """Output and gradients of one call, as copies."""
    inputs = {k: np.array(v) for k, v in inputs.items()}
    output = op.forward(live, inputs, labels, case.train)
    result = {"output": np.array(output)}
    if op.backward is not None:
        grads: Mapping[str, Any] = op.backward(
            live, cotangent_for(op, output, case), inputs, labels
        )
        result |= {k: np.array(g) for k, g in grads.items() if g is not None}
    return result


def forward_keeps(op: Op, case: Case) -> bool:
    """Whether the same forward, without a backward, gives something else the second time."""
    try:
        with quiet():
            live, inputs, _, labels = start(op, case)
            one, two = (
                np.array(op.forward(live, {k: np.array(v) for k, v in inputs.items()},
                                    None if labels is None else np.array(labels), case.train))
                for _ in range(2)
            )  # fmt: skip
    except Exception:  # it cannot be called twice
        return False
    return one.shape == two.shape and not np.array_equal(one, two, equal_nan=True)


def parameters_changed(op: Op, case: Case, backward: bool = True) -> list[str]:
    """The parameters that one forward and backward change, or a forward alone."""
    try:
        with quiet():
            live, inputs, _parameters, labels = start(op, case)
            before = {k: np.array(v) for k, v in op.parameters(live).items()}
            if backward:
                called(op, live, case, inputs, labels)
            else:
                op.forward(live, inputs, labels, case.train)
            after = op.parameters(live)
    except Exception:  # it cannot be run
        return []
    return [
        k
        for k, v in before.items()
        if k in after and not np.array_equal(v, after[k], equal_nan=True)
    ]


def steps_along(op: Op, case: Case, name: str) -> bool:
    """Whether a parameter that backward changes moves by a multiple of its own gradient."""
    try:
        with quiet():
            live, inputs, _, labels = start(op, case)
            before = np.array(op.parameters(live)[name])
            gradient = called(op, live, case, inputs, labels)[name]
            step = np.asarray(op.parameters(live)[name]) - before
    except Exception:  # it has no gradient of its own
        return False
    norm = float(np.sum(gradient * gradient))
    if step.shape != gradient.shape or not norm:
        return False
    length = float(np.sum(step * gradient)) / norm
    return length < 0 and np.allclose(step, length * gradient, rtol=1e-6, atol=1e-12)


def accumulated(op: Op, case: Case, wrt: str) -> bool:
    """Whether a second identical call on one object gives twice the first one's gradient."""
    try:
        with quiet():
            live, inputs, _, labels = start(op, case)
            one, two = (called(op, live, case, inputs, labels).get(wrt) for _ in range(2))
    except Exception:  # it cannot be called twice
        return False
    if one is None or two is None or one.shape != two.shape or not np.any(one):
        return False
    return bool(np.allclose(two, 2 * one, rtol=1e-6, atol=1e-12))
