"""What a file holds: which of its classes and functions can be checked, and as what."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from typing import Any

from gradcheck.conventions.accuracies import is_accuracy
from gradcheck.conventions.backprops import takes_targets
from gradcheck.conventions.embeddings import compares_embeddings
from gradcheck.conventions.functions import pairs
from gradcheck.conventions.fused import fused_backward
from gradcheck.conventions.held_data import holds_data
from gradcheck.conventions.loss_names import is_loss_name, strong_label
from gradcheck.conventions.methods import flagged_method, method_pairs
from gradcheck.conventions.objective_roles import roles_of
from gradcheck.conventions.optimizer_names import is_optimizer, update_method
from gradcheck.conventions.planned_functions import Planned, plan_function, plan_pair
from gradcheck.conventions.signature import (
    arguments,
    is_abstract,
    is_torch_function,
    plain,
    undecorated,
    verbs,
)
from gradcheck.conventions.tapes import applied, is_recorded, is_tape, records, tape_in
from gradcheck.conventions.trained import step_verbs
from gradcheck.conventions.unfinished import (
    calls_missing,
    idle,
    is_test,
    left_open,
    no_pair,
    unfinished,
)
from gradcheck.conventions.whole_models import TRAINED, is_container, is_model, nothing_of_its_own

__all__ = ["Planned", "plan_names"]

ACCURACY_METHODS = ("compare", "calculate", "compute", "score", "accuracy", "__call__")


def plan_names(
    namespace: Mapping[str, Any], tree: ast.Module, module_name: str = ""
) -> list[Planned]:
    """Every class, function pair and checkable function a file defines, in its order."""
    nodes = [n for n in definitions(tree) if n.name in namespace]
    functions = [n.name for n in nodes if not isinstance(n, ast.ClassDef)]
    found = {
        stem: pair
        for stem, pair in pairs(functions).items()
        if roles_of(namespace[pair[1]]) is None
    }  # a backprop(theta, X, y) that returns the cost, too, is a subject of its own
    stems: dict[str, list[str]] = {}
    for stem, (forward, _) in found.items():
        stems.setdefault(forward, []).append(stem)
    members = {f for fs in found.values() for f in fs}
    planned: list[Planned] = []
    for node in nodes:
        obj = namespace[node.name]
        if isinstance(node, ast.ClassDef):
            whole = plan_class(node.name, obj, node.lineno, namespace)
            inside = plan_methods(node.name, obj, node.lineno) if whole.reason else []
            planned += inside or [whole]
        elif node.name in members:
            for stem in stems.get(node.name, ()):
                planned.append(plan_pair(stem, found[stem], namespace, node.lineno))
        else:
            single = plan_function(node.name, obj, node.lineno, namespace)
            if single is None and records(obj) and tape_in(namespace):
                single = Planned(node.name, "tape", "tape", line=node.lineno)
            if single is not None:
                planned.append(single)
    return planned


def plan_methods(name: str, cls: Any, line: int) -> list[Planned]:
    """The subjects in a class of functions: ``Activations.relu`` with its ``relu_derivative``."""
    if not inspect.isclass(cls) or verbs(cls) is not None or issubclass(cls, BaseException):
        return []
    if is_test(cls):
        return []
    found = []
    for stem, forward, _ in method_pairs(cls):
        needed = [a for a in arguments(forward) if a.required]
        kind = "loss" if len(needed) == 2 and is_loss_name(stem) else "function"
        if len(needed) == 1 or kind == "loss":
            found.append(Planned(f"{name}.{stem}", kind, "methods", line=line))
    return found


def definitions(tree: ast.Module) -> list[Any]:
    """Top-level classes and functions, also those inside top-level if/try blocks; last one wins."""
    out: dict[str, Any] = {}

    def visit(body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                out.pop(node.name, None)
                out[node.name] = node
            elif isinstance(node, (ast.If, ast.Try)):
                visit(node.body)

    visit(tree.body)
    return list(out.values())


def plan_class(
    name: str, cls: Any, line: int, namespace: Mapping[str, Any] | None = None
) -> Planned:
    """What a class is: layer, loss, optimizer, accuracy, model, or skipped with the reason."""
    if is_torch_function(cls):
        if is_abstract(cls.forward) or is_abstract(cls.backward):
            return Planned(name, "unknown", reason="abstract", line=line)
        return Planned(name, "torch", "ctx", line=line)
    if is_tape(cls) or (verbs(cls) and is_recorded(cls, namespace or {})):
        if any(is_abstract(getattr(cls, v)) for v in verbs(cls) or ()):
            return Planned(name, "unknown", reason="abstract", line=line)
        return Planned(name, "tape", "tape", line=line)
    found = read_class(name, cls, line, namespace)
    if not found.reason and inspect.isclass(cls) and on_tensors(cls, found.kind):
        why = "works on PyTorch's tensors, which carry their own gradients"
        return Planned(name, "unknown", reason=why, line=line)
    return found


def is_schedule(cls: Any, key: str) -> bool:
    """A learning-rate schedule, by its name, or by the optimizer that its constructor takes."""
    first = next((plain(a.name) for a in arguments(cls.__init__) if a.required), "")
    named = any(w in key for w in ("decay", "anneal", "warmup", "plateau")) or key.endswith("lr")
    return "schedul" in key or (named and first in {"optimizer", "optim", "opt", "optimiser"})


def on_tensors(cls: Any, kind: str) -> bool:
    """A class derived from one of PyTorch's, or whose forward, backward or step calls PyTorch."""
    if any(c.__module__.partition(".")[0] == "torch" for c in cls.__mro__):
        return True
    names: set[str | None] = {*(verbs(cls) or ())}
    if kind == "optimizer":
        names = {n for c in cls.__mro__[:-1] for n in vars(c)}
    functions = [undecorated(getattr(cls, n, None)) for n in names if n]
    return any("torch" in f.__code__.co_names for f in functions if inspect.isfunction(f))


def read_class(name: str, cls: Any, line: int, namespace: Mapping[str, Any] | None) -> Planned:
    """What a class is by its methods and its name."""

    def skip(why: str) -> Planned:
        return Planned(name, "unknown", reason=why, line=line)

    if not inspect.isclass(cls):
        return skip("not a class after decoration")
    if issubclass(cls, BaseException):
        return skip("an exception")
    key = plain(name)
    pair = verbs(cls)
    if is_model(cls, key):
        own = {plain(n) for c in cls.__mro__[:-1] for n in vars(c)}
        if pair is None and not own & TRAINED:
            return skip(no_pair(cls))
        why = nothing_of_its_own(cls, namespace or {})
        return skip(why) if why else Planned(name, "model", line=line)
    if pair is None and is_schedule(cls, key):
        return skip("a schedule: it changes a learning rate and takes no step")
    if is_optimizer(cls, key, pair):
        method = update_method(cls)
        if method is None or is_abstract(getattr(cls, method)):
            return skip("abstract: no update step of its own")
        return Planned(name, "optimizer", line=line)
    if is_accuracy(cls, key, pair):
        own = {n for c in cls.__mro__[:-1] for n in vars(c)}
        compare = next((getattr(cls, m) for m in ACCURACY_METHODS if m in own), None)
        if compare is None or is_abstract(compare):
            return skip("abstract: no compare of its own")
        if not hasattr(cls, "compare") and calls_missing(cls, "compare"):
            return skip("abstract: compare is left to its subclasses")
        return Planned(name, "accuracy", line=line)
    if fused_backward(cls, pair):
        return Planned(name, "loss", line=line)
    if pair is None and flagged_method(cls):
        needed = [a for a in arguments(getattr(cls, str(flagged_method(cls)))) if a.required]
        return Planned(name, "loss" if len(needed) == 2 else "layer", "flag", line=line)
    tape = tape_in(namespace or {}, cls) if pair is None else None
    if tape is not None and applied(cls):
        return skip(
            f"its gradients are left to the tape of {tape.__name__}, which is checked by itself"
        )
    if pair is None and is_loss_name(name) and loss_call(cls):
        return Planned(name, "loss", line=line)
    if pair is None:
        return skip(no_pair(cls))
    if step_verbs(cls) is not None or holds_data(cls):
        return Planned(name, "model", line=line)
    if unfinished(cls, pair, namespace or {}):
        return Planned(name, "layer", "unfinished", line=line)
    if is_abstract(getattr(cls, pair[0])):
        return skip("abstract")
    if is_abstract(getattr(cls, pair[1])):
        alone = pair[0] in vars(cls) and pair[1] not in vars(cls)
        return skip("forward without a backward of its own" if alone else "abstract")
    if idle(cls, pair):
        return skip("abstract: forward and backward do nothing with what they are given")
    missing = sorted({*getattr(cls, "__abstractmethods__", ()), *left_open(cls, pair)})
    if missing:
        return skip(f"abstract: {', '.join(missing)} left to its subclasses")
    if takes_targets(cls, pair):
        return Planned(name, "backprop", line=line)
    if compares_embeddings(getattr(cls, pair[0])):
        return Planned(name, "layer", "embeddings", line=line)
    if takes_labels(cls, pair) and (
        is_loss_name(name) or named_labels(cls, pair) or ends_in_labels(cls, pair)
    ):
        return Planned(name, "loss", line=line)
    if is_container(cls, key):
        return Planned(name, "model", line=line)
    return Planned(name, "layer", line=line)


def loss_call(cls: Any) -> str | None:
    """The method of a loss that returns an object with a gradient: (predictions, labels)."""
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    for name in ("forward", "__call__", "loss"):
        if name in own and not is_abstract(getattr(cls, name)):
            args = [a for a in arguments(getattr(cls, name)) if a.required]
            if len(args) == 2:
                return name
    return None


def takes_labels(cls: Any, pair: tuple[str, str]) -> bool:
    """Whether the forward takes predictions and labels."""
    args = [a for a in arguments(getattr(cls, pair[0])) if a.role in {"value", "labels"}]
    return len(args) >= 2


def ends_in_labels(cls: Any, pair: tuple[str, str]) -> bool:
    """Whether the forward's second argument may be labels, and backward takes no upstream gradient.

    ``forward(x, y)`` alone is a sum or a product as well, whose backward is given one.
    """
    args = [a for a in arguments(getattr(cls, pair[0])) if a.required]
    free = arguments(getattr(cls, pair[1]))
    if len(args) != 2 or args[1].role != "labels" or any(a.required for a in free):
        return False
    return not free or plain(args[1].name) != "y"


def named_labels(cls: Any, pair: tuple[str, str]) -> bool:
    """Whether the forward's arguments are called predictions and labels beyond doubt."""
    args = [
        a for a in arguments(getattr(cls, pair[0])) if a.required and a.role in {"value", "labels"}
    ]
    if len(args) != 2:
        return False
    marks = [strong_label(plain(a.name)) for a in args]
    return marks in ([False, True], [True, False])
