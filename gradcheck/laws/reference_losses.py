"""A loss against the reference's of the same role, up to the constant that reductions differ by."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import evaluate, verdict
from gradcheck.laws.meant import LAW, PACKAGE, attributes, bare_name, own_numbers
from gradcheck.types import Case, Op, Status, Verdict

LOSSES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (r"hinge|svm|triplet|contrastive|cosine|dice|weight|focal|margin|mask|logcosh|rmse|root|msle|squaredlog|ridge|regular|penalty|kl|hardest|hardloss|ohem|mining", "", (), ""),
    (r"softmin|sparsemax|entmax|gumbel|softmax.*(binary|bce)", "", (), ""),
    (r"meansquare|^mse|mseloss|squarederror|lossmse", "losses", ("mean_squared_error",), "real"),
    (r"meanabsolute|^mae|maeloss|absoluteerror", "losses", ("mean_absolute_error",), "real"),
    (r"huber|smoothl1", "more_losses", ("huber",), "real"),
    (r"smooth", "", (), ""),
    (r"binary|^bce|bceloss", "losses", ("binary_crossentropy",), "unit"),
    (r"binary|^bce|sigmoid", "losses", ("sigmoid_crossentropy",), "logits"),
    (r"crossentropy|^cce|softmax", "losses", ("categorical_crossentropy", "binary_crossentropy"), "simplex"),
    (r"crossentropy|softmax", "losses", ("softmax_crossentropy",), "classes"),
)  # fmt: skip
#: A loss with an epsilon inside differs by about that much.
CLOSE = 1e-5


def loss(op: Op, case: Case) -> Verdict | None:
    """The value against the reference's mean loss, up to the constant that reductions differ by."""
    name, assert_labels = bare_name(op), op.labels
    assert assert_labels is not None
    if assert_labels.ignored is not None:
        return None  # no loss of the reference leaves samples out
    if len(op.slots) != 1 or op.slots[0].shape[:1] != ("N",) or op.parameters(op.make()):
        return None
    if case.config and not re.search("huber", name):
        return (
            None  # another value of an option that the reference may not have: smoothing, a weight
        )
    if f"({op.slots[0].name})" in op.reading:
        return None  # of an activation that the name says nothing of
    encoding = case.labels or assert_labels.encodings[0]
    domain = op.slots[0].domain
    meant = {"index": "classes", "onehot": "classes", "index_column": "classes", "mask": "classes", "binary": "logits",
             "binary_flat": "logits", "real": "real", "real_flat": "real"}.get(encoding, "")  # fmt: skip
    kind = domain if domain != "real" else meant
    row = next((r for r in LOSSES if re.search(r[0], name) and (not r[2] or r[3] == kind)), None)
    if row is None or not row[2]:
        return None
    best: tuple[list[tuple[float, float]], bool] | None = None
    # One-hot labels may be meant one by one: a cross entropy of every output.
    names = row[2] if encoding == "onehot" else row[2][:1]
    for called, forward in ((n, f) for n in names for f in loss_variants(op, row[1], n)):
        pairs = values_of(op, case, forward)
        factors = [mine / wanted for mine, wanted in pairs]
        steady = bool(np.ptp(factors) < CLOSE * abs(factors[0]))
        if steady and is_a_reduction(factors[0], op, case):
            return verdict(
                LAW, "pass", op, case, detail={"reference": called, "factor": factors[0]}
            )
        if best is None or (steady and called == names[0]):
            best = (pairs, steady)
    if best is None or (row[2][0] == "huber" and not own_numbers(op)):
        return None  # its delta cannot be known
    return differing_loss(op, case, row[2][0], *best)


def loss_variants(op: Op, module: str, name: str) -> Iterator[Callable[..., Any]]:
    """The reference's loss with every option that may be meant."""
    forward = getattr(importlib.import_module(f"{PACKAGE}.{module}"), f"{name}_forward")
    if name != "huber":
        yield forward
        return
    for delta in dict.fromkeys((*(a for a in attributes(op) if a > 0), 1.0)):
        yield partial(forward, delta=delta)


def values_of(op: Op, case: Case, forward: Callable[..., Any]) -> list[tuple[float, float]]:
    """The user's loss beside the reference's mean loss, at three drawn points."""
    pairs = []
    for seed in (case.seed, case.seed + 1, case.seed + 2):
        primals, labels = cases.draw(op, case.replace(seed=seed))
        mine = float(evaluate(op, case, primals, labels).output)
        pairs.append((mine, float(np.mean(forward(primals[op.slots[0].name], labels)[0]))))
    return pairs


def is_a_reduction(factor: float, op: Op, case: Case) -> bool:
    """Whether a constant factor is a sum over samples or outputs, a half, or another logarithm."""
    shape = op.slots[0].sized(dict(case.sizes))
    n, j = shape[0], int(np.prod(shape[1:]))
    legal = product((1.0, n), (1.0, j, 1.0 / j), (1.0, 0.5, 2.0, 1 / np.log(2.0)))
    return any(abs(factor - a * b * c) < CLOSE * a * b * c for a, b, c in legal)


def differing_loss(
    op: Op, case: Case, name: str, pairs: list[tuple[float, float]], steady: bool
) -> Verdict:
    """A loss that is another multiple of the reference's (a note), or another function (wrong)."""
    mine, wanted = pairs[0]
    factors = [m / w for m, w in pairs]
    text = f"the loss is {mine:.8g}, but the reference's {name} (a mean) is {wanted:.8g}"
    constant = added(pairs)
    if constant is not None:
        steady, text = True, f"{text}: always {constant:.6g} more"
    elif steady:
        text += f": always {factors[0]:.6g} times as much"
    else:
        text += f"; the ratio is not constant: {factors[0]:.6g}, {factors[1]:.6g}"
    status: Status = "note" if steady else "fail"
    return verdict(LAW, status, op, case, "output", text, claimed=mine, measured=wanted)


def added(pairs: list[tuple[float, float]]) -> float | None:
    """The constant that a loss adds to the reference's, where that is all there is to it."""
    apart = [mine - wanted for mine, wanted in pairs]
    largest = max(abs(wanted) for _, wanted in pairs)
    noise = 1e-15 * max(abs(mine) for mine, _ in pairs)
    return apart[0] if np.ptp(apart) <= CLOSE * largest + noise else None
