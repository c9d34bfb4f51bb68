"""The law of roles: what a name promises, the behaviour keeps."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.accuracy import accuracy
from gradcheck.laws.causality import causal, promises
from gradcheck.laws.common import (
    differs,
    evaluate,
    name_of,
    numbers_differ,
    start,
    subscript,
    verdict,
)
from gradcheck.laws.dropout import kept_share
from gradcheck.laws.pooling import max_pool, mean_pool
from gradcheck.types import Array, Case, Op, Primals, Verdict

LAW = "roles"


def roles(op: Op, case: Case) -> Iterator[Verdict]:
    """Softmax rows sum to 1, normalisation standardises, an accuracy lies in [0, 1], as named."""
    if op.kind == "accuracy":
        yield from accuracy(op, case)
        return
    if op.kind == "model":
        yield from classifier(op, case)
        return
    wrong = list(causal(op, case))
    if wrong:
        yield from wrong
        return
    role = role_of(op)
    if role is None and promises(op):
        yield verdict(LAW, "pass", op, case, detail={"role": "causal"})
        return
    if role is None:
        yield verdict(LAW, "skipped", op, case, what="its name promises nothing that can be tested")
        return
    found = list(ROLES[role](op, case))
    yield from found
    if not found:
        yield verdict(LAW, "pass", op, case, detail={"role": role})


def classifier(op: Op, case: Case) -> Iterator[Verdict]:
    """A classifier's scores can be negative: no ReLU stands after its last layer."""
    live, inputs, _, _ = start(op, case.replace(N=16))
    predict = getattr(getattr(live, "obj", None), "predict", None)
    classes = op.labels is not None and op.labels.encodings[0] in {"index", "onehot"}
    if not callable(predict) or not classes or len(inputs) != 1:
        yield verdict(LAW, "skipped", op, case, what="has no predict for classes")
        return
    wrong = list(own_accuracy(op, case))
    yield from wrong
    if any(v.status == "fail" for v in wrong):
        return
    with np.errstate(all="ignore"):
        scores = np.asarray(predict(next(iter(inputs.values())).copy()))
    if scores.ndim != 2 or scores.dtype.kind != "f" or np.any(scores < 0):
        yield verdict(LAW, "pass", op, case)
        return
    dead = float(np.mean(scores == 0))
    if dead < 0.1:
        yield verdict(LAW, "pass", op, case)
        return
    text = (
        f"none of {scores.size} scores that predict gives is negative and {dead:.0%} are exactly 0: "
        "a ReLU stands after the last layer, so that its units die"
    )
    yield verdict(LAW, "fail", op, case, "output", text)


def own_accuracy(op: Op, case: Case) -> Iterator[Verdict]:
    """The model's ``accuracy(x, t)``: the share of samples whose largest score is the true class."""
    live, inputs, _, labels = start(op, case.replace(N=16))
    inner = getattr(live, "obj", None)
    found = [m for m in ACCURACIES if callable(getattr(inner, m, None))]
    if not found or labels is None or op.labels is None:
        return
    called, method = found[0], getattr(inner, found[0])
    x = next(iter(inputs.values()))
    evaluating(inner)
    with np.errstate(all="ignore"):
        scores = np.asarray(inner.predict(x.copy()))  # type: ignore[union-attr]
        if scores.ndim != 2 or len(scores) != 16:
            return
        truth = np.argmax(scores, axis=1)
        truth[::4] = (truth[::4] + 1) % scores.shape[1]
        onehot = np.eye(scores.shape[1])[truth]
        own, other = (truth, onehot) if op.labels.encodings[0] == "index" else (onehot, truth)
        kinds = (own, *(k for k in (other, truth[:, None]) if is_legal(op, inputs, own, k)))
        refused = 0
        for given in kinds:
            try:
                got = method(x.copy(), given.copy())
            except Exception as error:  # labels of another kind than it takes
                refused += 1
                if refused == len(kinds):
                    text = (
                        f"{called}(x, t) is not checked: it raises {type(error).__name__}: {error}"
                    )
                    yield verdict(LAW, "note", op, case, "accuracy", text)
                continue
            value = None if got is None else float(np.mean(got))
            if value is None or abs(value - 0.75) > 1e-9:
                said = "returns None" if value is None else f"is {value:.6g}"
                text = f"{called}(x, t) {said}, but should be 0.75 for labels of shape {given.shape} of which 12 in 16 are hit"
                table = np.argmax(scores, axis=1)[:, None] == truth
                crossed = value in {float(table.mean()), float(table.sum()) / 16}
                yield verdict(LAW, "fail", op, case, "accuracy", text, detail={"crossed": crossed})
                return


#: What the method is called that gives a model's share of hits.
ACCURACIES = ("accuracy", "score", "compute_accuracy", "calc_accuracy", "get_accuracy", "calculate_accuracy")  # fmt: skip


def is_legal(op: Op, inputs: Primals, own: Array, other: Array) -> bool:
    """Whether the model's loss takes labels of another form as the same."""
    values = []
    for labels in (own, other):
        given = {k: v.copy() for k, v in inputs.items()}
        try:
            values.append(np.asarray(op.forward(op.make(), given, labels.copy(), False)))
        except Exception:  # not of this form
            return False
    return bool(np.allclose(values[0], values[1], rtol=1e-9, atol=0.0))


def evaluating(model: Any) -> None:
    """Switch a model to evaluation, as its user would before asking for its accuracy."""
    switch = getattr(model, "eval", None)
    if inspect.ismethod(switch) and not inspect.signature(switch).parameters:
        switch()
    elif isinstance(getattr(model, "training", None), bool):
        model.training = False


def role_of(op: Op) -> str | None:
    """The role a name stands for: softmax, log_softmax, sigmoid, batch_norm, layer_norm."""
    name = name_of(op)
    if op.kind in {"loss", "model"} or "loss" in name or "entropy" in name or len(op.slots) != 1:
        return None
    if op.slots[0].domain != "real" or (op.terminal or op.labels):
        return None
    if "dropout" in name:
        return "kept_share"
    if "softmax" in name and not op.parameters(op.make()):
        return "log_softmax" if "log" in name else "softmax"
    if re.search(r"sigmoid|logistic", name) and not re.search(
        r"hard|log(?!istic)|fast|linear|approx", name
    ):
        return "sigmoid"
    if "pool" in name and not re.search(r"unpool|depool|upsampl|grad|backward|soft|frac", name):
        if op.parameters(op.make()):
            return None
        kinds = [w for w in ("max", "mean", "avg", "average") if w in name]
        return {1: "max_pool" if kinds[:1] == ["max"] else "mean_pool"}.get(len(kinds))
    if re.search(r"batchnorm|bnlayer|^bn\d?d?$", name):
        return "batch_norm"
    return "layer_norm" if "layernorm" in name else None


def softmax(op: Op, case: Case) -> Iterator[Verdict]:
    """Not negative, sums of 1 along one axis, unchanged by a shift along it."""
    yield from simplex(op, case, lambda y: y)


def log_softmax(op: Op, case: Case) -> Iterator[Verdict]:
    """The exponentials form a softmax."""
    yield from simplex(op, case, np.exp)


def simplex(op: Op, case: Case, of) -> Iterator[Verdict]:  # type: ignore[no-untyped-def]
    """Probabilities along one axis, and along which."""
    primals, labels = cases.draw(op, case)
    name = op.slots[0].name
    y = np.asarray(of(evaluate(op, case, primals, labels).output), dtype=np.float64)
    axis = next((a for a in (-1, *range(y.ndim)) if y.ndim and sums_to_one(y, a)), None)
    if axis is None:
        total = np.sum(y, axis=-1) if y.ndim else y
        index = tuple(
            int(i) for i in np.unravel_index(int(np.argmax(np.abs(total - 1))), np.shape(total))
        )
        text = f"{subscript('the sum of row', index)} = {float(np.asarray(total)[index]):.6g}, but should be 1"
        yield verdict(
            LAW,
            "fail",
            op,
            case,
            "output",
            text,
            index=index,
            claimed=float(np.asarray(total)[index]),
            measured=1.0,
        )
        return
    yield from along_batch(op, case, y, axis)
    x = primals[name]
    if x.shape == y.shape:
        moved = {**primals, name: x + np.take(x, [0], axis) * 3.0}
        again = np.asarray(of(evaluate(op, case, moved, labels).output))
        if differs(again, y, 1e-7):
            yield numbers_differ(
                LAW,
                "fail",
                op,
                case,
                "output",
                again,
                y,
                "a softmax does not change when a number is added to every logit",
            )


def sums_to_one(y: Array, axis: int) -> bool:
    """Whether y is not negative and sums to 1 along an axis."""
    return bool(np.all(y >= 0) and np.allclose(y.sum(axis), 1.0, rtol=0, atol=1e-6))


def along_batch(op: Op, case: Case, y: Array, axis: int) -> Iterator[Verdict]:
    """A softmax over the samples is wrong in a batch-first convention, and else worth a word."""
    shape = op.slots[0].shape
    if y.ndim < 2 or axis in (-1, y.ndim - 1) or "N" not in shape or shape.index("N") != axis:
        return
    certain = op.convention == "nnfs"
    text = f"the outputs sum to 1 along axis {axis}, over the samples of a batch (N, D): should be along axis {y.ndim - 1}, " \
           "unless samples stand in columns"  # fmt: skip
    yield verdict(LAW, "fail" if certain else "note", op, case, "output", text)


def sigmoid(op: Op, case: Case) -> Iterator[Verdict]:
    """Between 0 and 1, and f(x) + f(-x) = 1."""
    primals, labels = cases.draw(op, case)
    name = op.slots[0].name
    if op.parameters(op.make()):
        return
    y = evaluate(op, case, primals, labels).output
    mirrored = evaluate(op, case, {**primals, name: -primals[name]}, labels).output
    if y.shape != primals[name].shape:
        return
    if differs(y + mirrored, np.ones_like(y), 1e-7) or np.any((y < 0) | (y > 1)):
        yield numbers_differ(
            LAW,
            "fail",
            op,
            case,
            "output",
            y,
            1.0 / (1.0 + np.exp(-primals[name])),
            "that is the sigmoid",
        )


def batch_norm(op: Op, case: Case) -> Iterator[Verdict]:
    """Every feature has mean 0 and variance 1 over the samples before scale and shift."""
    yield from standardised(op, case, over_samples=True)


def layer_norm(op: Op, case: Case) -> Iterator[Verdict]:
    """Every sample has mean 0 and variance 1 over its features before scale and shift."""
    yield from standardised(op, case, over_samples=False)


def standardised(op: Op, case: Case, over_samples: bool) -> Iterator[Verdict]:
    """Mean and variance of the output along the axes the name promises, at scale 1 and shift 0."""
    case = case.replace(N=5, train=True)  # evaluation uses statistics of other data
    primals, labels = cases.draw(op, case)
    slot = op.slots[0]
    x = 3.0 + 2.0 * primals[slot.name]
    neutral = {k: neutral_value(k, v) for k, v in primals.items() if k != slot.name}
    if any(v is None for v in neutral.values()) or "N" not in slot.shape:
        return
    y = evaluate(op, case, {slot.name: x, **neutral}, labels).output  # type: ignore[dict-item]
    if y.shape != x.shape:
        return
    if not any(not np.any(v) for v in neutral.values()):
        y = y - y.mean()  # a shift that is a plain number cannot be set: it is taken out
    if not any(np.any(v) for v in neutral.values()):
        y = y / (y.std() or 1.0)
    batch = slot.shape.index("N")
    axes = promised_axes(y.ndim, batch, over_samples, neutral)  # type: ignore[arg-type]
    if any(standard(y, a) for a in axes):
        return
    others = promised_axes(y.ndim, batch, not over_samples, neutral)  # type: ignore[arg-type]
    where = "the samples" if over_samples else "the features of a sample"
    if any(standard(y, a) for a in others):
        text = f"the output is standardised over {'the features' if over_samples else 'the samples'}, but should be over {where}"
        yield verdict(
            LAW, "note" if op.slots[0].shape[0] != "N" else "fail", op, case, "output", text
        )
        return
    mean, var = float(np.mean(y.mean(axes[0]))), float(np.mean(y.var(axes[0])))
    text = f"over {where} the output has mean {mean:.4g} and variance {var:.4g}, but should have 0 and 1"
    yield verdict(LAW, "fail", op, case, "output", text, claimed=var, measured=1.0)


def neutral_value(name: str, value: Array) -> Array | None:
    """1 for a scale, 0 for a shift; None for a parameter of another kind."""
    key = name.lower().split(".")[-1]
    if re.search(r"gamma|scale|weight|^g$|^w$|gain", key):
        return np.ones_like(value)
    return np.zeros_like(value) if re.search(r"beta|shift|bias|^b$|offset", key) else None


def promised_axes(
    ndim: int, batch: int, over_samples: bool, parameters: dict[str, Array]
) -> list[tuple[int, ...]]:
    """The sets of axes that may be meant."""
    every = set(range(ndim))
    if over_samples:
        return [(batch,), *(tuple(sorted(every - {c})) for c in every - {batch})]
    rest = sorted(every - {batch})
    return [tuple(rest), *((a,) for a in rest)] if rest else []


def standard(y: Array, axes: tuple[int, ...]) -> bool:
    """Mean 0 and variance 1 along these axes (an epsilon or n - 1 in the variance allowed)."""
    count = float(np.prod([y.shape[a] for a in axes]))
    mean, var = y.mean(axes), y.var(axes)
    return bool(
        np.all(np.abs(mean) < 1e-4)
        and np.all(var < 1.001)
        and np.all(var > 0.98 * (count - 1) / count)
    )


ROLES = {
    f.__name__: f
    for f in (softmax, log_softmax, sigmoid, batch_norm, layer_norm, kept_share, max_pool, mean_pool)
}  # fmt: skip
