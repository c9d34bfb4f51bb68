"""Which functions are whole networks over a dict of parameters, by their arguments and results."""

from __future__ import annotations

import ast
from typing import Any

from gradcheck.conventions.argument_roles import strongly_upstream
from gradcheck.conventions.loss_names import is_loss_name, strong_label
from gradcheck.conventions.objective_roles import returned_parts
from gradcheck.conventions.objectives import DATA
from gradcheck.conventions.parameter_dicts import KEY, dict_argument, dict_shapes
from gradcheck.conventions.signature import arguments, plain, returned_names

LABELS = {"y", "t", "ys", "yt", "ytrain", "ybatch", "target", "targets", "labels"}


def label_name(names: list[str]) -> str | None:
    """The argument that holds the labels, or None."""
    strong = [n for n in names if strong_label(plain(n))]
    found = strong or [n for n in names if plain(n) in LABELS]
    return found[0] if len(found) == 1 else None


def required(function: Any) -> list[str]:
    """The names of the arguments a function must be given."""
    return [a.name for a in arguments(function, method=False) if a.required]


def parameters_of(forward: Any) -> tuple[str, tuple[str, ...]] | None:
    """The dict of parameters ("" where they are arguments of their own) and their keys."""
    held = dict_argument(forward)
    if held is not None:
        return held
    keys = tuple(n for n in required(forward) if KEY.match(n))
    fits = len(required(forward)) == len(keys) + 1 and any(True for _ in dict_shapes(keys))
    return ("", keys) if fits and len(keys) > 1 else None


def is_network_pair(forward: Any, backward: Any) -> bool:
    """Whether a pair is a network: parameters and data forward, labels only in the backward.

    Or labels in both, where the forward gives the cost.
    """
    if gives_its_cost(forward, backward):
        return True
    return only_backward_knows(forward, backward) and parameters_of(forward) is not None


def gives_its_cost(forward: Any, backward: Any) -> bool:
    """``forward(X, Y, parameters) -> (cost, cache)`` with ``backward(X, Y, cache) -> gradients``."""
    returned = [plain(n) for n in returned_names(forward)]
    knows = all(label_name(required(f)) is not None for f in (forward, backward))
    upstream = any(strongly_upstream(n) for n in required(backward))
    costs = bool(returned) and returned[0].startswith(("cost", "loss", "j"))
    return knows and costs and not upstream and dict_argument(forward) is not None


def only_backward_knows(forward: Any, backward: Any) -> bool:
    """Whether a backward takes labels that its forward does not, and no upstream gradient."""
    taken = required(backward)
    return (
        label_name(taken) is not None
        and label_name(required(forward)) is None
        and not any(strongly_upstream(n) for n in taken)
    )


def is_network_function(function: Any) -> bool:
    """Whether one function takes parameters, data and labels and returns cost and gradients in a dict."""
    names = required(function)
    returned = [plain(n) for n in returned_names(function)]
    label = label_name([a.name for a in arguments(function, method=False)])
    if label is None or len(returned) != 2 or not any(plain(n) in DATA for n in names):
        return False
    spelled = [isinstance(part, ast.Dict) for part in returned_parts(function)]
    grads = [i for i, n in enumerate(returned) if n.startswith("grad") or spelled[i]]
    costs = [
        i for i, n in enumerate(returned) if n.startswith(("cost", "loss", "j")) and i not in grads
    ]
    if len(grads) != 1 or not (len(costs) == 1 or is_loss_name(function.__name__)):
        return False
    held = dict_argument(function)
    return held is not None or (grads == [0] and {plain(n) for n in names} >= {"w", "b"})
