"""The law of the same role: what a name stands for gives the numbers of the reference."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from functools import partial
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
from gradcheck.laws.windows import convolution
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
    (r"weight|focal|margin|mask|logcosh|rmse|root|msle|squaredlog|ridge|regular|penalty|kl", "", (), ""),
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
#: Functions without a parameter that people choose.
FIXED = {"selu", "gelu"}
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
    try:
        if op.labels is not None and op.kind == "loss":
            found = loss(op, case)
        else:
            found = activation(op, case) or convolution(op, case, bare_name(op))
    except ValueError as error:  # the reference refuses this shape
        if "should have" not in str(error):
            raise
        found = None
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
    asked = asked_slope(op, names[0])
    if asked is not None:
        found = ignored_slope(op, case, module, names[0], x, got.output, asked)
        if found is not None:
            return found
    for wanted in variants(op, module, names, x):
        if not differs(got.output, wanted, 1e-7):
            return verdict(LAW, "pass", op, case, detail={"reference": names[0]})
        if nearest is None or np.max(np.abs(got.output - wanted)) < np.max(
            np.abs(got.output - nearest)
        ):
            nearest = wanted
    if nearest is None:
        return None
    far = differs(got.output, nearest, 1e-2)  # constants cut to three digits are nearer
    status: Status = "fail" if strict or (names[0] in FIXED and far) else "note"
    return numbers_differ(
        LAW,
        status,
        op,
        case,
        "output",
        got.output,
        nearest,
        f"forward is not the reference's {names[0]} of the same input",
    )


#: What the slope of the negative side is called in constructors.
SLOPES = ("alpha", "slope", "negativeslope", "leak", "leakage", "leakiness", "a")


def asked_slope(op: Op, name: str) -> float | None:
    """The slope the constructor was asked for, by an argument or by its default."""
    if name not in {"leaky_relu", "elu"}:
        return None
    for key, value in op.options.items():
        if re.sub(r"[^a-z]", "", key.lower()) in SLOPES and isinstance(value, (int, float)):
            return float(value)
    return None


def ignored_slope(
    op: Op, case: Case, module: str, name: str, x: Array, got: Array, asked: float
) -> Verdict | None:
    """A fail where the output has the slope that was asked for on the other side, or another one
    that stands in the code.

    A slope that was computed from the one asked for is the user's own definition.
    """
    forward = getattr(importlib.import_module(f"{PACKAGE}.{module}"), f"{name}_forward")
    wanted = forward(x, alpha=asked)[0]
    if not differs(got, wanted, 1e-7):
        return None
    if not differs(got, -forward(-x, alpha=asked)[0], 1e-7):
        why = f"the slope of {asked:g} belongs to x < 0, but forward has it where x > 0"
        return numbers_differ(LAW, "fail", op, case, "output", got, wanted, why)
    constants = [float(c) for c in re.findall(r"(?<![\w.])\d*\.?\d+(?![\w.])", source_text(op))]
    for fixed in dict.fromkeys((*constants, *ALPHAS)):
        if fixed > 0 and fixed != asked and not differs(got, forward(x, alpha=fixed)[0], 1e-7):
            why = f"{op.built or op.name} asks for a slope of {asked:g}, but has {fixed:g} whatever it is given"
            return numbers_differ(LAW, "fail", op, case, "output", got, wanted, why)
    return None


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
            for scaled, axis in product(stretched(op, x), range(x.ndim - 1, -1, -1)):
                moved = np.moveaxis(scaled, axis, -1)
                flat = forward(moved.reshape(-1, moved.shape[-1]))[0]
                yield np.moveaxis(flat.reshape(moved.shape), -1, axis)
        else:
            yield from (forward(z)[0] for z in stretched(op, x))
            if name == "gelu":
                yield x / (1.0 + np.exp(-1.702 * x))  # the sigmoid approximation of the same paper
            for beta in own if name in {"silu", "softplus"} else ():
                if beta > 0:
                    yield forward(beta * x)[0] / beta


def stretched(op: Op, x: Array) -> Iterator[Array]:
    """The input as it is, then divided and multiplied by the object's own numbers: a temperature."""
    yield x
    for number in own_numbers(op, (float, int)):
        if number not in {0.0, 1.0}:
            yield from (x / number, x * number)


def attributes(op: Op) -> list[float]:
    """The float numbers an object holds: its slope, its beta."""
    constants = [float(c) for c in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", source_text(op))]
    return own_numbers(op) + constants[:6]


def own_numbers(op: Op, kinds: tuple[type, ...] = (float,)) -> list[float]:
    """The numbers of these types that the object holds as attributes, and the options it was given."""
    inner = getattr(op.make(), "obj", None)
    held = [*(vars(inner).values() if hasattr(inner, "__dict__") else ()), *op.options.values()]
    numbers = [v for v in held if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return [float(v) for v in numbers if isinstance(v, kinds)]


def loss(op: Op, case: Case) -> Verdict | None:
    """The value against the reference's mean loss, up to the constant that reductions differ by."""
    name, assert_labels = bare_name(op), op.labels
    assert assert_labels is not None
    if assert_labels.ignored is not None:
        return None  # no loss of the reference leaves samples out
    if len(op.slots) != 1 or op.slots[0].shape[:1] != ("N",) or op.parameters(op.make()):
        return None
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
