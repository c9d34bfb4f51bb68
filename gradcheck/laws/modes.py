"""The law of training and evaluation: dropout, noise and normalisation do in each what they should."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.laws.common import (
    differs,
    evaluate,
    name_of,
    numbers_differ,
    relabelled,
    source_text,
    start,
    verdict,
)
from gradcheck.laws.dropout import MANY, dropout, is_mask, large
from gradcheck.laws.gradient import gradient
from gradcheck.laws.inner_masks import inner_masks
from gradcheck.laws.model_training import flag_restored, predicts_alike
from gradcheck.types import Array, Case, Op, Verdict

LAW = "train_eval"


def train_eval(op: Op, case: Case) -> Iterator[Verdict]:
    """Dropout and normalisation are right in training and in evaluation, and backward follows."""
    if op.kind == "model":
        found = [*flag_restored(op, case), *predicts_alike(op, case), *inner_masks(op, case)]
        yield from found or [verdict(LAW, "pass", op, case)]
        return
    if not op.has_mode:
        yield verdict(LAW, "skipped", op, case, what="has no training flag")
        return
    evaluation = replace(case, train=False)
    found = []
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
        found += [in_evaluation(op, evaluation, relabelled(v, LAW)) for v in wrong]
    if len(op.slots) == 1 and op.slots[0].domain == "real":
        if is_mask(op, case):
            found += dropout(op, case)
        elif keeps_statistics(op):
            found += normalisation(op, case)
    if not any(v.status == "fail" for v in found):
        found += inner_masks(op, case)
    yield from found
    if not found:
        yield verdict(LAW, "pass", op, case)


def in_evaluation(op: Op, case: Case, found: Verdict) -> Verdict:
    """A wrong gradient in evaluation: wrong where backward looks at the mode, else worth a note.

    Nobody backpropagates in evaluation to train, and a backward that has the formula of training
    only does not claim that one may.
    """
    if found.status != "fail" or op.follows_mode:
        return found
    what = found.message.partition(" [")[0]
    text = f"in evaluation mode {what}: backward has the gradient of training only, it does not look at the mode"
    return replace(found, status="note", message=verdict(LAW, "note", op, case, what=text).message)


def keeps_statistics(op: Op) -> bool:
    """Whether a layer is a batch normalisation, by its name or by the averages it keeps."""
    name = name_of(op)
    if re.search(r"batchnorm|batchnormali[sz]|bnlayer|^bn\d?d?$", name):
        return True
    kept = re.search(r"running|moving|\bavg_|_avg\b|ema_", source_text(op))
    return kept is not None and re.search(r"norm|bn|standardi[sz]", name) is not None


def after_backward(op: Op, case: Case) -> bool:
    """Whether the forward alone runs in this mode."""
    live, inputs, _, labels = start(op, case)
    try:
        op.forward(live, inputs, labels, case.train)
    except Exception:  # judged by the caller
        return False
    return True


def normalisation(op: Op, case: Case) -> Iterator[Verdict]:
    """Training standardises the batch at hand; evaluation uses statistics learnt in training."""
    live, inputs, name = large(op, case)
    x = 9.0 + 1.5 * inputs[name][: MANY // 4]
    train = np.array(op.forward(live, {name: x.copy()}, None, True))
    if op.slots[0].shape[0] == "N" and of_each_sample(live, op, name, x, train):
        # the running statistics are the mean over samples: these are all alike then
        x = np.repeat(x[:1], len(x), axis=0)
        train = np.array(op.forward(live, {name: x.copy()}, None, True))
    shifted = np.array(op.forward(live, {name: 2.0 * x + 5.0}, None, True))
    if differs(shifted, train, 1e-2):
        yield numbers_differ(LAW, "fail", op, case, "output", shifted, train,
                             "in training 2x + 5 must give what x gives: the batch's own mean and variance are used")  # fmt: skip
        return
    axes = tuple(i for i in range(train.ndim) if i != (1 if train.ndim != 3 else 2))
    mean, var = statistics_of(op, name, x, axes)
    if mean and var and abs(mean + var - 1) < 0.02 and abs(mean - var) > 0.1:
        text = f"one training pass moves the running mean {mean:.2g} of the way to the batch's, and the running variance {var:.2g}"
        yield verdict(
            LAW, "fail", op, case, "output", f"{text}: the two shares are exchanged in one of them"
        )
        return
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
    half = len(x) // 2 if op.slots[0].shape[0] == "N" else len(x)
    alone = np.array(op.forward(live, {name: x[:half].copy()}, None, False))
    if differs(alone, settled[:half]):
        yield numbers_differ(LAW, "fail", op, replace(case, train=False), "output", alone, settled[:half],
                             "in evaluation a sample must not depend on the others: the batch's own statistics are used")  # fmt: skip
        return
    for _ in range(3):
        op.forward(live, {name: 7.0 - x}, None, False)
    again = np.array(op.forward(live, {name: x.copy()}, None, False))
    if differs(again, settled):
        yield numbers_differ(LAW, "fail", op, replace(case, train=False), "output", again, settled,
                             "evaluation must not update the running statistics")  # fmt: skip


def of_each_sample(live: Any, op: Op, name: str, x: Array, train: Array) -> bool:
    """Whether every sample is standardised by itself in training, as in an instance normalisation."""
    alone = np.array(op.forward(live, {name: x[:1].copy()}, None, True))
    return alone.shape == train[:1].shape and not differs(alone, train[:1])


def statistics_of(
    op: Op, name: str, x: Array, axes: tuple[int, ...]
) -> tuple[float | None, float | None]:
    """How far a fresh object's running mean and variance go towards the batch's in one pass, as shares."""
    live = op.make()
    before = kept_statistics(live)
    if not before:  # a function makes them in its first pass
        op.forward(live, {name: 0.5 * x}, None, True)
        before = kept_statistics(live)
    op.forward(live, {name: x.copy()}, None, True)
    after = kept_statistics(live)
    shares: list[float | None] = []
    for kind, batch in (("mean", x.mean(axes)), ("var", x.var(axes))):
        old, new = before.get(kind), after.get(kind)
        if old is None or new is None or np.size(old) != batch.size or np.size(new) != batch.size:
            return None, None
        shares.append(float(np.median((np.ravel(new) - np.ravel(old)) / (batch - np.ravel(old)))))
    return shares[0], shares[1]


def kept_statistics(live: Any) -> dict[str, Array]:
    """The running mean and variance an object keeps, or the options of a function, by their names."""
    own = dict(getattr(getattr(live, "obj", live), "__dict__", {}))
    for held in getattr(live, "memory", {}).values():
        own |= {str(k): v for k, v in held.items()} if isinstance(held, dict) else {}
    found: dict[str, Array] = {}
    for key, value in own.items():
        match = re.search(r"(running|moving|avg|ema)_?(mean|var)", key.lower())
        if match and isinstance(value, np.ndarray):
            found[match[2]] = value.copy()
    return found


def settle(op: Op, live: Any, name: str, x: Array, train: Array, tolerance: Array) -> Array | None:
    """Evaluation once it is as in training, or once more training passes no longer change it.

    None where it still comes nearer; an average that grows with every batch goes away from it.
    """
    last = np.array(op.forward(live, {name: x.copy()}, None, False))
    distances = []
    for _ in range(20):
        for _ in range(40):
            op.forward(live, {name: x.copy()}, None, True)
        now = np.array(op.forward(live, {name: x.copy()}, None, False))
        if np.all(np.abs(now - train) <= tolerance) or not differs(now, last, 1e-4):
            return now
        last = now
        distances.append(float(np.max(np.abs(now - train))))
    return last if distances[-1] > distances[len(distances) // 2] else None
