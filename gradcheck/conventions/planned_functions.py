"""Which functions of a file, alone or in pairs, can be checked, and as what."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.conventions.accuracies import is_accuracy_function
from gradcheck.conventions.flagged import flag_of
from gradcheck.conventions.function_options import is_mask
from gradcheck.conventions.functions import WHOLE
from gradcheck.conventions.loss_names import is_loss_name, label_first, strong_label
from gradcheck.conventions.module_parameters import kept_of
from gradcheck.conventions.network_functions import (
    is_network_function,
    is_network_pair,
    only_backward_knows,
)
from gradcheck.conventions.numerical import is_numerical
from gradcheck.conventions.objective_roles import (
    DATA,
    TARGETS,
    cost_and_gradient,
    roles_of,
    roles_of_line,
)
from gradcheck.conventions.optimizer_names import OPTIMIZER_WORDS
from gradcheck.conventions.several_losses import several_of
from gradcheck.conventions.signature import (
    Arg,
    arguments,
    flat_elements,
    is_abstract,
    last_name,
    plain,
    returned_names,
    tree_of,
)
from gradcheck.conventions.word_vectors import vectors_of


@dataclass(frozen=True)
class Planned:
    """One name of a file: what it is, or why it is skipped."""

    name: str
    kind: str
    convention: str = ""
    reason: str = ""
    line: int | None = None


def plan_pair(stem: str, pair: tuple[str, str], namespace: Mapping[str, Any], line: int) -> Planned:
    """What a forward and a backward function are."""
    if any(is_abstract(namespace[f]) for f in pair):
        return Planned(stem, "unknown", reason="an empty body", line=line)
    if re.search(r"torch|tensorflow|keras|jax", stem, re.IGNORECASE):
        why = "asks another library for its gradient"
        return Planned(stem, "unknown", reason=why, line=line)
    if is_network_pair(*(namespace[f] for f in pair)):
        return Planned(stem, "network", "functions", line=line)
    if roles_of_line(*(namespace[f] for f in pair)) is not None:
        return Planned(stem, "line", "a function and its derivative of one argument", line=line)
    if cost_and_gradient(namespace, pair[0]) is not None:
        return Planned(pair[0], "classifier", "a cost with the gradient beside it", line=line)
    if pair[0] in {forward for forward, _ in WHOLE} and only_backward_knows(
        *(namespace[f] for f in pair)
    ):
        why = "a whole network over variables of its file: its parameters are no arguments"
        return Planned(stem, "unknown", reason=why, line=line)
    kind = "loss" if is_loss_pair(pair, namespace) else "function"
    return Planned(stem, kind, "functions", line=line)


def is_loss_pair(pair: tuple[str, str], namespace: Mapping[str, Any]) -> bool:
    """A function pair that computes a loss: called so, with two array arguments."""
    args = [a for a in arguments(namespace[pair[0]], method=False) if a.required]
    return is_loss_name(pair[0]) and len(args) >= 2


def plan_function(
    name: str, function: Any, line: int, namespace: Mapping[str, Any] | None = None
) -> Planned | None:
    """A single function that can be checked by itself, or with the gradient beside it; else None."""
    key = plain(name)
    args = [a for a in arguments(function, method=False) if a.required]
    if is_numerical(name, function):
        return Planned(name, "numgrad", "functions", line=line)
    if is_accuracy_function(name, function):
        return Planned(name, "accuracy", "functions", line=line)
    if is_network_function(function):
        return Planned(name, "network", "cost and gradients of a network", line=line)
    if flag_of(function) is not None:
        return Planned(name, "loss" if len(args) == 2 else "function", "functions", line=line)
    if (
        (len(args) == 2 or (len(args) == 3 and is_mask(args[2].name)))
        and returns_pair(function)
        and not {a.name for a in args} & handed_back(function)
        and (is_loss_name(name) or label_first(args) is not None)
    ):
        return Planned(name, "loss", "loss and gradient in one", line=line)
    if roles_of(function) is not None:
        return Planned(name, "classifier", "loss and gradient of a linear classifier", line=line)
    if vectors_of(function) is not None:
        return Planned(name, "vectors", "a loss of word vectors with its gradients", line=line)
    if several_of(function) is not None:
        return Planned(name, "several", "a loss of several arrays with their gradients", line=line)
    if kept_of(function, namespace or {}) is not None:
        return Planned(name, "module", "a loss over variables of its file", line=line)
    if cost_and_gradient(namespace or {}, name) is not None:
        return Planned(name, "classifier", "a cost with the gradient beside it", line=line)
    if plain(args[0].name if args else "") in {"f", "func", "fn", "function", "fun"}:
        return None  # a search that is handed the function itself
    if is_update(key, args):
        return Planned(name, "optimizer", "functions", line=line)
    if takes_samples(args):
        return None  # a loop of training, whatever it is called
    if any(w == key or key.startswith(w) for w in OPTIMIZER_WORDS) and len(args) >= 2:
        return Planned(name, "optimizer", "functions", line=line)
    return None


def is_update(key: str, args: list[Arg]) -> bool:
    """``update_parameters(parameters, grads, learning_rate)``: with no state of its own."""
    names = [plain(a.name) for a in args if a.role != "rate"]
    if not key.startswith(("updateparam", "updateweight", "applygrad")) or len(names) != 2:
        return False
    return names[0].startswith(("param", "weight", "w", "theta")) and names[1].startswith(
        ("grad", "dw")
    )


def takes_samples(args: list[Arg]) -> bool:
    """Whether a function takes data and labels."""
    names = {plain(a.name) for a in args}
    return bool(names & DATA) and any(strong_label(n) or n in TARGETS for n in names)


def handed_back(function: Any) -> set[str]:
    """The names in ``return x[order], y``; what is computed from an argument and another array is none."""
    tree = tree_of(function)
    returns = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return)] if tree else []
    tuples = [v for v in returns if isinstance(v, ast.Tuple)]
    parts = [e for v in tuples[-1:] for e in flat_elements(v)]
    computed = [
        e for e in parts if any(isinstance(n, (ast.BinOp, ast.UnaryOp)) for n in ast.walk(e))
    ]
    return {last_name(e) for e in parts if e not in computed or isinstance(e, ast.Subscript)}


def returns_pair(function: Any) -> bool:
    """Whether a function returns a tuple of two (loss, gradient)."""
    return len(returned_names(function)) == 2
