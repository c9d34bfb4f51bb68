"""The experiment behind the note "forward has an epsilon that backward ignores".

``log(y + 1e-7)`` or ``clip(p, 1e-7, 1 - 1e-7)`` make a right backward differ by about the epsilon.
Whether that is all that is wrong is found out, not assumed: the small constants in the user's *forward* are set
to zero for a moment, and the gradient is measured again.  In backward only what is added to something
else and is far too small to matter (``/ (p * (1 - p) + 1e-8)``) is: a wrong factor of 0.99999 there
is a bug, not an epsilon.
"""

from __future__ import annotations

import ast
import contextlib
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradcheck.conventions.signature import returned_names, tree_of
from gradcheck.loading.source import installed

SMALLEST, LARGEST = 1e-16, 1.1e-5
#: What a backward may add to a denominator.
ADDED = 1.1e-7


def is_small(value: object) -> bool:
    """A constant that can only be there to avoid a division by zero or log(0)."""
    return type(value) is float and SMALLEST <= abs(value) <= LARGEST


def without(value: Any) -> Any:
    """0 for an epsilon, 1 for one minus an epsilon, anything else as it is; tuples inside too."""
    if is_small(value):
        return 0.0
    if type(value) is float and is_small(1.0 - value):
        return 1.0
    return tuple(without(v) for v in value) if type(value) is tuple else value


def is_backward(function: types.FunctionType) -> bool:
    """A function that computes gradients, by its name or because it returns one beside the loss."""
    name = function.__name__.lower()
    marks = ("backward", "back", "grad", "deriv", "prime", "bprop", "bwd", "delta")
    returned = returned_names(function)
    return any(m in name for m in marks) or (len(returned) == 2 and "d" in returned[1].lower()[:4])


def added_in(function: types.FunctionType) -> set[float]:
    """The constants of a backward that are nowhere but added to something, and no larger than `ADDED`."""
    tree = tree_of(function)
    added: list[float] = []
    every: list[float] = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Constant) and is_small(node.value):
            every.append(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = [getattr(side, "value", None) for side in (node.left, node.right)]
            added += [v for v in sides if is_small(v) and abs(v) <= ADDED]  # type: ignore[arg-type,misc]
    return {v for v in added if added.count(v) == every.count(v)}


def functions_of(obj: Any, namespace: Any, backward: bool = False) -> list[types.FunctionType]:
    """The user's functions an object may call: its class's methods, its file's functions, and
    those of the user's other modules that they have imported; those that compute no gradients, or
    with `backward` those that do."""
    found: dict[int, types.FunctionType] = {}
    classes = list(getattr(obj, "__mro__", ()))[:-1]
    waiting = [v for c in classes for v in vars(c).values()] + list(namespace.values())
    seen = {id(namespace)}
    while waiting:
        value = waiting.pop()
        value = getattr(value, "__func__", value)
        if isinstance(value, type) and id(value) not in seen and of_user(value.__module__):
            seen.add(id(value))
            waiting += [m for m in vars(value).values() if isinstance(m, types.FunctionType)]
        if not isinstance(value, types.FunctionType) or id(value) in found:
            continue
        if is_backward(value) == backward:
            found[id(value)] = value
        space = value.__globals__
        if id(space) not in seen and of_user(value.__module__):
            seen.add(id(space))
            waiting += list(space.values())
    return list(found.values())


def of_user(module: str | None) -> bool:
    """Whether a module is neither installed nor ours."""
    file = str(getattr(sys.modules.get(module or ""), "__file__", "") or "")
    ours = Path(__file__).parents[1]
    library = Path(os.__file__).parent
    return bool(module) and not (
        installed(Path(file))
        or (file and Path(file).is_relative_to(library))
        or (file and Path(file).is_relative_to(ours))
        or str(module).partition(".")[0] in {"gradcheck", "gradcheck_reference", "builtins"}
    )


def small_constants(obj: Any, namespace: Any) -> list[float]:
    """The epsilons that stand in the user's code."""
    found: set[float] = set()
    for f in functions_of(obj, namespace):
        values = [*f.__code__.co_consts, *(f.__defaults__ or ())]
        flat = [x for v in values for x in (v if type(v) is tuple else (v,))]
        found |= {v for v in flat if without(v) != v and is_small(v)}
        found |= {1.0 - v for v in flat if type(v) is float and is_small(1.0 - v)}
    for f in functions_of(obj, namespace, backward=True):
        if any(is_small(v) for v in f.__code__.co_consts):
            found |= added_in(f)
    return sorted(found)


@contextlib.contextmanager
def switched_off(obj: Any, namespace: Any) -> Iterator[None]:
    """Inside the context the user's functions run with their epsilons set to zero."""
    saved = []
    for f in functions_of(obj, namespace):
        saved.append((f, f.__code__, f.__defaults__))
        f.__code__ = f.__code__.replace(co_consts=tuple(without(c) for c in f.__code__.co_consts))
        if f.__defaults__:
            f.__defaults__ = tuple(without(d) for d in f.__defaults__)
    for f in functions_of(obj, namespace, backward=True):
        off = added_in(f) if any(is_small(v) for v in f.__code__.co_consts) else set()
        if off:
            saved.append((f, f.__code__, f.__defaults__))
            kept = tuple(0.0 if type(c) is float and c in off else c for c in f.__code__.co_consts)
            f.__code__ = f.__code__.replace(co_consts=kept)
    try:
        yield
    finally:
        for f, code, defaults in saved:
            f.__code__, f.__defaults__ = code, defaults
