"""Which classes are whole models, and what speaks against checking one."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from gradcheck.conventions.backprops import source_code
from gradcheck.conventions.loss_names import is_loss_name
from gradcheck.conventions.objectives import DATA, roles_of
from gradcheck.conventions.signature import (
    arguments,
    is_abstract,
    plain,
    returned_names,
    tree_of,
    verbs,
)

#: Methods, one of which every model has that trains.
TRAINED = {"loss", "fit", "train", "trainstep", "gradient", "gradients", "backward", "backprop", "set",
           "finalize", "trainonbatch", "computeloss", "learn", "update", "step"}  # fmt: skip


LOSS = ("loss", "compute_loss", "cost", "loss_function")
GRADIENT = (
    "gradient",
    "gradients",
    "compute_gradients",
    "backward",
    "grad",
    "backprop",
    "backpropagation",
)
#: An array that a class makes and keeps.
MADE = re.compile(r"self\.\w+(\[[^\]]+\])?\s*=[^\n=]*\b(randn|rand|uniform|normal|zeros|ones)\(")


def own_objective(cls: Any) -> bool:
    """A class that holds weights, with ``loss(X, y)`` beside ``gradient(X, y)``; or both of X alone."""
    loss, gradient = (
        next((m for m in names if callable(getattr(cls, m, None))), None)
        for names in (LOSS, GRADIENT)
    )
    if loss is None or gradient is None or is_loss_name(cls.__name__):
        return False
    given = [[a.name for a in arguments(getattr(cls, m)) if a.required] for m in (loss, gradient)]
    data = given[0] and plain(given[0][0]) in DATA
    if not data or given[0] != given[1] or len(given[0]) > 2 or is_abstract(getattr(cls, loss)):
        return False
    return any(MADE.search(source_code(c)) for c in cls.__mro__[:-1])


def learns(cls: Any) -> bool:
    """A class without forward and backward that trains on data and targets."""
    methods = [getattr(cls, m) for m in ("train_step", "train", "fit") if hasattr(cls, m)]
    return verbs(cls) is None and any(
        len([a for a in arguments(m) if a.required]) > 1 for m in methods
    )


def is_model(cls: Any, key: str) -> bool:
    """A class with loss and gradient (fish book), or train/predict with layers inside."""
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    if "loss" in own and ("gradient" in own or "numerical_gradient" in own) and "predict" in own:
        return True
    if {"loss", "gradient"} <= own and of_data_and_labels(cls.loss, cls.gradient):
        return True
    if "loss" in own and returns_gradients(cls.loss):
        return True
    if not own & set(LOSS) and "gradient" in own and gives_both(cls.gradient):
        return True
    if own_objective(cls):
        return True
    if bool(own & {"fit", "train", "train_step"}) and "predict" in own:
        return True
    if own & {"query", "think", "infer", "ask", "recall"} and learns(cls):
        return True
    return "add" in own and bool(own & {"forward", "set", "finalize"})


def nothing_of_its_own(cls: Any, namespace: Mapping[str, Any]) -> str:
    """Why a model's loss is nothing to check: left to its subclasses, or a function's own."""
    loss = getattr(cls, "loss", None)
    if not callable(loss) or "loss" not in {n for c in cls.__mro__[:-1] for n in vars(c)}:
        return ""
    if is_abstract(loss):
        return "abstract: loss is left to its subclasses"
    tree = tree_of(loss)
    body = getattr(tree.body[0], "body", []) if isinstance(tree, ast.Module) else []
    last = body[-1] if len([s for s in body if not isinstance(s, ast.Expr)]) == 1 else None
    call = last.value if isinstance(last, ast.Return) else None
    name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
    function = namespace.get(name) if name else None
    if callable(function) and not isinstance(function, type) and roles_of(function) is not None:
        return f"its loss is the function {name}, which is checked by itself"
    return ""


def of_data_and_labels(*methods: Any) -> bool:
    """Whether each takes data and labels by name: ``loss(X, y)``, ``gradient(X, y)``."""
    named = [{plain(a.name) for a in arguments(m) if a.required} for m in methods]
    return all(len(n) == 2 and n & DATA and n & {"y", "t", "targets", "labels"} for n in named)


def returns_gradients(loss: Any) -> bool:
    """A ``loss(X, y)`` that returns the loss and a dict of gradients (CS231n)."""
    names = returned_names(loss)
    returned = [n.value for n in ast.walk(tree_of(loss) or ast.Pass()) if isinstance(n, ast.Return)]
    pairs = [v for v in returned if isinstance(v, ast.Tuple) and len(v.elts) == 2]
    written = any(isinstance(v.elts[1], ast.Dict) for v in pairs)
    return len(names) == 2 and ("grad" in names[1].lower() or written)


def gives_both(gradient: Any) -> bool:
    """A ``gradient(X, y)`` of data and labels that returns the loss with its gradients."""
    given = [a.name for a in arguments(gradient) if a.required]
    return len(given) == 2 and plain(given[0]) in DATA and returns_gradients(gradient)


def is_container(cls: Any, key: str) -> bool:
    """A network that holds layers: Sequential, Model, MLP with add()."""
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    return "add" in own or (
        key in {"sequential", "model", "network", "neuralnetwork", "mlp"} and "layers" in own
    )
