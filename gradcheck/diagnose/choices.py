"""Many changes of one place compiled at once: most of the time of a search goes into compiling.

The place is given all its changes, ``a if CHOICE == 0 else b if CHOICE == 1 else ...``, and the
number is set before each trial.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import itertools
import types
from collections.abc import Iterator, Sequence

from gradcheck.diagnose.edits import Change, made
from gradcheck.diagnose.pieces import Piece

CHOICE = "_gradcheck_choice"
#: The most changes in one compilation: a chain is compiled by recursion.
MOST = 40


def plain(change: Change) -> bool:
    """Whether a change puts an expression where an expression is read."""
    pair = (change.site.node, change.new)
    return all(
        isinstance(n, ast.expr)
        and not isinstance(n, (ast.Slice, ast.Starred))
        and isinstance(getattr(n, "ctx", None) or ast.Load(), ast.Load)
        for n in pair
    )


def batches(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """The changes in their order, those of one place that may be compiled together in one list."""

    def place(item: tuple[int, Change]) -> tuple[int, ...]:
        i, change = item
        return (id(change.site.node),) if plain(change) else (-1, i)

    for _, group in itertools.groupby(enumerate(changes), place):
        members = [change for _, change in group]
        for start in range(0, len(members), MOST):
            yield members[start : start + MOST]


def together(piece: Piece, members: Sequence[Change]) -> types.CodeType | None:
    """The function with a choice of all these changes; None where they cannot be compiled."""
    if len(members) == 1:
        return made(piece, members[0])
    chain = copy.deepcopy(members[-1].new)
    for i in range(len(members) - 2, -1, -1):
        test = ast.Compare(ast.Name(CHOICE, ast.Load()), [ast.Eq()], [ast.Constant(i)])
        chain = ast.IfExp(test, copy.deepcopy(members[i].new), chain)
    return made(piece, Change(0, members[0].site, chain, ""))


@contextlib.contextmanager
def chosen(piece: Piece, number: int) -> Iterator[None]:
    """Inside the context the function runs the change of this number."""
    space = piece.function.__globals__
    space[CHOICE] = number
    try:
        yield
    finally:
        space.pop(CHOICE, None)
