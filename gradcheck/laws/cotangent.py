"""Laws of the upstream gradient: backward is linear in it, and nothing comes of nothing."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.laws.common import (
    SAME_SINGLE,
    cotangent_for,
    differs,
    gradient_name,
    in_single,
    numbers_differ,
    rounding,
    run,
    start,
    verdict,
)
from gradcheck.types import Array, Case, Op, Verdict


def linear_in_cotangent(op: Op, case: Case) -> Iterator[Verdict]:
    """Backward is linear in the upstream gradient: it neither ignores nor saturates it."""
    law = "linear_in_cotangent"
    if op.terminal:
        yield from upstream_of_a_loss(op, case, law, 2.0)
        return
    base = run(op, case)
    cot = np.asarray(base.cotangent)
    other = np.roll(cot.ravel(), 1).reshape(cot.shape) * 1.5 + 0.25
    results = [gradients_at(op, case, c) for c in (cot, other, cot + 2 * other, 0 * cot)]
    large = gradients_at(op, case, 1e3 * cot)
    same = SAME_SINGLE if in_single(results[0]) else 1e-7
    failed = False
    for name, once in results[0].items():
        if any(name not in found for found in (*results[1:3], large)):
            yield verdict(law, "fail", op, case, gradient_name(op, name),
                          f"there is no {gradient_name(op, name)} for another upstream gradient")  # fmt: skip
            return
        results[3].setdefault(name, np.zeros_like(once))  # `zero_cotangent` says that it is missing
        rest = np.asarray(results[3][name], dtype=np.float64)
        wanted = 1e3 * (np.asarray(once, dtype=np.float64) - rest) + rest
        if differs(large[name], wanted, same) and not rounding(large[name] - wanted, large):
            yield numbers_differ(law, "fail", op, case, gradient_name(op, name), large[name], wanted,
                                 "the upstream gradient is 1000 times as large")  # fmt: skip
            return
    for name in results[0]:
        a, b, both, zero = (np.asarray(r[name], dtype=np.float64) for r in results)
        wanted = a + 2 * b - 2 * zero
        if not differs(both, wanted, same) or rounding(both - wanted, results[2]):
            continue
        failed = True
        ignored = not differs(a, b) and bool(np.any(a))
        why = (
            "backward ignores its upstream gradient"
            if ignored
            else "backward is not linear in its upstream gradient"
        )
        yield numbers_differ(law, "fail", op, case, gradient_name(op, name), both, wanted, why)
    if not failed:
        yield verdict(law, "pass", op, case)


def upstream_of_a_loss(op: Op, case: Case, law: str, value: float) -> Iterator[Verdict]:
    """``backward(dout=1)`` of a loss: another dout scales the gradient; ignoring it is worth a note."""
    live, inputs, _, labels = start(op, case)
    inner = getattr(live, "obj", None)
    method: Any = getattr(inner, "backward", None)
    if inner is None or not takes_optional_upstream(method):
        yield verdict(law, "skipped", op, case, what="a loss: its backward starts at 1")
        return
    wanted = {k: np.array(v) for k, v in gradients_at(op, case, np.ones(())).items()}
    op.forward(live, inputs, labels, case.train)
    inner.backward = lambda *_: method(value)  # on this one object only
    found = op.backward(live, np.asarray(value), inputs, labels)
    for name, once in wanted.items():
        got = np.asarray(found.get(name))
        if not differs(got, once * value):
            continue
        called = gradient_name(op, name)
        if not differs(got, once) and value != 0.0:
            yield numbers_differ(law, "note", op, case, called, got, once * value,
                                 f"backward(dout={value:g}) ignores dout")  # fmt: skip
        elif differs(got, once):
            yield numbers_differ(law, "fail", op, case, called, got, once * value,
                                 f"backward(dout={value:g}) does not scale with dout")  # fmt: skip
        elif law == "zero_cotangent" and not ignores_upstream(op, case, method):
            yield numbers_differ(law, "fail", op, case, called, got, once * value,
                                 "backward(dout=0) gives what dout=1 gives")  # fmt: skip
        else:
            continue
        return
    yield verdict(law, "pass", op, case)


def takes_optional_upstream(method: Any) -> bool:
    """Whether a bound backward has one argument, whose default is 1."""
    try:
        parameters = list(inspect.signature(method).parameters.values())
    except (TypeError, ValueError):
        return False
    return len(parameters) == 1 and parameters[0].default in (1, 1.0)


def ignores_upstream(op: Op, case: Case, method: Any) -> bool:
    """Whether another upstream gradient changes nothing at all."""
    live, inputs, _, labels = start(op, case)
    op.forward(live, inputs, labels, case.train)
    own = getattr(live.obj, method.__name__)
    results = []
    for value in (1.0, 2.0):
        op.forward(live, inputs, labels, case.train)
        results.append(np.array(own(value), dtype=object))
    return bool(np.array_equal(results[0], results[1]))


def gradients_at(op: Op, case: Case, cot: Array) -> dict[str, Array]:
    """Gradients of a fresh object for one cotangent."""
    live, inputs, _, labels = start(op, case)
    op.forward(live, inputs, labels, case.train)
    return {
        k: np.array(v)
        for k, v in op.backward(live, cot.copy(), inputs, labels).items()
        if v is not None
    }


def zero_cotangent(op: Op, case: Case) -> Iterator[Verdict]:
    """A zero upstream gradient gives zero gradients (and the regularisation terms alone)."""
    law = "zero_cotangent"
    if op.terminal:
        yield from upstream_of_a_loss(op, case, law, 0.0)
        return
    output = run(op, case).output
    if op.penalty is not None and op.penalty(op.make()) != 0.0:
        yield verdict(law, "skipped", op, case, what="a regularisation term remains")
        return
    zeros = np.zeros(np.shape(output))
    failed = False
    found = gradients_at(op, case, zeros)
    for name in gradients_at(op, case, cotangent_for(op, output, case)):
        if name not in found:
            failed = True
            called = gradient_name(op, name)
            text = (
                f"there is no {called} where the upstream gradient is zero, but it should be zeros"
            )
            yield verdict(law, "fail", op, case, called, text)
    for name, gradient in found.items():
        if gradient.dtype.kind == "f" and not np.array_equal(gradient, np.zeros_like(gradient)):
            failed = True
            yield numbers_differ(law, "fail", op, case, gradient_name(op, name), gradient, np.zeros_like(gradient),
                                 "the upstream gradient is zero")  # fmt: skip
    if not failed:
        yield verdict(law, "pass", op, case)
