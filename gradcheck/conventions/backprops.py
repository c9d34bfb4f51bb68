"""Networks whose backward takes the data and the targets: ``feedforward(x)``, ``backprop(x, y)``.

No upstream gradient goes in and no loss comes out, so which loss the gradients belong to is tried:
the one that most parameters agree with, to more digits than chance gives.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions import layer_op, layers
from gradcheck.conventions.argument_roles import OUTPUTS, is_strength
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.hypotheses import dims_of
from gradcheck.conventions.live import Live, Refused, Skipped, call_quietly
from gradcheck.conventions.regulariser import with_regulariser
from gradcheck.conventions.signature import (
    LABELS,
    PREDICTIONS,
    RATES,
    arguments,
    plain,
    tree_of,
    verbs,
)
from gradcheck.conventions.sources import Source, builds
from gradcheck.conventions.stand_ins import RATE
from gradcheck.conventions.trained import DESCENDED
from gradcheck.conventions.trials import takes_rate
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot

SUMS: dict[str, Callable[[Array, Array], Array]] = {
    "sum of cross entropies": lambda p, t: -np.sum(t * np.log(p)),
    "sum of binary cross entropies": lambda p, t: np.sum(-t * np.log(p) - (1 - t) * np.log(1 - p)),
    "binary cross entropy per sample": lambda p, t: np.sum(-t * np.log(p) - (1 - t) * np.log(1 - p)) / len(p),
}  # fmt: skip
LOSSES = DESCENDED | SUMS
ROWS, COLUMNS = "samples in rows", "samples in columns"
#: Batch shape and orientation, in the order they are tried.
READINGS: tuple[tuple[int | str, str], ...] = (("N", ROWS), ("N", COLUMNS), (1, COLUMNS), (1, ROWS))
MODEL_WORDS = ("network", "net", "model", "nn", "mlp", "perceptron", "classifier", "regress")
#: What a model is put together from.
PARTS = {
    "net",
    "network",
    "model",
    "loss",
    "lossfn",
    "lossfunction",
    "criterion",
    "optimizer",
    "optim",
    "opt",
}


#: Several matrices by name: what makes a class a network whatever it is called.
SEVERAL = re.compile(
    r"\b(self\.(w2|weights?_?2|w_?out|w_?ho|wo|layers|weights\[)|['\"]w2['\"])", re.IGNORECASE
)


def takes_targets(cls: Any, pair: tuple[str, str]) -> bool:
    """Whether forward takes the data alone, and backward the targets, perhaps data and output."""
    forward, backward = (
        [
            a
            for a in arguments(getattr(cls, m))
            if a.required and plain(a.name) not in RATES and not is_strength(a)
        ]
        for m in pair
    )
    data = {"x", "data", "inputs", "input", *(plain(a.name) for a in forward)}
    roles = [role_of(plain(a.name), data) for a in backward]
    if len(forward) != 1 or roles.count("targets") != 1 or "" in roles:
        return False
    key = plain(cls.__name__)
    if any(w in key for w in MODEL_WORDS):
        return True
    if roles == ["targets"] and compared_with_own(getattr(cls, pair[1]), backward[0].name):
        return True  # an output layer: softmax or sigmoid, and its loss
    known = roles[0] == "targets" or "data" in roles
    return known and SEVERAL.search(source_code(cls)) is not None


def compared_with_own(method: Any, name: str) -> bool:
    """Whether a method takes an argument from what its object holds: ``self.p - y``."""
    tree = tree_of(method)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            sides = (node.left, node.right)
            mine = [s for s in sides if getattr(getattr(s, "value", None), "id", "") == "self"]
            if mine and any(getattr(s, "id", "") == name for s in sides):
                return True
    return False


def role_of(name: str, data: set[str]) -> str:
    """What an argument of backward is: ``data``, ``targets``, ``output``, or "" for none of them."""
    if name in data and name not in LABELS - {"y"}:
        return "data"
    if name in LABELS:
        return "targets"
    return "output" if name in OUTPUTS | PREDICTIONS else ""


def source_code(cls: Any) -> str:
    """The source of a class, or "" where it cannot be had."""
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return ""


def backprop_op(source: Source) -> Op:
    """The Op of such a network, under the shape and the loss that agree best.

    Of several shapes the first with a gradient for most parameters is taken: code for one sample
    at a time runs for several, with gradients of the wrong shape.

    Raises
    ------
    Refused
        It cannot be built or run, or its gradients are those of none of the losses tried.
    """
    pair = verbs(source.obj)
    assert pair is not None
    given = [plain(a.name) for a in arguments(source.obj.__init__) if a.required]
    if len(given) > 1 and set(given) <= PARTS:
        raise Skipped(f"is given {', '.join(given)}, which are checked by themselves")
    problem = "cannot be built"
    for made, make in builds(source, source.obj, limit=3):
        proto = make()
        found = list(readings(source, pair, make, proto, dims_of(made, proto) or (4,)))
        most = max((len(ops[0].gradient_names) for ops in found), default=0)
        ops = next((ops for ops in found if len(ops[0].gradient_names) == most), [])
        counted = [(sum(agrees(op, k) for k in op.gradient_names), -i) for i, op in enumerate(ops)]
        agreeing, place = max(counted, default=(0, 0))
        if agreeing and settled(ops[-place], agreeing):
            return replace(ops[-place], built=made.text)
        penalised = next((p for op in ops if (p := with_penalty(op))), None)
        if penalised is not None:
            return replace(penalised, built=made.text)
        tried = f"gives the gradients of none of the losses tried: {', '.join(LOSSES)}"
        problem = (
            f"{pair[1]} of {made.text} {tried}" if ops else f"{made.text} runs for no shape tried"
        )
    raise Refused(problem)


def with_penalty(op: Op) -> Op | None:
    """The Op with the penalty that accounts for what a weight's gradient differs by, else None."""
    found = with_regulariser(op)
    own = op.parameters(op.make())
    explained = {t.parameter for t in getattr(found.penalty, "terms", ())}
    return found if any(own[k].ndim > 1 for k in explained) else None


def settled(op: Op, agreeing: int) -> bool:
    """Whether the loss is known: all gradients agree, or that of a matrix; a decay leaves a bias alone."""
    own = op.parameters(op.make())
    matrices = [k for k in own if k in op.gradient_names and own[k].ndim > 1]
    return agreeing == len(op.gradient_names) or any(
        agrees(op, k) for k in matrices if min(own[k].shape) > 1
    )


def agrees(op: Op, name: str) -> bool:
    """Whether the gradient of one parameter is that of the Op's loss."""
    return miss(op, Case(labels=op.labels.encodings[0] if op.labels else ""), only=name) < AGREES


def readings(
    source: Source,
    pair: tuple[str, str],
    make: Callable[[], Live],
    proto: Live,
    dims: tuple[int, ...],
) -> Iterator[list[Op]]:
    """For every shape that runs, the Ops of all losses; one row at a time only where no other runs."""
    ran = False
    for batch, side in READINGS:
        if (batch, side) == READINGS[-1] and ran:
            return
        for width in dims:
            slot = Slot("x", (batch, width))
            calls = network_calls(source.obj, pair, side)
            try:
                trial = layers.observe(make, proto, calls, (slot,), upstream=False)
            except Refused:
                continue
            if trial.problem:
                continue
            wanted = set(trial.params) or {slot.name}  # an output activation alone
            trial = replace(trial, grads={k: g for k, g in trial.grads.items() if k in wanted})
            if not trial.grads and not trial.params:
                continue
            ran = True
            given = arguments(getattr(source.obj, pair[1]))
            op = layer_op.to_op(source.name, "model", "backprop", make, proto, trial, "")
            steps = any(a.role == "rate" for a in given) or any(
                p[0] == ("attr", "memory") for p in trial.grads.values()
            )
            steps = steps or (bool(trial.moved) and takes_rate(op, trial))
            base = replace(
                op,
                convention="updating" if steps else "backprop", obj=source.obj,
                notes=(
                    *(f"no gradient found for {m}" for m in trial.missing),
                    *(f"not checked: backward returns {u}" for u in trial.unread),
                ),
            )  # fmt: skip
            yield [with_loss(base, trial.shapes[0], text, side) for text in LOSSES]
            break


def network_calls(cls: Any, pair: tuple[str, str], side: str) -> Calls:
    """How the two methods are called; the arrays of the checker have samples in rows."""
    forward_name, backward_name = pair
    every = arguments(getattr(cls, backward_name))
    args = [a for a in every if a.required]
    rates = {a.name: RATE for a in every if a.role == "rate" and type(a.default) is float}

    data = {"x", "data", "inputs", "input"}
    data |= {plain(a.name) for a in arguments(getattr(cls, forward_name)) if a.required}

    def turned(array: Any) -> Any:
        return np.array(np.transpose(array)) if side == COLUMNS else array

    def forward(live: Live, arrays: list[Array], labels: Array | None, train: bool) -> Any:
        live.memory["out"] = call_quietly(getattr(live.obj, forward_name), turned(arrays[0]))
        return turned(np.asarray(live.memory["out"]))

    def backward(live: Live, cots: list[Array], arrays: list[Array], labels: Array | None) -> Any:
        targets = np.abs(cots[0]) if labels is None else labels  # a trial run has no labels
        values = {
            "data": turned(arrays[0]),
            "targets": turned(targets),
            "output": live.memory["out"],
        }
        given = [
            RATE if plain(a.name) in RATES else 0.0 if is_strength(a)
            else values[role_of(plain(a.name), data)] for a in args
        ]  # fmt: skip
        return call_quietly(getattr(live.obj, backward_name), *given, seed=1, **rates)

    return Calls(
        forward, backward, ("x",), forward_function=getattr(cls, forward_name),
        backward_function=getattr(cls, backward_name),
    )  # fmt: skip


def with_loss(base: Op, shape: tuple[int, ...], text: str, side: str) -> Op:
    """The Op that ends in one of the losses."""
    encoding = "real" if "square" in text else "binary" if "binary" in text else "onehot"
    loss = LOSSES[text]

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        prediction = base.forward(live, inputs, labels, train).reshape(-1, *shape[1:])
        with np.errstate(all="ignore"):  # a prediction outside (0, 1) rules the logarithms out
            return np.asarray(loss(prediction, np.asarray(labels, dtype=prediction.dtype)))

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        # The shape of the output stands for the cotangent that these networks do not take.
        return base.backward(live, np.ones(live.memory["shapes"][0]), inputs, labels)

    return replace(
        base, forward=forward, backward=backward, terminal=True,
        labels=LabelSpec((encoding,), int(shape[-1]), wide=True),
        reading=f"the gradients are those of the {text}, {side}",
    )  # fmt: skip
