"""The law of training and evaluation: dropout, noise and normalisation do in each what they should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    cotangent_for,
    differs,
    evaluate,
    first_difference,
    gradient_name,
    name_of,
    numbers_differ,
    relabelled,
    source_text,
    start,
    subscript,
    verdict,
)
from gradcheck.laws.gradient import gradient
from gradcheck.laws.models import flag_restored
from gradcheck.types import Array, Case, Op, Primals, Verdict

LAW = "train_eval"
MANY = 256
#: Standard deviations beyond which a share of kept units is no accident (1 in 5e8).
SIGMAS = 6.0


def train_eval(op: Op, case: Case) -> Iterator[Verdict]:
    """Dropout and normalisation are right in training and in evaluation, and backward follows."""
    if op.kind == "model":
        restored = list(flag_restored(op, case))
        yield from restored or [verdict(LAW, "pass", op, case)]
        return
    if not op.has_mode:
        yield verdict(LAW, "skipped", op, case, what="has no training flag")
        return
    evaluation = replace(case, train=False)
    found: list[Verdict] = []
    try:
        evaluate(op, evaluation)
    except Exception as error:
        text = f"in evaluation mode: raises {type(error).__name__}: {error}"
        if after_backward(op, evaluation):  # nobody backpropagates in evaluation
            found.append(verdict(LAW, "note", op, evaluation, "inputs", text))
        else:
            found.append(verdict(LAW, "fail", op, evaluation, "output", text))
    else:
        wrong = [v for v in gradient(op, evaluation) if v.status in {"fail", "note"}]
        found += [relabelled(v, LAW) for v in wrong]
    if len(op.slots) == 1 and op.slots[0].domain == "real":
        if is_mask(op, case):
            found += dropout(op, case)
        elif "batchnorm" in name_of(op) or ("norm" in name_of(op) and "running" in source_text(op)):
            found += normalisation(op, case)
    yield from found
    if not found:
        yield verdict(LAW, "pass", op, case)


def after_backward(op: Op, case: Case) -> bool:
    """Whether the forward alone runs in this mode."""
    live, inputs, _, labels = start(op, case)
    try:
        op.forward(live, inputs, labels, case.train)
    except Exception:  # judged by the caller
        return False
    return True


def large(op: Op, case: Case) -> tuple[Any, Primals, str]:
    """A live object with a large batch of inputs far from zero, and the input's name."""
    many = case.replace(N=MANY)
    primals, _ = cases.draw(op, many)
    name = op.slots[0].name
    inputs = {name: np.where(np.abs(primals[name]) < 0.1, 0.5, primals[name])}
    parameters = {k: v for k, v in primals.items() if k != name}
    return op.with_parameters(parameters), inputs, name


def is_mask(op: Op, case: Case) -> bool:
    """Whether the layer in training multiplies its input by 0 or by one constant."""
    live, inputs, name = large(op, case)
    output = np.asarray(op.forward(live, {name: inputs[name].copy()}, None, True))
    if output.shape != inputs[name].shape or "relu" in name_of(op):
        return False
    ratio = output / inputs[name]
    kept = ratio[ratio != 0]
    named = "drop" in name_of(op)
    return 0 < kept.size < ratio.size and (named or not differs(kept, np.full_like(kept, kept[0])))


def dropout(op: Op, case: Case) -> Iterator[Verdict]:
    """Kept values and their scale give the evaluation's expectation; backward uses the same mask."""
    live, inputs, name = large(op, case)
    x = inputs[name]
    output = np.array(op.forward(live, {name: x.copy()}, None, True))
    ratio = output / x
    cot = cotangent_for(op, output, case)
    back = op.backward(live, cot.copy(), {name: x.copy()}, None).get(name)
    if back is not None and differs(back, cot * ratio):
        yield numbers_differ(LAW, "fail", op, case, gradient_name(op, name), back, cot * ratio,
                             "backward must use the mask of the forward")  # fmt: skip
    in_use = np.array(op.forward(op.make(), {name: x.copy()}, None, False)) / x
    if differs(in_use, np.full_like(in_use, in_use.flat[0])):
        index, got, _ = first_difference(in_use, np.ones_like(in_use))
        text = f"evaluation scales {subscript(name, index)} by {got:.6g}, but should treat every unit alike"
        yield verdict(LAW, "fail", op, replace(case, train=False), "output", text, index=index)
        return
    scale, keep, expected = float(np.max(ratio)), float(np.mean(ratio != 0)), float(in_use.flat[0])
    spread = abs(scale) * float(np.sqrt(keep * (1 - keep) / ratio.size))
    if abs(scale * keep - expected) > SIGMAS * spread + 1e-9:
        text = (
            f"training keeps {keep:.3f} of the units, times {scale:.6g}: a mean of {scale * keep:.4g} (± {SIGMAS * spread:.2g}), "
            f"but evaluation gives {expected:.6g}: the scale does not fit the share that is kept"
        )
        yield verdict(
            LAW,
            "fail",
            op,
            case,
            name,
            text,
            claimed=scale * keep,
            measured=expected,
            bound=SIGMAS * spread,
        )


def normalisation(op: Op, case: Case) -> Iterator[Verdict]:
    """Training standardises the batch at hand; evaluation uses statistics learnt in training."""
    live, inputs, name = large(op, case)
    x = 9.0 + 1.5 * inputs[name][: MANY // 4]
    train = np.array(op.forward(live, {name: x.copy()}, None, True))
    shifted = np.array(op.forward(live, {name: 2.0 * x + 5.0}, None, True))
    if differs(shifted, train, 1e-2):
        yield numbers_differ(LAW, "fail", op, case, "output", shifted, train,
                             "in training 2x + 5 must give what x gives: the batch's own mean and variance are used")  # fmt: skip
        return
    if op.kind == "function":
        return  # the running statistics live in an option dict that the caller keeps
    axes = tuple(i for i in range(train.ndim) if i != (1 if train.ndim != 3 else 2))
    deviation = np.abs(
        train - train.mean(axes, keepdims=True)
    )  # n or n - 1 in the variance: 1 in 128
    tolerance = 0.03 * deviation + 0.02 * train.std(axes, keepdims=True) + 1e-9
    settled = settle(op, live, name, x, train, tolerance)
    if settled is None:
        return
    if np.any(np.abs(settled - train) > tolerance):
        yield numbers_differ(LAW, "fail", op, replace(case, train=False), "output", settled, train,
                             "after training on one batch again and again, evaluation of it must give the same")  # fmt: skip
        return
    for _ in range(3):
        op.forward(live, {name: 7.0 - x}, None, False)
    again = np.array(op.forward(live, {name: x.copy()}, None, False))
    if differs(again, settled):
        yield numbers_differ(LAW, "fail", op, replace(case, train=False), "output", again, settled,
                             "evaluation must not update the running statistics")  # fmt: skip


def settle(op: Op, live: Any, name: str, x: Array, train: Array, tolerance: Array) -> Array | None:
    """Evaluation once it is as in training, or once more training passes no longer change it."""
    last = np.array(op.forward(live, {name: x.copy()}, None, False))
    for _ in range(20):
        for _ in range(40):
            op.forward(live, {name: x.copy()}, None, True)
        now = np.array(op.forward(live, {name: x.copy()}, None, False))
        if np.all(np.abs(now - train) <= tolerance) or not differs(now, last, 1e-4):
            return now
        last = now
    return None
