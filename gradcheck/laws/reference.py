"""The law of the same role: what a name stands for gives the numbers of the reference."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    differs,
    evaluate,
    numbers_differ,
    source_text,
    verdict,
)
from gradcheck.types import Array, Case, Op, Status, Verdict

LAW = "same_as_reference"
PACKAGE = "gradcheck_reference.functional"
#: name pattern, module, functions that may be meant, and whether the name leaves no choice.
ACTIVATIONS: tuple[tuple[str, str, tuple[str, ...], bool], ...] = (
    (r"logsoftmax", "activations", ("log_softmax",), True),
    (r"softmax", "activations", ("softmax",), True),
    (r"leakyrelu|lrelu", "more_activations", ("leaky_relu",), False),
    (r"relu6", "more_activations", ("relu6",), True),
    (r"prelu|crelu|rrelu|thresholded|squaredrelu|relusquared|dice", "", (), False),
    (r"selu", "more_activations", ("selu",), False),
    (r"gelu", "more_activations", ("gelu", "gelu_tanh"), False),
    (r"relu", "activations", ("relu",), True),
    (r"^elu|exponentiallinear", "more_activations", ("elu",), False),
    (r"silu|swish", "more_activations", ("silu",), False),
    (r"softplus", "more_activations", ("softplus",), False),
    (r"hardtanh", "more_activations", ("hardtanh",), False),
    (r"hard|logsigmoid|scaled|fast|shrink|lecun|piecewise", "", (), False),
    (r"sigmoid|logistic", "activations", ("sigmoid",), True),
    (r"tanh", "activations", ("tanh",), True),
)
LOSSES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (r"weight|smooth|focal|margin|huber|logcosh|rmse|root|msle|squaredlog|ridge|regular|penalty|kl|huber", "", (), ""),
    (r"meansquare|^mse|mseloss|squarederror|lossmse", "losses", ("mean_squared_error",), "real"),
    (r"meanabsolute|^mae|maeloss|absoluteerror", "losses", ("mean_absolute_error",), "real"),
    (r"binary|^bce|bceloss", "losses", ("binary_crossentropy",), "unit"),
    (r"binary|^bce|sigmoid", "losses", ("sigmoid_crossentropy",), "logits"),
    (r"crossentropy|^cce|softmax", "losses", ("categorical_crossentropy",), "simplex"),
    (r"crossentropy|softmax", "losses", ("softmax_crossentropy",), "classes"),
)  # fmt: skip
ALPHAS = (0.01, 0.1, 0.2, 0.3, 1.0, 0.05, 0.02, 0.5)
#: A loss with an epsilon inside differs by about that much.
CLOSE = 1e-5


def same_as_reference(op: Op, case: Case) -> Iterator[Verdict]:
    """The forward of a known activation or loss equals the reference of the same role."""
    try:
        importlib.import_module(PACKAGE)
    except ImportError:
        yield verdict(
            LAW, "skipped", op, case, what="the package gradcheck_reference is not installed"
        )
        return
    found = loss(op, case) if op.labels is not None and op.kind == "loss" else activation(op, case)
    if found is None:
        yield verdict(
            LAW,
            "skipped",
            op,
            case,
            what="its name and arguments stand for no role of the reference",
        )
        return
    yield found


def bare_name(op: Op) -> str:
    """``Layer_Activation_SoftMax`` as ``softmax``: the name without what surrounds the role."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", op.name).lower()
    around = r"(^|_)(activation|layer|act|function|forward|func|fn)(?=_|$)"
    return re.sub(around, "", snake).replace("_", "")


def activation(op: Op, case: Case) -> Verdict | None:
    """The output against every function the name may mean."""
    name = bare_name(op)
    if (
        len(op.slots) != 1
        or op.slots[0].domain != "real"
        or op.terminal
        or op.parameters(op.make())
    ):
        return None
    row = next((r for r in ACTIVATIONS if re.search(r[0], name)), None)
    if row is None or not row[2] or re.search(r"loss|entropy|dense|conv|attention", name):
        return None
    _, module, names, strict = row
    primals, labels = cases.draw(op, case)
    x = primals[op.slots[0].name]
    got = evaluate(op, case, primals, labels)
    if got.output.shape != x.shape:
        return None
    nearest: Array | None = None
    for wanted in variants(op, module, names, x):
        if not differs(got.output, wanted, 1e-7):
            return verdict(LAW, "pass", op, case, detail={"reference": names[0]})
        if nearest is None or np.max(np.abs(got.output - wanted)) < np.max(
            np.abs(got.output - nearest)
        ):
            nearest = wanted
    if nearest is None:
        return None
    status: Status = "fail" if strict else "note"
    return numbers_differ(
        LAW,
        status,
        op,
        case,
        "output",
        got.output,
        nearest,
        f"the reference's {names[0]} of the same input",
    )


def variants(op: Op, module: str, names: tuple[str, ...], x: Array) -> Iterator[Array]:
    """The reference's outputs with every option that may be meant."""
    library = importlib.import_module(f"{PACKAGE}.{module}")
    own = attributes(op)
    for name in names:
        forward: Callable[..., Any] = getattr(library, f"{name}_forward")
        if name in {"leaky_relu", "elu"}:
            for alpha in dict.fromkeys((*own, *ALPHAS)):
                yield forward(x, alpha=alpha)[0]
        elif "softmax" in name:
            for axis in range(x.ndim - 1, -1, -1):
                moved = np.moveaxis(x, axis, -1)
                flat = forward(moved.reshape(-1, moved.shape[-1]))[0]
                yield np.moveaxis(flat.reshape(moved.shape), -1, axis)
        else:
            yield forward(x)[0]
            for beta in own if name in {"silu", "softplus"} else ():
                if beta > 0:
                    yield forward(beta * x)[0] / beta


def attributes(op: Op) -> list[float]:
    """The float numbers an object holds: its slope, its beta."""
    inner = getattr(op.make(), "obj", None)
    held = vars(inner).values() if hasattr(inner, "__dict__") else ()
    constants = [float(c) for c in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", source_text(op))]
    return [float(v) for v in held if isinstance(v, float)] + constants[:6]


def loss(op: Op, case: Case) -> Verdict | None:
    """The value against the reference's mean loss, up to the constant that reductions differ by."""
    name, assert_labels = bare_name(op), op.labels
    assert assert_labels is not None
    if len(op.slots) != 1 or op.slots[0].shape[:1] != ("N",) or op.parameters(op.make()):
        return None
    encoding = case.labels or assert_labels.encodings[0]
    domain = op.slots[0].domain
    meant = {"index": "classes", "onehot": "classes", "index_column": "classes", "binary": "logits",
             "binary_flat": "logits", "real": "real", "real_flat": "real"}.get(encoding, "")  # fmt: skip
    kind = domain if domain != "real" else meant
    row = next((r for r in LOSSES if re.search(r[0], name) and (not r[2] or r[3] == kind)), None)
    if row is None or not row[2]:
        return None
    forward = getattr(importlib.import_module(f"{PACKAGE}.{row[1]}"), f"{row[2][0]}_forward")
    ratios = []
    for seed in (case.seed, case.seed + 1, case.seed + 2):
        primals, labels = cases.draw(op, case.replace(seed=seed))
        mine = float(evaluate(op, case, primals, labels).output)
        wanted = float(np.mean(forward(primals[op.slots[0].name], labels)[0]))
        ratios.append((mine, wanted))
    factors = [m / w for m, w in ratios]
    n, j = dict(case.sizes)["N"], int(np.prod(primals[op.slots[0].name].shape[1:]))
    legal = [
        a * b * c
        for a, b, c in product((1.0, n), (1.0, j), (1.0, 0.5, 2.0, 1 / np.log(2.0), 1.0 / j))
    ]
    steady = np.ptp(factors) < CLOSE * abs(factors[0])
    if steady and any(abs(factors[0] - f) < CLOSE * f for f in legal):
        return verdict(LAW, "pass", op, case, detail={"reference": row[2][0], "factor": factors[0]})
    mine, wanted = ratios[0]
    text = f"the loss is {mine:.8g}, but the reference's {row[2][0]} (a mean) is {wanted:.8g}"
    if steady:
        return verdict(
            LAW,
            "note",
            op,
            case,
            "loss",
            f"{text}: always {factors[0]:.6g} times as much",
            claimed=mine,
            measured=wanted,
        )
    text += f"; the ratio is not constant: {factors[0]:.6g}, {factors[1]:.6g}"
    return verdict(LAW, "fail", op, case, "loss", text, claimed=mine, measured=wanted)
