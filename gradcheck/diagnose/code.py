"""Editing the user's functions: compiled anew, and replaced for a while."""

from __future__ import annotations

import ast
import contextlib
import copy
import types
from collections.abc import Iterator
from typing import Any

from gradcheck.diagnose.pieces import Piece


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


def bare(node: Any) -> Any:
    """A copy of a node without its place: it gets that of what it stands for."""
    new = copy.deepcopy(node)
    for inner in ast.walk(new):
        vars(inner).pop("lineno", None)
    return new


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
