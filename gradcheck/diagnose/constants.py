"""What backward takes for a constant: forward is measured again with one of its names held.

Where the claimed gradient is exactly that of such a forward, the path through that name is what
backward leaves out: a state of the step before, a mean, a factor that depends on the input too.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.diagnose.code import compiled, placed, replaced
from gradcheck.diagnose.measure import Point, claim, clock, derivative
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.repairs import quiet
from gradcheck.types import Array, Op

HOLD = "_gradcheck_hold"
#: Reductions whose results a normalisation's gradient has terms for.
STATISTICS = re.compile(r"\b(mean|var|std|norm|average)\(")


@dataclass(frozen=True)
class Constant:
    """A name of forward that backward takes for a constant, and the cause that this is."""

    name: str
    cause: str
    line: int


@dataclass
class Held:
    """The values of one name, noted in a first run and handed out again in the later ones."""

    values: list[Any] = field(default_factory=list)
    noting: bool = True
    at: int = 0

    def __call__(self, value: Any) -> Any:
        """The value that stood here in the first run."""
        if (
            not isinstance(value, (float, np.floating, np.ndarray))
            or np.asarray(value).dtype.kind != "f"
        ):
            return value
        if self.noting:
            self.values.append(np.array(value))
            return value
        self.at += 1
        return self.values[self.at - 1]


class Reads(ast.NodeTransformer):
    """Every reading of one name goes through `HOLD`; what is written into is left alone.

    Of a carried name only those in `lines` are held, which read what the step before has left.
    """

    def __init__(self, name: str, lines: range | None) -> None:
        self.name, self.lines = name, lines

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """An array that is written into entry by entry stays the same array."""
        if isinstance(node.ctx, ast.Load):
            node.value = self.visit(node.value)
        node.slice = self.visit(node.slice)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A local name."""
        return self.read(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """``self.name``, or the object of a method."""
        if ast.unparse(node) == self.name:
            return self.read(node)
        node.value = self.visit(node.value)
        return node

    def read(self, node: ast.Name | ast.Attribute) -> ast.expr:
        """The reading of the name, noted or held."""
        here = self.lines is None or node.lineno in self.lines
        if here and isinstance(node.ctx, ast.Load) and ast.unparse(node) == self.name:
            return ast.Call(ast.Name(HOLD, ast.Load()), [node], [])
        return node


def taken_for_constant(
    op: Op, point: Point, wrt: str, pieces: Sequence[Piece], until: float
) -> Constant | None:
    """The name of forward that, held, makes the claimed gradient the right one; at two cases."""
    found = []
    other = None
    for piece in pieces:
        for name, cause, lines in names_of(piece) if piece.role in {"forward", "both"} else ():
            if clock() > until:
                break
            try:
                with quiet():
                    if not explains(op, point, wrt, piece, name, lines):
                        continue
                    other = other or bigger(op, point)
                    if explains(op, other, wrt, piece, name, lines):
                        found.append(Constant(name, cause, line_of(piece, name, lines)))
            except Exception:  # it cannot be held there
                continue
    order = ("missing-carry", "missing-norm-term", "missing-chain-factor")
    return min(found, key=lambda c: order.index(c.cause), default=None)


def line_of(piece: Piece, name: str, lines: range | None) -> int:
    """The line of the file where a name is assigned, or where what the step before left is read."""
    nodes = [n for n in ast.walk(piece.node) if isinstance(n, (ast.Name, ast.Attribute))
             and ast.unparse(n) == name and isinstance(n.ctx, ast.Store)
             and (lines is None or n.lineno in lines)]  # fmt: skip
    return min(n.lineno for n in nodes)


def averaged(op: Op, point: Point, wrt: str, pieces: Sequence[Piece]) -> Constant | None:
    """The mean of forward that, were it a sum, would make the claimed gradient the right one."""
    for piece in pieces:
        calls = [n for n in ast.walk(piece.node) if isinstance(n, ast.Call)]
        for call in calls if piece.role in {"forward", "both"} else ():
            if not isinstance(call.func, ast.Attribute) or call.func.attr != "mean":
                continue
            call.func.attr = "sum"
            code = compiled(piece)
            call.func.attr = "mean"
            try:
                with quiet():
                    if (
                        code is not None
                        and explained(op, point, wrt, piece, code, 5)
                        and explained(op, bigger(op, point), wrt, piece, code, 5)
                    ):
                        cause = "missing-mean" if op.terminal else "summed-not-averaged"
                        return Constant(ast.unparse(call), cause, call.lineno)
            except Exception:  # it does not run like that
                continue
    return None


def bigger(op: Op, point: Point) -> Point:
    """Other numbers and one sample more."""
    case = point.case
    return claim(op, case.replace(seed=case.seed + 17, N=dict(case.sizes)["N"] + 1))


def explained(
    op: Op, point: Point, wrt: str, piece: Piece, code: Any, seed: int, noted: Held | None = None
) -> bool:
    """Whether the claimed slope along a direction is that of other code of forward, and not its own."""
    x = point.primals[wrt]
    v = np.random.default_rng(seed).uniform(0.5, 1.5, x.shape)
    v *= (-1.0) ** np.arange(x.size).reshape(x.shape)
    claimed = float(np.sum((point.claimed[wrt] - point.extra.get(wrt, 0.0)) * v))
    with replaced(piece.function, code):
        other = slope_along(op, point, wrt, v, noted)
    if abs(other - claimed) > 1e-7 * max(abs(other), abs(claimed)):
        return False
    own = slope_along(op, point, wrt, v, None)
    return abs(own - claimed) > 1e-4 * max(abs(own), abs(claimed))


def names_of(piece: Piece) -> Iterator[tuple[str, str, range | None]]:
    """What a function computes and reads again, with the cause it would be and the lines held."""
    seen: set[str] = set()
    loops = [n for n in ast.walk(piece.node) if isinstance(n, (ast.For, ast.While))]
    read = [ast.unparse(n) for n in ast.walk(piece.node)
            if isinstance(n, (ast.Name, ast.Attribute)) and isinstance(n.ctx, ast.Load)]  # fmt: skip
    for node in ast.walk(piece.node):
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        for target in flat:
            name = ast.unparse(target)
            if (
                not isinstance(target, (ast.Name, ast.Attribute))
                or name in seen
                or name not in read
            ):
                continue
            seen.add(name)
            lines = next(filter(None, (carried(loop, name) for loop in loops)), None)
            if lines is not None:
                yield name, "missing-carry", lines
            told = STATISTICS.search(ast.unparse(node.value))
            yield name, "missing-norm-term" if told else "missing-chain-factor", None


def carried(loop: ast.For | ast.While, name: str) -> range | None:
    """The lines of a loop that read what its pass before has assigned to a name."""
    nodes = [n for s in loop.body for n in ast.walk(s)
             if isinstance(n, (ast.Name, ast.Attribute)) and ast.unparse(n) == name]  # fmt: skip
    stored = [n.lineno for n in nodes if isinstance(n.ctx, ast.Store)]
    if not stored:
        return None
    ends = [s.end_lineno or s.lineno for s in ast.walk(loop)
            if isinstance(s, ast.stmt) and s is not loop and s.lineno <= min(stored) <= (s.end_lineno or s.lineno)]  # fmt: skip
    lines = range(loop.body[0].lineno, min(ends) + 1)
    read = any(n.lineno in lines for n in nodes if isinstance(n.ctx, ast.Load))
    return lines if read else None


def explains(op: Op, point: Point, wrt: str, piece: Piece, name: str, lines: range | None) -> bool:
    """Whether the claimed slopes are those of forward with the name held, and not those without."""
    code = holding(piece, name, lines)
    if code is None or wrt not in point.claimed:
        return False
    space = piece.function.__globals__
    noted = space[HOLD] = Held()
    try:
        with replaced(piece.function, code):
            op.vjp(point.primals, point.labels, point.case.train)
        noted.noting = False
        return bool(noted.values) and all(
            explained(op, point, wrt, piece, code, seed, noted) for seed in (3, 4)
        )
    finally:
        space.pop(HOLD, None)


def holding(piece: Piece, name: str, lines: range | None) -> Any:
    """The function's code with the readings of a name held; None where it cannot be compiled."""
    node = Reads(name, lines).visit(copy.deepcopy(piece.node))
    for child in ast.walk(node):
        if isinstance(child, ast.Call) and getattr(child.func, "id", "") == HOLD:
            placed(child, child.args[0])
    changed = Piece(piece.function, node, piece.owner, piece.role, piece.keys)
    return compiled(changed)


def slope_along(op: Op, point: Point, wrt: str, v: Array, noted: Held | None) -> float:
    """The slope of the output, times the cotangent, along one direction."""

    def value(t: float) -> float:
        if noted is not None:
            noted.at = 0
        moved = {**point.primals, wrt: point.primals[wrt] + t * v}
        out = op.vjp(moved, point.labels, point.case.train)[0]
        return float(np.sum(np.asarray(out) * point.cotangent))

    return derivative(value)
