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
from gradcheck.laws.meant import LAW, PACKAGE, attributes, bare_name, own_numbers
from gradcheck.laws.reference_losses import loss
from gradcheck.laws.windows import convolution
from gradcheck.types import Array, Case, Op, Status, Verdict

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
    (r"hard_?(swish|silu)", "", (), False),
    (r"silu|swish", "more_activations", ("silu",), False),
    (r"softplus", "more_activations", ("softplus",), False),
    (r"hardtanh", "more_activations", ("hardtanh",), False),
    (r"hard|logsigmoid|scaled|fast|shrink|lecun|piecewise", "", (), False),
    (r"sigmoid|logistic", "activations", ("sigmoid",), True),
    (r"tanh", "activations", ("tanh",), True),
)
#: Functions without a parameter that people choose.
FIXED = {"selu", "gelu"}
ALPHAS = (0.01, 0.1, 0.2, 0.3, 1.0, 0.05, 0.02, 0.5)


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
            found = (
                activation(op, case) or attention(op, case) or convolution(op, case, bare_name(op))
            )
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


def attention(op: Op, case: Case) -> Verdict | None:
    """Attention of queries, keys and values: scores are scaled by the root of their own width, or not.

    A scale of another kind is a choice; the root of another axis is not.
    """
    if "attention" not in bare_name(op) or [len(s.shape) for s in op.slots] != [3, 3, 3]:
        return None
    primals, labels = cases.draw(op, case)
    q, k, v = (primals[s.name] for s in op.slots)
    if k.shape[-1] != q.shape[-1] or v.shape[:-1] != k.shape[:-1] or op.parameters(op.make()):
        return None
    got = evaluate(op, case, primals, labels).output
    forward = importlib.import_module(f"{PACKAGE}.attention").attention_forward
    width = q.shape[-1]
    for causal in (False, True):
        wanted = forward(q, k, v, causal=causal)[0]
        if got.shape != wanted.shape:
            return None
        if not differs(got, wanted, 1e-7):
            return verdict(LAW, "pass", op, case, detail={"reference": "attention"})
        for axis, size in ((i, n) for i, n in enumerate(k.shape[:-1]) if n != width):
            other = forward(q * np.sqrt(width / size), k, v, causal=causal)[0]
            if not differs(got, other, 1e-7):
                why = f"the scores are divided by the root of {size}, the size of axis {axis}, not of the width {width}"
                return numbers_differ(LAW, "fail", op, case, "output", got, wanted, why)
    return None


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
