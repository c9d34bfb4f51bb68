"""A loss with its gradients in a dict: ``return loss, {"W": dW, "b": db}``, or a name of such a dict."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from gradcheck.conventions.signature import arguments, tree_of


def keys_of(function: Any) -> dict[str, str]:
    """Key to argument of the dict that a function returns beside its loss, ``dW`` to ``W``; {} if unclear."""
    tree = tree_of(function)
    returns = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return)] if tree else []
    last = returns[-1] if returns else None
    if tree is None or not isinstance(last, ast.Tuple) or len(last.elts) != 2:
        return {}
    given = last.elts[1]
    made = [
        n.value for n in ast.walk(tree) if isinstance(n, ast.Assign)
        and ast.unparse(n.targets[0]) == ast.unparse(given)
    ]  # fmt: skip
    literal = made[-1] if made else given
    if not isinstance(literal, ast.Dict):
        return {}
    keys = [
        k.value for k in literal.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)
    ]
    own = {a.name for a in arguments(function, method=False)}
    found = {k: k if k in own else k.removeprefix("d") for k in keys}
    return found if len(found) == len(literal.keys) and set(found.values()) <= own else {}


def opened(function: Any, keys: Iterable[str]) -> Any:
    """The function with the gradients of its dict one after the other, behind the loss."""

    def call(**given: Any) -> tuple[Any, ...]:
        loss, gradients = function(**given)
        return (loss, *(gradients[k] for k in keys))

    return call
