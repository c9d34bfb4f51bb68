"""A term that a gradient lacks, found among the arrays the user's backward holds.

What is missing, measured minus claimed, is compared with every such array, with every product of
two of them entry by entry, and with every matrix product.  A term that fits at two cases of
different sizes is the missing one, with nothing changed in the code: this finds terms of two names,
which no change of one place brings back.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.diagnose.factors import ratio
from gradcheck.diagnose.measure import Point, measure
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.shapes import returns
from gradcheck.types import Array, Case, Op

#: The fewest entries at which a fitted number cannot pass by chance.
ENOUGH = 6
#: Names that are no part of a formula.
POOL = 40


def lost_part(
    op: Op, point: Point, wrt: str, found: Sequence[Piece], until: float
) -> tuple[str, Array] | None:
    """The term that is missing at this case and at one with other sizes, with its values here."""
    here = dict(parts_at(op, point, wrt, found))
    if not here:
        return None
    sizes = dict(point.case.sizes)
    other: Case = point.case.replace(seed=point.case.seed + 31, N=sizes["N"] + 1)
    try:
        with quiet():
            there = dict(parts_at(op, measure(op, other, [wrt], until), wrt, found))
    except Exception:  # too slow, or these sizes are not legal for this object
        return None
    return next(((text, term) for text, term in here.items() if text in there), None)


def parts_at(op: Op, point: Point, wrt: str, found: Sequence[Piece]) -> Iterator[tuple[str, Array]]:
    """The terms, as text and values, that are what one case lacks, the shorter ones first."""
    truth, claimed = point.truth[wrt], point.claimed[wrt]
    defect = truth - claimed
    size = float(np.max(np.abs(defect), initial=0.0))
    if truth.size < ENOUGH or not np.all(np.isfinite(defect)) or ratio(claimed, truth) is not None:
        return
    pool = arrays(op, point, found)
    if any(same(claimed * f, truth) for _, a in pool.items() if fits(a.shape, truth.shape) for f in (a, 1 - a, 1 - a * a)):  # fmt: skip
        return  # a factor is missing, not a term
    below = divisors(found)
    counts = {"": 1, " / N": dict(point.case.sizes)["N"]} if op.terminal else {"": 1}
    for words, n in counts.items():
        for text, term in (*terms(pool, defect.shape), *of_powers(pool, n * defect, below)):
            if size and float(np.max(np.abs(defect - term / n))) <= 1e-6 * size:
                yield text + words, term / n


def same(one: Array, other: Array) -> bool:
    """Equal to 1e-6 of the largest entry."""
    return bool(np.max(np.abs(one - other)) <= 1e-6 * np.max(np.abs(other)))


def arrays(op: Op, point: Point, found: Sequence[Piece]) -> dict[str, Array]:
    """The arrays of numbers that the backward holds when it returns, each name once."""
    backward = [p for p in found if p.role in {"backward", "both"}]
    held: dict[str, Array] = {}
    mixed: set[str] = set()
    for _, names in returns(op, point, backward):
        for name, value in names.items():
            a = np.asarray(value)
            if a.dtype.kind not in "fb" or a.size < 2 or a.ndim > 4:
                continue
            a = a.astype(np.float64)
            if name in held and not np.array_equal(held[name], a):
                mixed.add(name)
            held.setdefault(name, a)
    return dict([(k, a) for k, a in held.items() if k not in mixed and np.all(np.isfinite(a))][:POOL])  # fmt: skip


def terms(pool: dict[str, Array], shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """Arrays, products of two, and matrix products, that have a gradient's shape."""
    full = {k: a for k, a in pool.items() if a.shape == shape}
    yield from full.items()
    for one, a in full.items():
        for other, c in pool.items():
            if fits(c.shape, shape):
                yield f"{one} * {other}", a * c
    matrices = {k: a for k, a in pool.items() if a.ndim == 2}
    if len(shape) != 2:
        return
    for one, a in matrices.items():
        for other, c in matrices.items():
            if a.shape[0] == shape[0] and c.shape[0] == shape[1] and a.shape[1] == c.shape[1]:
                yield f"{one} @ {other}.T", a @ c.T
            if a.shape[1] == shape[0] and c.shape[1] == shape[1] and a.shape[0] == c.shape[0]:
                yield f"{one}.T @ {other}", a.T @ c


#: Powers in which a third array may stand in a term.
POWERS = (-3, -2, -1, 2)


def divisors(found: Sequence[Piece]) -> str:
    """What the code divides by, as text: nothing else stands below a missing term."""
    quotients = (
        n.right
        for p in found
        for n in ast.walk(p.node)
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)
    )
    return "\n".join(ast.unparse(q) for q in quotients)


def of_powers(pool: dict[str, Array], defect: Array, below: str) -> Iterator[tuple[str, Array]]:
    """Terms of two or three arrays, the last one squared or a divisor: ``- x * dot / norm**3``."""
    wide = {k: a for k, a in pool.items() if fits(a.shape, defect.shape)}
    if not np.all(defect):
        return
    last = [
        (f"{k}**{n}", a**n)
        for k, a in wide.items()
        if np.all(a)
        for n in POWERS
        if n > 0 or re.search(rf"(?<!\w){re.escape(k)}(?!\w)", below)
    ]
    pairs = [(k, a) for k, a in wide.items() if a.shape == defect.shape]
    pairs += [(f"{j} * {k}", a * c) for j, a in wide.items() for k, c in wide.items()
              if j < k and (a * c).shape == defect.shape]  # fmt: skip
    for text, term in pairs:
        if not np.all(term):
            continue
        factor = defect / term
        first = factor.flat[0]
        for name, power in last:
            for sign in (1, -1):
                if abs(first - sign * np.broadcast_to(power, defect.shape).flat[0]) > 1e-6 * abs(first):  # fmt: skip
                    continue
                if np.allclose(factor, sign * power, rtol=1e-6, atol=0):
                    minus = "" if sign > 0 else "-"
                    yield f"{minus}{text} * {name}", sign * term * power


def fits(one: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether an array broadcasts into a shape."""
    pairs = list(zip(one[::-1], shape[::-1], strict=False))
    return len(one) <= len(shape) and all(a in (1, b) for a, b in pairs)


def is_state(op: Op, wrt: str, point: Point) -> bool:
    """Whether an input is the state of the step before: what comes out has its shape as well."""
    names = [s.name for s in op.slots]
    if wrt not in names[1:] or op.terminal or len(op.slots) < 2:
        return False
    x, first = point.primals[wrt], point.primals[names[0]]
    out = np.asarray(point.output)
    rows = out.shape == x.shape or (out.ndim == 1 and out.size % x.size == 0)
    return x.ndim == 2 and rows and (x.shape != first.shape or named_state(wrt))


def named_state(name: str) -> bool:
    """``h_prev``, ``prev_c``, ``state`` and the like."""
    return any(word in name.lower() for word in ("prev", "state", "h0", "last"))
