"""The links of a network, the reference's or a user's: forward, backward, parameters, one step.

A user's class is adapted by the checker's own conventions (`Op`), so every style that
``gradcheck check`` reads can be trained with here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.conventions import Refused, Source, ops_for
from gradcheck.conventions.recognise import Planned
from gradcheck.conventions.signature import arguments, plain
from gradcheck.targets import Loaded
from gradcheck.training.networks import reference
from gradcheck.training.presets import Setup
from gradcheck.types import Array, Op, Primals

DENSE = ("dense", "linear", "affine", "fullyconnected", "fc")
OTHER_RELU = ("leaky", "prelu", "rrelu", "crelu", "relu6")
#: How the books and others name the arguments of an optimizer.
OPTION_NAMES = {
    "learning_rate": ("learningrate", "lr", "eta", "alpha", "stepsize"),
    "momentum": ("momentum", "mu", "beta"),
    "decay": ("decay", "lrdecay", "learningratedecay"),
    "rho": ("rho", "decayrate", "rmsdecay"),
}


class ReferencePart:
    """A layer, activation or loss of the nnfs reference."""

    mine = False

    def __init__(self, layer: Any) -> None:
        self.layer, self.name = layer, type(layer).__name__
        self._names = getattr(layer, "parameter_names", ())

    def forward(self, x: Array) -> Array:
        self.layer.forward(x, True)
        return np.asarray(self.layer.output)

    def backward(self, g: Array) -> tuple[Array, Primals]:
        self.layer.backward(g)
        return self.layer.dinputs, {n: getattr(self.layer, f"d{n}") for n in self._names}

    def parameters(self) -> Primals:
        return {n: getattr(self.layer, n) for n in self._names}

    def put(self, values: Primals) -> None:
        for name, value in values.items():
            getattr(self.layer, name)[...] = value


class UserPart:
    """A user's layer or activation; its parameters under the reference's names and shapes."""

    mine = True

    def __init__(self, op: Op, transposed: bool = False) -> None:
        self.op, self.name, self.transposed = op, op.name, transposed
        self.live = op.make()
        self.slot = op.slots[0].name
        held = op.parameters(self.live)
        self.keys = {("weights" if v.ndim == 2 and min(v.shape) > 1 else "biases"): k
                     for k, v in held.items()}  # fmt: skip

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.asarray(self.op.forward(self.live, {self.slot: x}, None, True))

    def backward(self, g: Array) -> tuple[Array, Primals]:
        found = self.op.backward(self.live, g, {self.slot: self.x}, None)
        return np.asarray(found[self.slot]), {
            name: self._shown(name, np.asarray(found[key])) for name, key in self.keys.items()
        }

    def parameters(self) -> Primals:
        held = self.op.parameters(self.live)
        return {name: self._shown(name, held[key]) for name, key in self.keys.items()}

    def put(self, values: Primals) -> None:
        held = self.op.parameters(self.live)
        for name, value in values.items():
            key = self.keys[name]
            turned = value.T if self.transposed and name == "weights" else value
            held[key][...] = turned.reshape(held[key].shape)

    def _shown(self, name: str, array: Array) -> Array:
        if name == "biases":
            return array.reshape(1, -1) if array.ndim < 2 or array.shape[1] == 1 else array
        return array.T if self.transposed else array


class ReferenceLoss:
    """A loss of the nnfs reference (fused with the softmax where it takes logits)."""

    mine = False

    def __init__(self, loss: Any) -> None:
        self.loss, self.name = loss, type(loss).__name__
        self.fused = "Softmax" in self.name

    def value(self, output: Array, y: Array) -> float:
        if self.fused:
            return float(self.loss.forward(output, y))
        return float(self.loss.calculate(output, y))

    def gradient(self, output: Array, y: Array) -> Array:
        self.loss.backward(self.loss.output if self.fused else output, y)
        return np.asarray(self.loss.dinputs)


class UserLoss:
    """A user's loss, given the labels in an encoding it takes."""

    mine = True

    def __init__(self, op: Op) -> None:
        self.op, self.name, self.live = op, op.name, op.make()
        self.slot = op.slots[0].name
        # A softmax inside takes logits, which may be any numbers.
        self.fused = op.slots[0].domain == "real" and "softmax" in plain(op.name)
        encodings = op.labels.encodings if op.labels else ("index",)
        self.onehot = "index" not in encodings and "onehot" in encodings

    def _labels(self, output: Array, y: Array) -> Array:
        return np.eye(output.shape[1])[y] if self.onehot else y

    def value(self, output: Array, y: Array) -> float:
        self.labels = self._labels(output, y)
        return float(self.op.forward(self.live, {self.slot: output}, self.labels, True))

    def gradient(self, output: Array, y: Array) -> Array:
        found = self.op.backward(self.live, np.array(1.0), {self.slot: output}, self.labels)
        return np.asarray(found[self.slot])


class ReferenceOptimizer:
    """An optimizer of the nnfs reference."""

    mine = False

    def __init__(self, optimizer: Any, layers: int) -> None:
        self.optimizer, self.name = optimizer, type(optimizer).__name__
        self.held = [SimpleNamespace(parameter_names=("weights", "biases")) for _ in range(layers)]

    def step(self, params: list[Primals], grads: list[Primals]) -> list[Primals]:
        self.optimizer.pre_update_params()
        after = []
        for held, values, gradients in zip(self.held, params, grads, strict=True):
            for name, value in values.items():
                setattr(held, name, np.array(value))
                setattr(held, f"d{name}", np.asarray(gradients[name]).reshape(value.shape))
            self.optimizer.update_params(held)
            after.append({name: getattr(held, name) for name in values})
        self.optimizer.post_update_params()
        return after


class UserOptimizer:
    """A user's optimizer: one object for each layer, or for each array where it takes only one."""

    mine = True

    def __init__(self, op: Op, layers: int) -> None:
        self.op, self.name = op, op.name
        tried_on = op.parameters(None)
        self.names = sorted(tried_on, key=lambda k: -tried_on[k].size)  # weights, then biases
        count = 2 if len(self.names) == 1 else 1
        self.lives = [[op.make() for _ in range(count)] for _ in range(layers)]

    def step(self, params: list[Primals], grads: list[Primals]) -> list[Primals]:
        after = []
        for lives, values, gradients in zip(self.lives, params, grads, strict=True):
            slopes = {n: np.array(gradients[n]).reshape(v.shape) for n, v in values.items()}
            if len(lives) == 1:
                new = self.one(lives[0], values, slopes)
            else:
                new = {}
                for live, n in zip(lives, values, strict=True):
                    new |= self.one(live, {n: values[n]}, {n: slopes[n]})
            after.append({n: np.asarray(new[n]).reshape(v.shape) for n, v in values.items()})
        return after

    def one(self, live: Any, values: Primals, slopes: Primals) -> Primals:
        """One step of one object, under the names it knows."""
        assert self.op.step is not None
        known = dict(zip(self.names, values, strict=True))
        now = {k: np.array(values[n]) for k, n in known.items()}
        new = self.op.step(live, now, {k: slopes[n] for k, n in known.items()})
        return {n: new[k] for k, n in known.items()}


# ---- finding them in a user's file ---------------------------------------------------------------


def role(planned: Planned, setup: Setup) -> str:
    """``dense``, ``relu``, ``softmax``, ``loss`` or ``optimizer``; "" for anything else."""
    key = plain(planned.name)
    if planned.reason:
        return ""
    if planned.kind == "optimizer":
        return "optimizer" if setup.optimizer in key else ""
    words = ("mse", "squared") if setup.regression else ("crossentropy", "softmax", "nll")
    binary = any(w in key for w in ("binary", "sigmoid", "bce"))
    if planned.kind == "loss":
        return "loss" if any(w in key for w in words) and not binary else ""
    if planned.kind != "layer":
        return ""
    if any(w in key for w in DENSE):
        return "dense"
    if "relu" in key and not any(w in key for w in OTHER_RELU):
        return "relu"
    return "softmax" if "softmax" in key and "log" not in key else ""


def ops_of(loaded: Loaded, planned: Planned, calls: Iterator[str | None]) -> Iterator[Op]:
    """The Ops that the given constructor calls lead to; calls that do not work are passed over."""
    obj = loaded.namespace.get(planned.name)
    for call in calls if isinstance(obj, type) else (None,):
        source = Source(planned.name, obj, loaded.namespace, loaded.tree, call)
        try:
            yield from ops_for(source, planned.kind)[:1]
        except Refused:
            continue


def dense_op(loaded: Loaded, planned: Planned, n_in: int, n_out: int) -> Op | None:
    """The user's dense layer of these sizes, or None where it cannot be built."""
    name = planned.name
    calls = (
        f"{name}({n_in}, {n_out})",
        f"{name}(np.zeros(({n_in}, {n_out})), np.zeros({n_out}))",
        f"{name}(np.zeros(({n_in}, {n_out})), np.zeros((1, {n_out})))",
        f"{name}({n_out}, {n_in})",
        f"{name}({n_out})",
    )
    for op in ops_of(loaded, planned, iter(calls)):
        shapes = [v.shape for v in op.parameters(op.make()).values()]
        sizes = {(n_in, n_out), (n_out, n_in)}
        biases = {(n_out,), (1, n_out), (n_out, 1)}
        matrix = [s for s in shapes if s in sizes]
        if len(shapes) == 2 and matrix and any(s in biases for s in shapes):
            return op
    return None


def optimizer_call(loaded: Loaded, planned: Planned, setup: Setup) -> tuple[str, dict[str, float]]:
    """The constructor call with the setup's options, and those options the class does not have."""
    cls: Any = loaded.namespace.get(planned.name)
    names = {plain(a.name): a.name for a in arguments(getattr(cls, "__init__", cls))}
    given, left = {}, {}
    options = {"learning_rate": 1e-3} | dict(setup.options)
    for option, value in options.items():
        known = next((names[n] for n in OPTION_NAMES.get(option, ()) if n in names), None)
        if known is None:
            left[option] = value
        else:
            given[known] = value
    text = ", ".join(f"{k}={v!r}" for k, v in given.items())
    return f"{planned.name}({text})", left


def reference_parts(setup: Setup, widths: list[int], *, fused: bool) -> list[ReferencePart]:
    """Dense and ReLU layers in order, and the output activation unless the loss holds it."""
    nnfs, parts = reference("nnfs"), []
    for i, n_in in enumerate(widths[:-1]):
        parts.append(ReferencePart(nnfs.Layer_Dense(n_in, widths[i + 1], init=setup.init, rng=i)))
        if i < len(widths) - 2:
            parts.append(ReferencePart(nnfs.Activation_ReLU()))
    if not fused and not setup.regression:
        parts.append(ReferencePart(nnfs.Activation_Softmax()))
    return parts


def reference_loss(setup: Setup, *, fused: bool) -> ReferenceLoss:
    """The loss that goes with `reference_parts`."""
    nnfs = reference("nnfs")
    if setup.regression:
        return ReferenceLoss(nnfs.Loss_MeanSquaredError())
    if fused:
        return ReferenceLoss(nnfs.Activation_Softmax_Loss_CategoricalCrossentropy())
    return ReferenceLoss(nnfs.Loss_CategoricalCrossentropy())


def without(options: Mapping[str, float], left: Mapping[str, float]) -> dict[str, float]:
    """The options that both sides have."""
    return {k: v for k, v in options.items() if k not in left}
