"""What the user's code does where it stands: values of an expression, positions that are written."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.diagnose.code import bare, replaced
from gradcheck.diagnose.edits import Change, Site, made, sites
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.repairs import quiet
from gradcheck.types import Array

WATCH = "_gradcheck_watch"
#: The most values kept of one expression.
MOST = 60


def enclosing(piece: Piece, node: ast.AST) -> Site:
    """The place of a node in its function.

    Raises
    ------
    LookupError
        The node is not one of this function's.
    """
    for site in sites(piece):
        if site.node is node:
            return site
    raise LookupError(ast.dump(node))


@contextlib.contextmanager
def known(piece: Piece, name: str, value: object) -> Iterator[None]:
    """Inside the context the user's module has one name more."""
    space = piece.function.__globals__
    space[name] = value
    try:
        yield
    finally:
        space.pop(name, None)


def seen(piece: Piece, site: Site, run: Callable[[], object]) -> list[Array]:
    """The values an expression has, one after the other, while the unchanged code runs."""
    noted = ast.Call(ast.Name(WATCH, ast.Load()), [bare(site.node)], [])
    code = made(piece, Change(0, site, noted, ""))
    if code is None:
        return []
    values: list[Array] = []

    def see(value: Any) -> Any:
        if len(values) < MOST:
            values.append(np.array(value))
        return value

    with known(piece, WATCH, see), replaced(piece.function, code), quiet():
        run()
    return values


class Writes:
    """How often each position of each array was written, and whether by anything but 0."""

    def __init__(self) -> None:
        self.held: dict[int, tuple[Array, Array]] = {}
        self.nonzero = False

    def __getitem__(self, index: Any) -> Any:
        return index

    def note(self, base: Any, index: Any, value: Any) -> None:
        """One assignment of `value` to ``base[index]``."""
        if isinstance(base, np.ndarray):
            counts = self.held.setdefault(id(base), (base, np.zeros(base.shape, dtype=int)))[1]
            np.add.at(counts, index, 1)
            self.nonzero = self.nonzero or bool(np.any(value))

    @property
    def most(self) -> int:
        """The most often that a position was written."""
        return max((int(c.max(initial=0)) for _, c in self.held.values()), default=0)


def writes(piece: Piece, site: Site, run: Callable[[], object]) -> tuple[int, bool]:
    """How often an assignment ``base[index] = value`` writes one position, and anything but 0.

    Arrays made in different rounds of a loop count apart.
    """
    node = site.node
    target = node.targets[0]
    if not isinstance(target, ast.Subscript):
        return 0, True
    index = ast.Subscript(ast.Name(WATCH, ast.Load()), bare(target.slice), ast.Load())
    note = ast.Attribute(ast.Name(WATCH, ast.Load()), "note", ast.Load())
    call = ast.Expr(ast.Call(note, [bare(target.value), index, bare(node.value)], []))
    code = made(piece, Change(0, site, [call, node], ""))
    watch = Writes()
    if code is not None:
        with known(piece, WATCH, watch), replaced(piece.function, code), quiet():
            run()
    return watch.most, watch.nonzero
