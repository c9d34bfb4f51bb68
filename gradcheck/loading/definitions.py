"""Which top-level statements of a user's file are executed when it is loaded.

A script that trains for minutes, draws plots or calls ``nnfs.init()`` at import must not do so
while it is checked.  So only definitions run: imports, classes, functions, and assignments whose
right side is cheap and has no effect.  Every other assignment to a plain name is *pending*: it
runs when something under test asks for that name, and not before.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Builtins and names imported from the standard library that are cheap and free of effects.
_PURE_NAMES = _words(
    "int float str bool complex bytes tuple list dict set frozenset range len abs min max sum pow "
    "round sorted zip enumerate object slice isinstance hasattr getattr type "
    "namedtuple defaultdict OrderedDict Counter deque TypeVar NewType partial Path "
    "sqrt log exp field default_rng Lock getLogger"
)
#: Modules of which any function may be called.
_PURE_MODULES = _words("math cmath operator functools itertools collections typing string")
#: What may be called in NumPy: constructors of small constants and elementwise functions.
_PURE_NUMPY = _words(
    "array asarray zeros ones full empty eye identity arange linspace dtype finfo iinfo sqrt log "
    "exp log2 log10 float16 float32 float64 int8 int16 int32 int64 uint8 bool_ default_rng "
    "RandomState errstate vectorize frompyfunc reshape prod cumsum"
)
_PURE_ATTRIBUTES = _words(
    "abspath dirname join realpath basename getLogger get copy items keys values format "
    "lower upper split strip version_info is_available get_logger getenv"
)
_PURE_NODES = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Lambda,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Starred,
    ast.Call,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
    ast.expr_context,
    ast.keyword,
)
_LITERAL_LIMIT = 10_000


@dataclass(frozen=True)
class Pending:
    """A statement that runs only when one of the names it binds is used."""

    names: tuple[str, ...]
    statement: ast.stmt


def select(tree: ast.Module) -> tuple[list[ast.stmt], list[Pending]]:
    """Split a module's top-level statements into those to run now and those pending.

    Statements in neither list (training loops, prints, plots, ``if __name__ == "__main__"``)
    are never run.
    """
    pending: list[Pending] = []
    impure: set[str] = set()
    return list(_kept(tree.body, pending, impure)), pending


def future_flags(tree: ast.Module) -> int:
    """The compiler flags that the file's ``from __future__`` imports ask for."""
    flags, features = 0, importlib.import_module("__future__")
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                feature = getattr(features, alias.name, None)
                flags |= getattr(feature, "compiler_flag", 0)
    return flags


def bound_names(statement: ast.stmt) -> tuple[str, ...]:
    """Plain names that an assignment binds (``a, b = ...`` binds two)."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = list(statement.targets)
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
        targets = [statement.target]
    found = []
    while targets:
        node = targets.pop(0)
        if isinstance(node, ast.Name):
            found.append(node.id)
        elif isinstance(node, (ast.Tuple, ast.List)):
            targets += node.elts
        elif isinstance(node, ast.Starred):
            targets.append(node.value)
    return tuple(found)


def is_pure(node: ast.AST, impure: Iterable[str] = ()) -> bool:
    """Whether evaluating an expression is cheap and changes nothing."""
    blocked, count, todo = set(impure), 0, [node]
    while todo:
        part = todo.pop()
        count += 1
        if count > _LITERAL_LIMIT or not isinstance(part, _PURE_NODES):
            return False
        if isinstance(part, ast.Name) and part.id in blocked:
            return False
        if isinstance(part, ast.Lambda):  # its body runs later, if ever
            continue
        if isinstance(part, ast.Call) and not _pure_function(part.func):
            return False
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) and _large(part.right):
            return False
        todo += ast.iter_child_nodes(part)
    return True


def _large(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value > 10_000


def _pure_function(func: ast.expr) -> bool:
    if isinstance(func, ast.Name):
        return func.id in _PURE_NAMES
    if not isinstance(func, ast.Attribute):
        return False
    root: ast.expr = func
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Name):
        if root.id in ("np", "numpy", "xp"):
            return func.attr in _PURE_NUMPY
        if root.id in _PURE_MODULES:
            return True
    return func.attr in _PURE_ATTRIBUTES


def _is_main_guard(node: ast.stmt) -> bool:
    if not isinstance(node, ast.If):
        return False
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test))


def _touches_path(node: ast.stmt) -> bool:
    """``sys.path.append(...)`` and ``sys.path.insert(...)``: needed to find siblings."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    call = node.value
    return ast.unparse(call.func) in ("sys.path.append", "sys.path.insert") and all(
        is_pure(arg) or "path" in ast.unparse(arg) for arg in call.args
    )


def _kept(body: Iterable[ast.stmt], pending: list[Pending], impure: set[str]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(
            node,
            (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef),
        ):
            impure -= {node.name} if hasattr(node, "name") else set()
            yield node
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            yield from _assignment(node, pending, impure)
        elif isinstance(node, ast.If):
            if not _is_main_guard(node) and is_pure(node.test, impure):
                yield from _filtered(node, pending, impure)
        elif isinstance(node, ast.Try):
            yield from _filtered(node, pending, impure)
        elif isinstance(node, ast.With) and _reads(node):
            names = tuple(name for statement in node.body for name in bound_names(statement))
            pending.append(Pending(names, node))
            impure |= set(names)
        elif isinstance(node, ast.With):
            yield from _kept(node.body, pending, impure)
        elif _touches_path(node) or type(node).__name__ in ("Pass", "TypeAlias"):
            yield node


def _reads(node: ast.With) -> bool:
    """``with open(...) as f: data = f.read()``: nothing but assignments, from what it opens."""
    opened = {
        item.optional_vars.id for item in node.items if isinstance(item.optional_vars, ast.Name)
    }
    used = {n.id for part in node.body for n in ast.walk(part) if isinstance(n, ast.Name)}
    return bool(opened & used) and all(isinstance(part, ast.Assign) for part in node.body)


def _assignment(
    node: ast.Assign | ast.AnnAssign | ast.AugAssign, pending: list[Pending], impure: set[str]
) -> Iterator[ast.stmt]:
    names = bound_names(node)
    if node.value is None or is_pure(node.value, impure):
        if isinstance(node, ast.AugAssign) and impure.intersection(names):
            return
        impure -= set(names)
        yield node
    elif names and not isinstance(node, ast.AugAssign):
        pending.append(Pending(names, node))
        impure |= set(names)


def _filtered(
    node: ast.If | ast.Try, pending: list[Pending], impure: set[str]
) -> Iterator[ast.stmt]:
    """The same block with only its definitions left; nothing if none are."""
    own: list[Pending] = []
    body = list(_kept(node.body, own, impure))
    orelse = list(_kept(node.orelse, own, impure))
    empty: list[ast.stmt] = [ast.Pass()]
    if isinstance(node, ast.If):
        if body or orelse:
            new: ast.stmt = ast.If(test=node.test, body=body or empty, orelse=orelse)
            yield ast.fix_missing_locations(ast.copy_location(new, node))
        if own:  # which branch's value counts is known only when the whole block runs
            pending.append(Pending(tuple(name for item in own for name in item.names), node))
        return
    final = list(_kept(node.finalbody, own, impure))
    handlers = [
        ast.copy_location(
            ast.ExceptHandler(
                type=h.type, name=h.name, body=list(_kept(h.body, own, impure)) or empty
            ),
            h,
        )
        for h in node.handlers
    ]
    pending += own
    if not handlers and not final:
        yield from body
    elif body or final or orelse or any(h.body != empty for h in handlers):
        new = ast.Try(body=body or empty, handlers=handlers, orelse=orelse, finalbody=final)
        yield ast.fix_missing_locations(ast.copy_location(new, node))
