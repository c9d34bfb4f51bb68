"""Reading and editing the user's functions: syntax trees, call graph, temporary replacement."""

from __future__ import annotations

import ast
import contextlib
import types
from collections.abc import Callable, Iterator
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

    ``role`` is ``backward``, ``forward``, ``both`` (called from either) or ``other``.
    """

    function: types.FunctionType
    node: FunctionNode
    owner: ast.ClassDef | None
    role: str


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


def strides_by_hand(op: Op) -> bool:
    """Whether a function the Op may call lays out memory itself, with ``as_strided``.

    Such code must not be edited: with another stride or size it writes outside its arrays and
    takes the process with it.
    """
    near = list(functions_by_place(op).values())
    spaces = {id(f.__globals__): f.__globals__ for f in near}
    for space in spaces.values():
        near += [v for v in list(space.values()) if isinstance(v, types.FunctionType)]
    return any("as_strided" in f.__code__.co_names for f in near)


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


def roots(op: Op) -> tuple[set[str], set[str]]:
    """Names of the forward and of the backward functions."""
    obj = op.obj
    if isinstance(obj, type):
        pair = verbs(obj)
        if op.kind == "model":
            return {"forward", "loss", "predict"}, {"backward", "gradient"}
        if pair:
            return {pair[0], "calculate"}, {pair[1]}
        names = {n for c in obj.__mro__[:-1] for n in vars(c)}
        return names, names
    stems = {op.name, f"{op.name}_forward", getattr(obj, "__name__", op.name)}
    back = {f"{op.name}_backward", f"{op.name}_grad", op.name.replace("forward", "backward")} - {
        op.name
    }
    return stems, back


def pieces(op: Op, tree: ast.Module) -> list[Piece]:
    """The functions behind an Op, those of its backward first."""
    live = functions_by_place(op)
    classes = {c.__name__ for c in reachable_objects(op)[0]}
    nodes = [
        (n, owner) for n, owner in owned(tree)
        if (n.name, first_line(n)) in live
    ]  # fmt: skip
    forward, backward = (closure(nodes, r, classes) for r in roots(op))
    found = []
    for node, owner in nodes:
        in_f, in_b = id(node) in forward, id(node) in backward
        if owner is not None and owner.name not in classes and not (in_f or in_b):
            continue
        role = "both" if in_f and in_b else "backward" if in_b else "forward" if in_f else "other"
        if owner is None and role == "other" and op.step is None:
            continue
        found.append(Piece(live[(node.name, first_line(node))], node, owner, role))
    order = {"backward": 0, "both": 1, "forward": 2, "other": 3}
    mine = getattr(op.obj, "__name__", op.name)
    return sorted(found, key=lambda p: (order[p.role], p.owner is None or p.owner.name != mine))


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


def compiled(piece: Piece) -> types.CodeType | None:
    """The code of a function as its (edited) syntax tree now stands, or None if it cannot be."""
    body: list[ast.stmt] = [piece.node]
    if piece.owner is not None:
        cls = ast.ClassDef(piece.owner.name, [], [], [piece.node], [])
        cls.lineno = cls.end_lineno = 1
        cls.col_offset = cls.end_col_offset = 0
        body = [cls]
    module = ast.Module(body, [])
    try:
        code = compile(module, piece.function.__code__.co_filename, "exec")
    except (SyntaxError, ValueError, TypeError):
        return None
    found = dig(code, piece.node.name, piece.owner.name if piece.owner else None)
    if found is None or found.co_freevars != piece.function.__code__.co_freevars:
        return None
    return found


def placed(new: ast.AST, like: ast.AST) -> None:
    """Give the new nodes of an edit the place of the node they stand for (only those have none)."""
    for node in ast.walk(new):
        if "lineno" in node._attributes and "lineno" not in vars(node):
            for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
                setattr(node, name, getattr(like, name, 1))


def dig(code: types.CodeType, name: str, owner: str | None) -> types.CodeType | None:
    """The code object of a function inside that of its module."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    if owner is not None:
        for c in inner:
            if c.co_name == owner:
                return dig(c, name, None)
        return None
    return next((c for c in inner if c.co_name == name), None)


@contextlib.contextmanager
def replaced(function: types.FunctionType, code: types.CodeType) -> Iterator[None]:
    """Inside the context the user's function runs other code."""
    saved = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = saved


def feeding(found: list[Piece], wanted: set[str]) -> Callable[[Piece, ast.stmt], bool]:
    """Which statements of the backward functions the gradient of one of these names comes from.

    A backward slice by names: from the assignments of the wanted names (all returns where there
    is none) to whatever assigns what they use.  Functions called on the way count as a whole.
    """
    inside: set[int] = set()
    helpers: set[str] = set()
    for piece in found:
        if piece.role == "forward" or (piece.node.name in helpers and piece.owner is None):
            continue
        simple = [
            n
            for n in ast.walk(piece.node)
            if isinstance(n, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.For))
        ]
        needed = set(wanted)
        if not any(needed & assigned(n) for n in simple):
            needed |= {x for n in simple if isinstance(n, ast.Return) for x in used(n)}
            inside |= {id(n) for n in simple if isinstance(n, ast.Return)}
        grown = True
        while grown:
            grown = False
            for n in simple:
                if id(n) not in inside and needed & assigned(n):
                    inside.add(id(n))
                    needed |= used(n)
                    helpers |= called(n)
                    grown = True
    return lambda piece, n: id(n) in inside or piece.node.name in helpers or piece.role == "forward"


def assigned(node: ast.stmt) -> set[str]:
    """Names (attributes, keys) a statement gives a value; a call may give one to its arguments."""
    if isinstance(node, ast.Assign):
        return {x for t in node.targets for x in names_in(t)} - {"self"}
    if isinstance(node, (ast.AugAssign, ast.For)):
        return names_in(node.target) - {"self"}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return {x for a in node.value.args for x in names_in(a)} - {"self", "np"}
    return set()


def used(node: ast.stmt) -> set[str]:
    """Names a statement reads."""
    value = node.iter if isinstance(node, ast.For) else node
    return names_in(value) - {"self", "np"}  # type: ignore[arg-type]


def source_line(source: str, line: int | None) -> str:
    """One line of a text, without its indentation."""
    lines = source.splitlines()
    return lines[line - 1].strip() if line and 0 < line <= len(lines) else ""


def gradient_line(found: list[Piece], called_name: str, wrt: str) -> int | None:
    """The line that assigns a gradient: to its attribute, its key, its name, or a return.

    The last assignment in the backward method counts; a return whose value is an expression is
    the place where nothing else is.
    """
    wanted = {called_name, called_name.removeprefix("self."), f"d{wrt}", f"grad_{wrt}"}
    best: int | None = None
    returned: int | None = None
    for piece in found:
        if piece.role not in {"backward", "both"}:
            continue
        for node in ast.walk(piece.node):
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(wanted & names_in(t) for t in targets):
                    best = max(best or 0, node.lineno)
            elif isinstance(node, ast.Return) and node.value is not None:
                returned = node.lineno
        if best:
            return best
        if returned:
            return returned
    return None


def names_in(target: ast.expr) -> set[str]:
    """Every name a target assigns: ``self.dW[...]`` gives dW, self.dW, dW."""
    found: set[str] = set()
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found
