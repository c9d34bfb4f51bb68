"""What a class leaves undone: bases, empty bodies, methods for its subclasses."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from typing import Any

from gradcheck.conventions.signature import (
    arguments,
    is_abstract,
    tree_of,
)


def idle(cls: Any, pair: tuple[str, str]) -> bool:
    """A base class whose methods return what the constructor left: no argument is used.

    A loss that returns its predictions without a look at the labels is one, too.
    """
    forward, backward = (getattr(cls, method) for method in pair)
    names = [a.name for a in arguments(forward) if a.required]
    if not names or uses(backward) & {a.name for a in arguments(backward)}:
        return False
    left = uses(forward) & set(names)
    return not left or (len(names) > 1 and left == {names[0]} and hands_on(forward, names[0]))


def uses(function: Any) -> set[str]:
    """The names a function reads; all there may be where its source cannot be had."""
    tree = tree_of(function)
    if tree is None:
        return {a.name for a in arguments(function)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def hands_on(function: Any, name: str) -> bool:
    """Whether a function only returns one of its arguments."""
    tree = tree_of(function)
    body = getattr(tree.body[0], "body", []) if isinstance(tree, ast.Module) else []
    said = [s for s in body if not isinstance(s, ast.Expr)]
    return len(said) == 1 and ast.unparse(said[0]) == f"return {name}"


def left_open(cls: Any, pair: tuple[str, str]) -> set[str]:
    """Methods that forward or backward call on ``self`` and that only raise NotImplementedError.

    With those that they call on ``cls`` and that no base has.
    """
    found, lacking = set(), set()
    for method in pair:
        tree = tree_of(getattr(cls, method))
        for node in ast.walk(tree) if tree is not None else ():
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "self":
                found.add(called.attr)
            if isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "cls":
                lacking |= set() if hasattr(cls, called.attr) else {called.attr}
    return lacking | {n for n in found if raises_only(getattr(cls, n, None))}


def raises_only(function: Any) -> bool:
    """A method that is declared abstract or whose only statement raises."""
    if getattr(function, "__isabstractmethod__", False):
        return True
    tree = tree_of(function) if callable(function) else None
    body = getattr(tree.body[0], "body", []) if isinstance(tree, ast.Module) else []
    return any(isinstance(s, ast.Raise) for s in body) and is_abstract(function)


def unfinished(cls: Any, pair: tuple[str, str], namespace: Mapping[str, Any]) -> bool:
    """A class of its own with a forward that works and a backward whose body is empty."""
    forward, backward = getattr(cls, pair[0]), getattr(cls, pair[1])
    if is_abstract(forward) or not is_abstract(backward) or raises_only(backward):
        return False
    others = [v for v in namespace.values() if isinstance(v, type) and v is not cls]
    own = pair[1] in vars(cls)
    return own and not any(issubclass(o, cls) for o in others)


def is_test(cls: Any) -> bool:
    """Whether a class holds tests, of unittest or pytest."""
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    return any(c.__module__.startswith("unittest") for c in cls.__mro__) or (
        cls.__name__.startswith("Test") and any(n.startswith("test") for n in own)
    )


def no_pair(cls: Any) -> str:
    """Why a class cannot be checked: what it has and what is missing."""
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    if is_test(cls):
        return "a test"
    if any(n.startswith(("forward", "fprop")) for n in own):
        return "forward without a backward"
    if any("backward" in n or n == "bprop" for n in own):
        return "backward without a forward"
    if re.search(r"loss|layer|activation|base|abstract|module", cls.__name__, re.IGNORECASE):
        return "abstract"
    return "a helper: no forward/backward, update or compare"


def calls_missing(cls: Any, method: str) -> bool:
    """Whether a method of the class calls ``self.method`` that the class does not have."""
    try:
        return f"self.{method}(" in inspect.getsource(cls)
    except (OSError, TypeError):
        return False
