"""The user's functions behind an Op: where they are, and what calls what."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradcheck.conventions.signature import verbs
from gradcheck.types import Op

#: Method names that every class of a file may have: followed only within the classes at hand.
COMMON = {"forward", "backward", "__init__"}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Piece:
    """One function of the user's file: the live object, its syntax tree, and what it is part of.

    ``role`` is ``backward``, ``forward``, ``both`` (called from either) or ``other``; ``keys`` are
    the keys under which functions outside of classes keep something in a dictionary.
    """

    function: types.FunctionType
    node: FunctionNode
    owner: ast.ClassDef | None
    role: str
    keys: tuple[str, ...] = ()


def reachable_objects(op: Op) -> tuple[list[type], list[types.FunctionType]]:
    """The user's classes and functions an Op may call: those of its object and in its closures."""
    classes: list[type] = []
    functions: list[types.FunctionType] = []
    seen: set[int] = set()
    stack: list[Any] = [op.obj, op.backward, op.forward, op.step, op.make]
    while stack and len(seen) < 4000:
        item = stack.pop()
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, type):
            classes += [c for c in item.__mro__[:-1] if c not in classes]
        elif isinstance(item, types.MethodType):
            stack += [item.__func__, type(item.__self__)]
        elif isinstance(item, types.FunctionType):
            if str(item.__module__).startswith("gradcheck."):
                stack += [c.cell_contents for c in item.__closure__ or () if filled(c)]
                stack += list(item.__defaults__ or ())
            else:
                functions.append(item)
        elif hasattr(item, "__dict__") and type(item).__module__.startswith("gradcheck."):
            stack += list(vars(item).values())
        elif type(item).__module__ not in {"builtins", "numpy"} and hasattr(item, "__dict__"):
            stack.append(type(item))
    return classes, functions


def filled(cell: Any) -> bool:
    """Whether a closure's cell holds something."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def functions_by_place(op: Op) -> dict[tuple[str, int], types.FunctionType]:
    """The user's live functions by name and first line."""
    classes, functions = reachable_objects(op)
    found: dict[tuple[str, int], types.FunctionType] = {}
    files = {f.__code__.co_filename for f in functions}
    pool: list[Any] = list(functions)
    for c in classes:
        pool += [getattr(v, "__func__", getattr(v, "fget", v)) for v in vars(c).values()]
    files |= {f.__code__.co_filename for f in pool if isinstance(f, types.FunctionType)}
    spaces = {id(f.__globals__): f.__globals__ for f in pool if isinstance(f, types.FunctionType)}
    for space in spaces.values():
        for value in list(space.values()):
            if isinstance(value, types.FunctionType):
                pool.append(value)
            elif isinstance(value, type) and value.__module__ == space.get("__name__"):
                pool += [
                    getattr(v, "__func__", getattr(v, "fget", v)) for v in vars(value).values()
                ]
    for f in pool:
        if isinstance(f, types.FunctionType) and f.__code__.co_filename in files:
            found.setdefault((f.__name__, f.__code__.co_firstlineno), f)
    return found


def names_in(code: types.CodeType) -> set[str]:
    """The names that a function's code looks up, those of its inner functions too."""
    inner = [names_in(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return {*code.co_names, *(n for names in inner for n in names)}


def strides_by_hand(op: Op) -> bool:
    """Whether a function the Op may call lays out memory itself, with ``as_strided``.

    Such code must not be edited: with another stride or size it writes outside its arrays and
    takes the process with it.
    """
    classes, near = reachable_objects(op)
    methods = [v for c in classes for v in vars(c).values()]
    waiting = [*near, *(getattr(v, "__func__", getattr(v, "fget", v)) for v in methods)]
    seen: set[int] = set()
    while waiting:
        f = waiting.pop()
        if not isinstance(f, types.FunctionType) or id(f) in seen:
            continue
        seen.add(id(f))
        names = names_in(f.__code__)
        if "as_strided" in names:
            return True
        for value in (f.__globals__.get(name) for name in names):
            waiting += list(vars(value).values()) if isinstance(value, type) else [value]
    return False


def owned(tree: ast.Module) -> Iterator[tuple[FunctionNode, ast.ClassDef | None]]:
    """Every function of a module with the class it stands in (one level)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, FunctionNode):
                    yield inner, node
    for node in tree.body:
        if isinstance(node, FunctionNode):
            yield node, None


def first_line(node: FunctionNode) -> int:
    """The line Python calls the first of a function: that of its first decorator."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def called(node: ast.AST) -> set[str]:
    """The names of what a function calls."""
    names: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            names.add(getattr(inner.func, "attr", getattr(inner.func, "id", "")))
    return names


def backward_name(name: str) -> str:
    """``conv_forward_naive`` -> ``conv_backward_naive``; a name that says nothing stays."""
    for one, other in (("forward", "backward"), ("fwd", "bwd"), ("Forward", "Backward")):
        if one in name:
            return name.replace(one, other)
    return name


def roots(op: Op) -> tuple[set[str], set[str]]:
    """Names of the forward and of the backward functions."""
    obj = op.obj
    if isinstance(obj, type):
        methods = {n for c in obj.__mro__[:-1] for n in vars(c)}
        pair = verbs(obj)
        if op.kind == "model":
            return {"forward", "loss", "predict"}, {"backward", "gradient"} & methods or {"loss"}
        if pair:
            return {pair[0], "calculate"}, {pair[1]}
        return methods, methods
    stems = {op.name, f"{op.name}_forward", getattr(obj, "__name__", op.name)}
    back = {f"{op.name}_backward", f"{op.name}_grad"} | {backward_name(s) for s in stems}
    space = getattr(obj, "__globals__", {})
    return stems, ({n for n in back - stems if n in space} or stems)  # one function does both


def pieces(op: Op, tree: ast.Module) -> list[Piece]:
    """The functions behind an Op, those of its backward first."""
    live = functions_by_place(op)
    classes = {c.__name__ for c in reachable_objects(op)[0]}
    nodes = [
        (n, owner) for n, owner in owned(tree)
        if (n.name, first_line(n)) in live
    ]  # fmt: skip
    forward, backward = (closure(nodes, r, classes) for r in roots(op))
    keys = tuple(dict.fromkeys(k for n, owner in nodes if owner is None for k in stored_keys(n)))
    found = []
    for node, owner in nodes:
        in_f, in_b = id(node) in forward, id(node) in backward
        if owner is not None and owner.name not in classes and not (in_f or in_b):
            continue
        role = "both" if in_f and in_b else "backward" if in_b else "forward" if in_f else "other"
        if owner is None and role == "other" and op.step is None:
            continue
        found.append(Piece(live[(node.name, first_line(node))], node, owner, role, keys))
    order = {"backward": 0, "both": 1, "forward": 2, "other": 3}
    mine = getattr(op.obj, "__name__", op.name)
    return sorted(found, key=lambda p: (order[p.role], p.owner is None or p.owner.name != mine))


def stored_keys(node: ast.AST) -> Iterator[str]:
    """The keys that a function assigns in dictionaries."""
    for inner in ast.walk(node):
        held = isinstance(inner, ast.Subscript) and isinstance(inner.ctx, ast.Store)
        key = getattr(getattr(inner, "slice", None), "value", None)
        if held and isinstance(key, str):
            yield key


def closure(
    nodes: list[tuple[FunctionNode, ast.ClassDef | None]], names: set[str], classes: set[str]
) -> set[int]:
    """Ids of the functions reached by calls from functions of these names."""
    todo = [n for n, owner in nodes if n.name in names and (owner is None or owner.name in classes)]
    found: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in found:
            continue
        found.add(id(node))
        wanted = called(node)
        todo += [n for n, owner in nodes if n.name in wanted and id(n) not in found
                 and (owner is None or owner.name in classes or n.name not in COMMON)]  # fmt: skip
    return found
