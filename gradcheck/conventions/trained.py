"""Models that only train and predict: their gradient shows in one step of training.

Which loss the step descends is tried.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe, recipes
from gradcheck.conventions import places
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.fused import labels_of
from gradcheck.conventions.live import Live, Refused, Skipped, call_quietly, clone, live_maker
from gradcheck.conventions.signature import RATES, arguments, plain, tree_of, verbs
from gradcheck.conventions.stand_ins import RATE
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot

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


#: What a parameter that is one number is called.
NUMBERS = {"b", "bias", "intercept", "w0", "b0", "theta0", "w", "weight", "slope", "m", "c"}


#: The methods that train, and those that answer with a prediction, best first.
TRAINING = ("train_step", "train", "fit")
ANSWERS = ("predict", "query", "think", "infer", "ask", "recall")


def answers(cls: Any) -> str:
    """The method of a model that trains which gives its prediction, or ""."""
    return next((m for m in ANSWERS if callable(getattr(cls, m, None))), "")


@dataclass(frozen=True)
class Trainer:
    """How one step of training is called."""

    method: str
    keywords: Mapping[str, Any]
    predict: str = "predict"


def step_verbs(cls: Any) -> tuple[str, str] | None:
    """``forward(x)`` and ``backward(x, target, rate)``: a network whose backward is a whole step."""
    pair = verbs(cls)
    if pair is None or labels_of(getattr(cls, pair[0])) is not None:
        return None
    arrays = [a for a in arguments(getattr(cls, pair[1])) if a.required and a.role != "rate"]
    label = labels_of(getattr(cls, pair[1]))
    own = [a.name for a in arguments(getattr(cls, pair[0])) if a.required]
    if label is None or len(arrays) != 2 or arrays[1].name != label.name:
        return None
    return pair if [arrays[0].name] == own else None


def trained_op(
    name: str, cls: Any, namespace: Mapping[str, Any], tree: ast.AST, init: str | None
) -> Op:
    """The Op of a model that only trains and predicts: gradients recovered from one step.

    Raises
    ------
    Refused
        It cannot be built or trained for one step, or no known loss fits.
    """
    method = next((m for m in TRAINING if callable(getattr(cls, m, None))), None)
    predict = answers(cls) or "predict"
    stepping = step_verbs(cls)
    if stepping is not None:
        predict, method = stepping
    if method is None or not callable(getattr(cls, predict, None)):
        raise Refused("has no train and predict")
    sources = (getattr(cls, method), cls.__init__)
    if not any(plain(a.name) in RATES for f in sources for a in arguments(f)):
        raise Skipped(f"{method} has no learning rate: there is no gradient step to check")
    keywords = {a.name: RATE if a.role == "rate" else 1 for a in arguments(getattr(cls, method))
                if a.role == "rate" or plain(a.name) in {"epochs", "iterations", "niter", "nepochs", "steps", "numiters", "maxiter"}}  # fmt: skip
    trainer = Trainer(method, keywords, predict)
    problem = "cannot be constructed"
    for made in recipes(cls, name, namespace, tree, init):
        try:
            found = best_descent(name, cls, made, trainer)
        except Skipped:
            raise
        except Exception as error:
            if not problem.startswith("one step"):
                problem = f"{made.text}: {type(error).__name__}: {error}"
            continue
        if found is not None:
            return found
        problem = "one step of training descends none of the losses tried: " + ", ".join(DESCENDED)
    if stepping is None and drives_layers(getattr(cls, method)):
        raise Skipped(
            f"{method} is a training loop over the layers it holds, which are checked by themselves"
        )
    raise Refused(problem)


def best_descent(name: str, cls: Any, made: Recipe, trainer: Trainer) -> Op | None:
    """The Op under the loss whose gradient most parameters step along, or None where none fits."""
    proto = Live(with_arrays(made.make()))
    found = list(any_layout(name, cls, proto, made, trainer))
    best = max(found, key=lambda op: len(agreeing(op)), default=None)
    return best if best is not None and settles(best) else None


def drives_layers(method: Any) -> bool:
    """Whether a method calls backward on the elements of ``self.layers``."""
    tree = tree_of(method)
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For)] if tree is not None else []
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "backward"
        and getattr(n.func.value, "id", "") == getattr(loop.target, "id", None)
        for loop in loops if "self.layers" in ast.unparse(loop.iter)
        for n in ast.walk(loop)
    )  # fmt: skip


def with_arrays(obj: Any) -> Any:
    """The model with the numbers among its parameters (``self.b = 0.0``) as arrays without axes."""
    for name, value in list(vars(obj).items()) if hasattr(obj, "__dict__") else ():
        if type(value) in (int, float) and plain(name) in NUMBERS:
            setattr(obj, name, np.array(float(value)))
    return obj


def agreeing(op: Op) -> dict[str, Array]:
    """The parameters whose steps are the gradient of the loss."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    primals = cases.draw(op, case)[0]
    names = [k for k in primals if k not in {s.name for s in op.slots}]
    return {k: primals[k] for k in names if miss(op, case, only=k) < AGREES}


def settles(op: Op) -> bool:
    """Whether the loss is known: the steps of all parameters agree, or those of the weights do.

    A bias alone says too little: a decay of the weights leaves it as it is.
    """
    found, own = agreeing(op), op.parameters(op.make())
    weights = max(own, key=lambda k: own[k].size)
    matrices = [a for a in found.values() if a.ndim > 1 and min(a.shape) > 1]
    return bool(found) and (len(found) == len(own) or bool(matrices) or weights in found)


def any_layout(name: str, cls: Any, proto: Live, made: Recipe, trainer: Trainer) -> list[Op]:
    """The Ops on samples in rows, else on one sample in a column.

    Raises
    ------
    Skipped
        It has no weights yet.
    """
    matrices = [
        a.shape for a in places.walk(proto.obj, 4).values() if places.is_numeric(a) and a.ndim == 2
    ]
    matrices.sort(key=lambda shape: min(shape) == 1)
    vectors = [a.shape[0] for a in places.walk(proto.obj, 4).values()
               if places.is_numeric(a) and a.ndim == 1 and len(a) > 1]  # fmt: skip
    if vectors and not matrices:
        return list(descents(name, cls, proto, made, trainer, Slot("X", ("N", vectors[0]))))
    if not matrices:
        raise Skipped("makes its weights while it trains: there is no gradient step to check")
    shapes = [
        ("N", matrices[0][0]),
        ("N", matrices[0][1]),
        (matrices[0][1], 1),
        (matrices[0][0], 1),
    ]
    problem: Exception | None = None
    for shape in shapes if trainer.predict != "predict" else shapes[:1]:
        try:
            return list(descents(name, cls, proto, made, trainer, Slot("X", shape)))
        except Exception as error:  # not for this layout
            problem = problem or error
    assert problem is not None
    raise problem


def felt(
    proto: Live, make: Callable[[], Live], own: Mapping[Any, Array], predict: Callable[[Live], Any]
) -> list[Any]:
    """The places of the arrays that the prediction depends on: caches are no parameters."""
    before, kept = np.asarray(predict(clone(proto, {}, make))), []
    for place, array in own.items():
        moved = clone(proto, {(("attr", "obj"), *place): array + 0.7}, make)
        if not np.array_equal(before, np.asarray(predict(moved)), equal_nan=True):
            kept.append(place)
    return kept


def descents(
    name: str, cls: Any, proto: Live, made: Recipe, trainer: Trainer, slot: Slot
) -> Iterator[Op]:
    """One Op for each loss the training may descend."""
    own = {p: a for p, a in places.walk(proto.obj, 4).items() if places.is_numeric(a)}
    case = Case()
    x = cases.draw_slot(slot, case, cases.generator(case, 1))

    make = live_maker(made)

    live = clone(proto, {}, make)

    def predicted(live: Live, x: Array) -> Array:
        out = np.asarray(call_quietly(getattr(live.obj, trainer.predict), x.copy()))
        turned = out.ndim == 2 and slot.shape[0] == "N" and out.shape[1] == len(x) != out.shape[0]
        return out.T if turned else out  # it takes samples in rows and answers in columns

    out = predicted(live, x)
    moving = (
        list(own)
        if trainer.predict == "predict"
        else felt(proto, make, own, lambda o: predicted(o, x))
    )
    named = {places.label(p): p for p in moving if not places.is_gradient_place(p)}
    column = slot.shape[0] != "N"
    slots = (slot, Slot("t", out.shape)) if column else (slot,)
    rate = next((v for k, v in vars(live.obj).items() if plain(k) in RATES), RATE)

    def step(live: Live, x: Array, t: Array) -> dict[str, Array]:
        before = {k: np.array(places.read(live.obj, p)) for k, p in named.items()}
        call_quietly(getattr(live.obj, trainer.method), x, t, **trainer.keywords)
        return {k: (v - places.read(live.obj, named[k])) / rate for k, v in before.items()}

    for text, loss in DESCENDED.items():
        if column and "square" not in text:
            continue
        encoding = "real" if "square" in text else "binary" if "binary" in text else "onehot"
        flat = out.ndim == 1
        if flat and encoding == "onehot":
            continue

        spec = LabelSpec(
            (f"{encoding}_flat" if flat else encoding,),
            1 if flat else int(out.shape[-1]),
            wide=True,
        )

        def forward(
            live: Live, inputs: Primals, labels: Array | None, train: bool, loss: Any = loss
        ) -> Array:
            prediction, target = predicted(live, inputs["X"]), inputs.get("t", labels)
            with np.errstate(all="ignore"):  # a prediction outside (0, 1) rules the logarithms out
                return np.asarray(loss(prediction, target))

        def backward(
            live: Live, cot: Array, inputs: Primals, labels: Array | None
        ) -> Mapping[str, Any]:
            return step(live, inputs["X"], np.asarray(inputs.get("t", labels)))

        def with_parameters(values: Primals) -> Live:
            return clone(proto, {(("attr", "obj"), *named[k]): v for k, v in values.items()}, make)

        yield Op(
            name=name, kind="model", convention="updating", make=lambda: clone(proto, {}, make),
            parameters=lambda live: {k: places.read(live.obj, p) for k, p in named.items()},
            with_parameters=with_parameters, forward=forward, backward=backward, slots=slots,
            labels=None if column else spec, terminal=True, built=made.text, obj=cls,
            reading=f"one step of {trainer.method} descends the {text}",
            gradient_names={k: f"the step of {k}" for k in named},
        )  # fmt: skip
