"""Models that are assembled (add, set, finalize) or that only train and predict.

An assembled model is put together as the file itself does it, or from the file's own layers.  A
model that only trains shows its gradient in one step of training; which loss it descends is tried.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe, recipes, seeded
from gradcheck.conventions import loss_names, places
from gradcheck.conventions.calls import RATE
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.live import (
    Live,
    Refused,
    Skipped,
    arrays_of,
    begin_pass,
    call_quietly,
    clone,
    live_maker,
)
from gradcheck.conventions.signature import RATES, arguments, plain
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot

STEPS = ("add", "set", "finalize", "compile", "add_layer", "append", "build", "set_loss")


def assembled(name: str, tree: ast.AST, namespace: Mapping[str, Any]) -> Iterator[Recipe]:
    """Recipes for a model from code of the file that builds one."""
    for body in bodies(tree):
        for i, statement in enumerate(body):
            variable = assigned_call(statement, name)
            if variable is None:
                continue
            calls = [s for s in body[i + 1 :] if is_step(s, variable)]
            if calls:
                text = "; ".join(ast.unparse(s) for s in [statement, *calls])
                maker = functools.partial(run_statements, statement, calls, variable, namespace)
                yield Recipe(text, maker)
    own = composed(name, namespace)
    if own is not None:
        yield own


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements in a file."""
    for node in ast.walk(tree):
        for part in ("body", "orelse"):
            body = getattr(node, part, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body


def assigned_call(statement: ast.stmt, name: str) -> str | None:
    """The variable of ``model = Name()``; a function that takes the class counts, too."""
    if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)):
        return None
    target = statement.targets[0]
    called = getattr(statement.value.func, "id", None)
    return target.id if called == name and isinstance(target, ast.Name) else None


def is_step(statement: ast.stmt, variable: str) -> bool:
    """``variable.add(...)``, ``variable.set(...)`` and their kin."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    f = statement.value.func
    return (
        isinstance(f, ast.Attribute) and getattr(f.value, "id", "") == variable and f.attr in STEPS
    )


def run_statements(
    first: ast.stmt, calls: list[ast.stmt], variable: str, namespace: Mapping[str, Any]
) -> Any:
    """Execute the building statements in a copy of the file's names."""
    scope = {"np": np, **namespace}
    module = ast.Module([first, *calls], [])
    with seeded(0):
        exec(compile(ast.fix_missing_locations(module), "<assembly>", "exec"), scope)
    return scope[variable]


def composed(name: str, namespace: Mapping[str, Any]) -> Recipe | None:
    """Dense, activation, dense, loss and optimizer of the file put into the model."""
    pick = {
        key: next((n for n, v in namespace.items() if isinstance(v, type) and fits(plain(n))), None)
        for key, fits in PARTS.items()
    }
    if not (pick["dense"] and pick["hidden"]):
        return None
    model = namespace[name]
    if not callable(getattr(model, "add", None)):
        return None
    fused = pick["softmax"] is not None and pick["cce"] is not None
    lines = [f"model = {name}()", f"model.add({pick['dense']}(4, 6))", f"model.add({pick['hidden']}())",
             f"model.add({pick['dense']}(6, 5))"]  # fmt: skip
    if fused:
        lines.append(f"model.add({pick['softmax']}())")
    loss = pick["cce"] if fused else pick["mse"]
    if loss is None or not callable(getattr(model, "set", None)):
        return None
    parts = {
        "loss": loss,
        "optimizer": pick["optimizer"],
        "accuracy": pick["accuracy" if fused else "regression"],
    }
    known = {a.name for a in arguments(model.set)}
    lines.append(
        "model.set(" + ", ".join(f"{k}={v}()" for k, v in parts.items() if v and k in known) + ")"
    )
    if callable(getattr(model, "finalize", None)):
        lines.append("model.finalize()")
    body = ast.parse("\n".join(lines)).body
    return Recipe(
        "; ".join(lines), lambda: run_statements(body[0], list(body[1:]), "model", namespace)
    )


PARTS: dict[str, Callable[[str], bool]] = {
    "dense": lambda n: n in {"layerdense", "dense", "denselayer", "linear", "affine", "fullyconnected"},
    "hidden": lambda n: ("relu" in n or "tanh" in n) and "leaky" not in n and "loss" not in n,
    "softmax": lambda n: "softmax" in n and "loss" not in n,
    "cce": lambda n: "categoricalcrossentropy" in n and "softmax" not in n,
    "mse": lambda n: "meansquared" in n,
    "optimizer": lambda n: n in {"optimizersgd", "sgd", "optimizeradam", "adam"},
    "accuracy": lambda n: "accuracycategorical" in n,
    "regression": lambda n: "accuracyregression" in n,
}  # fmt: skip


def assembled_op(
    name: str, cls: Any, namespace: Mapping[str, Any], tree: ast.AST, init: str | None = None
) -> Op:
    """The Op of an assembled model: its loss as a function of every layer's parameters.

    Raises
    ------
    Refused
        The file does not show how it is put together, or it does not run.
    """
    if not (callable(getattr(cls, "forward", None)) and callable(getattr(cls, "backward", None))):
        raise Refused("has no forward and backward of its own")
    problem = "the file does not show how it is put together"
    for made in assembled(name, tree, namespace):
        try:
            proto = Live(made.make())
            return wired(name, cls, proto, made)
        except Exception as error:
            problem = (
                f"{made.text}: {type(error).__name__}: {error}"
                if not isinstance(error, Refused)
                else str(error)
            )
    raise Refused(problem)


def wired(name: str, cls: Any, proto: Live, made: Recipe) -> Op:
    """The Op of one assembled model.

    Raises
    ------
    Refused
        It has no loss, or no parameters with gradients are found after a backward.
    """
    loss = getattr(proto.obj, "loss", None)
    if loss is None or not callable(getattr(loss, "calculate", None)):
        raise Refused("has no loss with calculate")
    width = next(
        (a.shape[0] for a in places.walk(proto.obj, 5).values() if a.ndim == 2 and a.shape[0] > 1),
        4,
    )
    slot = Slot("X", ("N", int(width)))

    make = live_maker(made)

    def run(live: Live, x: Array) -> Array:
        flags = [a for a in arguments(live.obj.forward) if a.role == "flag"]
        out = call_quietly(live.obj.forward, x, **{a.name: bool(a.flag) for a in flags})
        live.out = out if out is not None else live.obj.layers[-1].output
        return np.asarray(live.out)

    case = Case()
    live = clone(proto, {}, make)
    x = cases.draw_slot(slot, case, cases.generator(case, 1))
    output = run(live, x)
    encodings = [
        e
        for e in loss_names.hints(type(loss).__name__)[1]
        if e in {"index", "onehot", "binary", "real"}
    ]
    spec = LabelSpec((encodings[0],), int(output.shape[-1]), wide=True)
    labels = cases.encode(
        encodings[0], output.shape, int(output.shape[-1]), cases.generator(case, 3)
    )
    call_quietly(live.obj.backward, live.out, labels, seed=1)
    after = {p: a for p, a in places.walk(live.obj, 5).items() if places.is_numeric(a)}
    own = {p: a for p, a in places.walk(proto.obj, 5).items() if places.is_numeric(a)}
    pairs = places.pair(own, {p: a for p, a in after.items() if p not in own})
    by_layer = {p: g for p, g in pairs.items() if p[:-1] == g[:-1]}
    if not by_layer:
        raise Refused("no layer has a parameter with a gradient after backward")
    unique = {id(own[p]): (p, g) for p, g in by_layer.items()}
    named = {places.label(p): (p, g) for p, g in unique.values()}

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        begin_pass(live.obj.loss)
        value = call_quietly(live.obj.loss.calculate, run(live, inputs["X"]), labels)
        return np.asarray(arrays_of(value)[0], dtype=np.float64).reshape(())

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        call_quietly(live.obj.backward, live.out, labels, seed=1)
        return {k: places.read(live.obj, g) for k, (_, g) in named.items()}

    def with_parameters(values: Primals) -> Live:
        return clone(proto, {(("attr", "obj"), *named[k][0]): v for k, v in values.items()}, make)

    return Op(
        name=name, kind="model", convention="nnfs", make=lambda: clone(proto, {}, make),
        parameters=lambda live: {k: places.read(live.obj, p) for k, (p, _) in named.items()},
        with_parameters=with_parameters, forward=forward, backward=backward, slots=(slot,), labels=spec,
        terminal=True, built=made.text, obj=cls,
        gradient_names={k: places.label(g) for k, (_, g) in named.items()},
    )  # fmt: skip


#: Losses a training loop may descend, as functions of prediction and target.
DESCENDED: dict[str, Callable[[Array, Array], Array]] = {
    "mean squared error": lambda p, t: np.mean((p - t) ** 2),
    "half the mean squared error": lambda p, t: np.mean((p - t) ** 2) / 2,
    "squared error per sample": lambda p, t: np.sum((p - t) ** 2) / len(p),
    "half the squared error per sample": lambda p, t: np.sum((p - t) ** 2) / len(p) / 2,
    "sum of squared errors": lambda p, t: np.sum((p - t) ** 2),
    "half the sum of squared errors": lambda p, t: np.sum((p - t) ** 2) / 2,
    "binary cross entropy": lambda p, t: np.mean(-t * np.log(p) - (1 - t) * np.log(1 - p)),
    "cross entropy": lambda p, t: -np.sum(t * np.log(p)) / len(p),
}  # fmt: skip


@dataclass(frozen=True)
class Trainer:
    """How one step of training is called."""

    method: str
    keywords: Mapping[str, Any]


def trained_op(
    name: str, cls: Any, namespace: Mapping[str, Any], tree: ast.AST, init: str | None
) -> Op:
    """The Op of a model that only trains and predicts: gradients recovered from one step.

    Raises
    ------
    Refused
        It cannot be built or trained for one step, or no known loss fits.
    """
    method = next(
        (m for m in ("train_step", "train", "fit") if callable(getattr(cls, m, None))), None
    )
    if method is None or not callable(getattr(cls, "predict", None)):
        raise Refused("has no train and predict")
    sources = (getattr(cls, method), cls.__init__)
    if not any(plain(a.name) in RATES for f in sources for a in arguments(f)):
        raise Skipped(f"{method} has no learning rate: there is no gradient step to check")
    keywords = {a.name: RATE if a.role == "rate" else 1 for a in arguments(getattr(cls, method))
                if a.role == "rate" or plain(a.name) in {"epochs", "iterations", "niter", "nepochs", "steps", "numiters", "maxiter"}}  # fmt: skip
    trainer = Trainer(method, keywords)
    problem = "cannot be constructed"
    for made in recipes(cls, name, namespace, tree, init):
        try:
            proto = Live(made.make())
            ranked = sorted(
                (
                    (miss_of_parameters(op), i, op)
                    for i, op in enumerate(descents(name, cls, proto, made, trainer))
                ),
                key=lambda r: r[:2],
            )
        except Exception as error:
            problem = f"{made.text}: {type(error).__name__}: {error}"
            continue
        if ranked and ranked[0][0] < AGREES:
            return ranked[0][2]
        problem = "one step of training descends none of the losses tried: " + ", ".join(DESCENDED)
    raise Refused(problem)


def miss_of_parameters(op: Op) -> float:
    """How far the steps of the parameters are from the gradient of the loss."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    names = [k for k in cases.draw(op, case)[0] if k not in {s.name for s in op.slots}]
    return max(miss(op, case, only=k) for k in names)


def descents(name: str, cls: Any, proto: Live, made: Recipe, trainer: Trainer) -> Iterator[Op]:
    """One Op for each loss the training may descend."""
    own = {p: a for p, a in places.walk(proto.obj, 4).items() if places.is_numeric(a) and a.ndim}
    width = next((a.shape[0] for a in own.values() if a.ndim == 2), None)
    if width is None:
        raise Refused("has no matrix of weights before it trains")
    slot = Slot("X", ("N", int(width)))
    case = Case()
    x = cases.draw_slot(slot, case, cases.generator(case, 1))

    make = live_maker(made)

    live = clone(proto, {}, make)
    out = np.asarray(call_quietly(live.obj.predict, x))
    named = {places.label(p): p for p in own if not places.is_gradient_place(p)}
    rate = next((v for k, v in vars(live.obj).items() if plain(k) in RATES), RATE)

    def step(live: Live, x: Array, t: Array) -> dict[str, Array]:
        before = {k: np.array(places.read(live.obj, p)) for k, p in named.items()}
        call_quietly(getattr(live.obj, trainer.method), x, t, **trainer.keywords)
        return {k: (v - places.read(live.obj, named[k])) / rate for k, v in before.items()}

    for text, loss in DESCENDED.items():
        encoding = "real" if "square" in text else "binary" if "binary" in text else "onehot"

        def forward(
            live: Live, inputs: Primals, labels: Array | None, train: bool, loss: Any = loss
        ) -> Array:
            prediction = np.asarray(call_quietly(live.obj.predict, inputs["X"]))
            with np.errstate(all="ignore"):  # a prediction outside (0, 1) rules the logarithms out
                return np.asarray(loss(prediction, labels))

        def backward(
            live: Live, cot: Array, inputs: Primals, labels: Array | None
        ) -> Mapping[str, Any]:
            return step(live, inputs["X"], np.asarray(labels))

        def with_parameters(values: Primals) -> Live:
            return clone(proto, {(("attr", "obj"), *named[k]): v for k, v in values.items()}, make)

        yield Op(
            name=name, kind="model", convention="updating", make=lambda: clone(proto, {}, make),
            parameters=lambda live: {k: places.read(live.obj, p) for k, p in named.items()},
            with_parameters=with_parameters, forward=forward, backward=backward, slots=(slot,),
            labels=LabelSpec((encoding,), int(out.shape[-1]), wide=True), terminal=True, built=made.text, obj=cls,
            reading=f"one step of {trainer.method} descends the {text}",
            gradient_names={k: f"the step of {k}" for k in named},
        )  # fmt: skip
