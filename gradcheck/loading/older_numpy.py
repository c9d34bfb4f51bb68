"""What the installed NumPy refuses and older ones took: a user's code runs as it was written.

NumPy 2.4 raises where an array of one element stands for a number (``out[i, j] = b[k]`` with b of
shape (K, 1), ``float(b)``) and where a shape is None (``np.zeros(None)``).  Such code is loaded
with the old meaning, and the report says so.
"""

from __future__ import annotations

import ast
import copy
from typing import Any

import numpy as np

MAKERS = frozenset(("zeros", "ones", "empty", "full"))
SHAPE, NUMBER, ENTRY = "__older_shape__", "__older_number__", "__older_entry__"

#: What was needed in this process, in words for the report.
needed: list[str] = []


def _refuses_arrays() -> bool:
    try:
        np.zeros(2)[0] = np.ones(1)
    except (ValueError, TypeError):
        return True
    return False


def _refuses_none() -> bool:
    try:
        np.zeros(None)  # type: ignore[call-overload]
    except TypeError:
        return True
    return False


ARRAYS, NONES = _refuses_arrays(), _refuses_none()


def _say(text: str) -> None:
    if text not in needed:
        needed.append(text)


def notes() -> tuple[str, ...]:
    """What a report must say, and forget it."""
    found = tuple(
        f"{text}: NumPy {np.__version__} raises; read as older versions did" for text in needed
    )
    needed.clear()
    return found


def shape(value: Any) -> Any:
    """A shape; None means no axis."""
    if value is None:
        _say("an array is made with the shape None")
        return ()
    return value


def number(kind: type, value: Any) -> Any:
    """``float(value)`` or ``int(value)``; an array of one element is its number."""
    if isinstance(value, np.ndarray) and value.ndim and value.size == 1:
        _say("an array of one element is used as a number")
        return kind(value.reshape(())[()])
    return kind(value)


def entry(owner: Any, index: Any, value: Any) -> Any:
    """What is assigned to ``owner[index]``; an array of one element for a single entry is its number."""
    if not (isinstance(value, np.ndarray) and value.ndim and value.size == 1):
        return value
    if not (isinstance(owner, np.ndarray) and owner.dtype != object) or np.ndim(owner[index]):
        return value
    _say("an array of one element is used as a number")
    return value.reshape(())


HELPERS = {SHAPE: shape, NUMBER: number, ENTRY: entry}


class _Older(ast.NodeTransformer):
    """Puts the helpers around the expressions that may need them."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        f = node.func
        owner = getattr(getattr(f, "value", None), "id", "")
        first = node.args[0] if node.args else None
        makes = isinstance(f, ast.Attribute) and f.attr in MAKERS and owner in {"np", "numpy"}
        if NONES and makes and isinstance(first, (ast.Name, ast.Attribute)):
            node.args[0] = _call(SHAPE, [first])
        casts = isinstance(f, ast.Name) and f.id in {"float", "int"} and len(node.args) == 1
        if (
            ARRAYS
            and casts
            and first is not None
            and not isinstance(first, (ast.Constant, ast.Starred))
        ):
            return ast.copy_location(_call(NUMBER, [f, first]), node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        self.generic_visit(node)
        if len(node.targets) == 1:
            node.value = _wrapped(node.targets[0], node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        node.value = _wrapped(node.target, node.value)
        return node


def _call(name: str, args: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), args, [])


def _wrapped(target: ast.expr, value: ast.expr) -> ast.expr:
    """The value of an assignment to an entry; target and index are read twice, so they must be plain."""
    if not ARRAYS or not isinstance(target, ast.Subscript) or isinstance(value, ast.Constant):
        return value
    loads = ast.parse(ast.unparse(target), mode="eval").body
    assert isinstance(loads, ast.Subscript)
    if any(isinstance(n, (ast.Call, ast.Await, ast.NamedExpr, ast.Slice)) for n in ast.walk(loads)):
        return value
    return _call(ENTRY, [loads.value, loads.slice, value])


def as_before(node: ast.stmt) -> ast.stmt:
    """A definition of a user's with the old meanings; unchanged where NumPy still has them."""
    if not (ARRAYS or NONES) or not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node
    changed = _Older().visit(copy.deepcopy(node))
    return ast.fix_missing_locations(changed)  # type: ignore[no-any-return]
