"""Functions that take parameters, data and labels and return a loss with its gradients.

``svm_loss(W, X, y, reg) -> (loss, dW)`` and ``loss_and_gradient(x, y, weights, bias) -> (loss,
weight_gradient, bias_gradient)``: the returned names say which argument each gradient is of.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import function_shapes, functions, places
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly
from gradcheck.conventions.loss_names import strong_label
from gradcheck.conventions.regulariser import name_words
from gradcheck.conventions.signature import PENALTIES, Arg, arguments, plain, returned_names
from gradcheck.conventions.sources import Source, more_telling
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot

DATA = {
    "x",
    "inputs",
    "input",
    "data",
    "features",
    "images",
    "xs",
    "samples",
    "examples",
    "xbatch",
    "xtrain",
}
STRENGTH = 0.1


@dataclass(frozen=True)
class Roles:
    """The arguments of such a function by what they are, and the place of every gradient."""

    data: str
    labels: str
    gradients: Mapping[str, int]
    fixed: Mapping[str, float]


def roles_of(function: Any) -> Roles | None:
    """The roles of a function's arguments, or None where it is no such function."""
    args = arguments(function, method=False)
    required = [a for a in args if a.required]
    returned = returned_names(function)
    if len(required) < 3 or len(returned) < 2:
        return None
    data = [a.name for a in required if plain(a.name) in DATA]
    labels = [a.name for a in required if strong_label(plain(a.name))]
    labels = labels or [a.name for a in required if plain(a.name) in {"y", "t", "ys"}]
    if len(data) != 1 or len(labels) != 1 or data == labels:
        return None
    others = [a for a in required if a.name not in {data[0], labels[0]}]
    gradients = {}
    for position, name in enumerate(returned[1:], 1):
        own = next((a.name for a in others if is_gradient_of(name, a.name)), None)
        if own is None or own in gradients:
            return None
        gradients[own] = position
    rest = [a for a in others if a.name not in gradients]
    if any(not is_strength(a) for a in rest):
        return None
    spare = [a for a in args if not a.required and is_strength(a) and a.default in (0, 0.0)]
    return Roles(
        data[0], labels[0], gradients, dict.fromkeys((a.name for a in (*rest, *spare)), STRENGTH)
    )


def is_gradient_of(name: str, argument: str) -> bool:
    """``dW`` of ``W``, ``weight_gradient`` of ``weights``, ``grad`` of the only parameter."""
    target = places.norm(argument)
    if any(places.same(stem, target) for stem in places.stems(name)):
        return True
    return plain(name) in {"grad", "gradient", "grads", "dw"} and target in {"w", "weight", "theta"}


def is_strength(arg: Arg) -> bool:
    """A regularisation strength."""
    words = name_words(arg.name)
    return bool(set(words) & PENALTIES) or any(w.startswith("reg") for w in words)


def shapes(roles: Roles) -> Iterator[tuple[dict[str, tuple[int, ...]], str]]:
    """Shapes of every parameter and an encoding of the labels, to try in turn."""
    weights = [
        k for k in roles.gradients if function_shapes.match_shape(k, {"w": (1,)}) is not None
    ]
    weights = weights or list(roles.gradients)[:1]
    for encoding, (w, b) in itertools.product(
        ("index", "onehot", "binary", "real"),
        (((4, 5), (5,)), ((5, 4), (5,)), ((4, 5), (1, 5)), ((4, 1), (1,)), ((4,), ())),
    ):
        if 5 in w or encoding in {"binary", "real"}:
            yield {k: w if k in weights else b for k in roles.gradients}, encoding


def classifier_op(source: Source) -> Op:
    """The Op of a loss with gradients, as a function of its parameters.

    Raises
    ------
    Refused
        The function does not run that way; the text names the most telling problem.
    """
    function = source.namespace[source.name]
    roles = roles_of(function)
    if roles is None:
        raise Refused("does not name its parameters, data and labels")
    why, first = "", None
    for sizes, encoding in shapes(roles):
        op = reading(source, function, roles, sizes, encoding)
        try:
            problem = unfit(op)
        except Exception as error:
            shown = ", ".join(f"{k} {s}" for k, s in sizes.items())
            text = f"{shown}, labels {encoding}: raises {type(error).__name__}: {error}"
            why = more_telling(why, text)
            continue
        if problem:
            why = more_telling(why, problem)
            continue
        if all(miss(op, only=k) < AGREES for k in roles.gradients):
            return op
        first = first or op
    if first is None:
        raise Refused(f"{source.name}: {why}")
    return first


def unfit(op: Op) -> str:
    """Why an Op cannot be meant: no finite loss, or gradients of other shapes than their primals."""
    primals, labels = cases.draw(op, Case())
    output, pullback = op.vjp(primals, labels)
    if not np.all(np.isfinite(output)):
        return "the loss is not finite"
    wrong = [k for k, g in pullback(np.ones(())).items() if g.shape != primals[k].shape]
    return f"the gradient of {wrong[0]} has another shape than {wrong[0]}" if wrong else ""


def reading(
    source: Source, function: Any, roles: Roles, sizes: Mapping[str, tuple[int, ...]], encoding: str
) -> Op:
    """The Op for these shapes and labels."""
    start = functions.parameter_maker(list(sizes), list(sizes.values()))
    flat = (4,) in sizes.values()
    classes = 5 if any(5 in shape for shape in sizes.values()) else 1

    def holding(values: Primals) -> Live:
        return Live(
            SimpleNamespace(), {**start().args, **{k: np.array(v) for k, v in values.items()}}
        )

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        target = np.ravel(np.asarray(labels)) if flat else labels
        given: dict[str, Any] = {**live.args, **roles.fixed, roles.labels: target}
        given[roles.data] = inputs[roles.data]
        live.ret = call_quietly(function, **given)
        return np.asarray(arrays_of(live.ret[0])[0], dtype=np.float64).reshape(())

    def backward(live: Live, cot: Array, inputs: Primals, labels: Array | None) -> dict[str, Any]:
        return {k: np.asarray(live.ret[i]) for k, i in roles.gradients.items()}

    given = [f"{k}{s}" for k, s in sizes.items()] + [f"{k}={v}" for k, v in roles.fixed.items()]
    return Op(
        name=source.name, kind="model", convention="functions", make=lambda: holding({}),
        parameters=lambda live: {k: live.args[k] for k in roles.gradients}, with_parameters=holding,
        forward=forward, backward=backward, slots=(Slot(roles.data, ("N", 4)),),
        labels=LabelSpec((encoding,), classes, wide=True), terminal=True,
        built=f"{source.name}({', '.join([roles.data, roles.labels, *given])})", obj=function,
        gradient_names={k: returned_names(function)[i] for k, i in roles.gradients.items()},
    )  # fmt: skip
