"""Second predictions that lie in what the code does at a place: what it writes, compares, counts."""

from __future__ import annotations

import ast
import re

import numpy as np

from gradcheck.diagnose import parts
from gradcheck.diagnose.code import replaced
from gradcheck.diagnose.interventions_options import altered, arguments_of, numbers_of
from gradcheck.diagnose.meaning import Meaning
from gradcheck.diagnose.proof import FORMULA, Trial, doubted
from gradcheck.diagnose.repairs import gradient_passes
from gradcheck.diagnose.trial import fails
from gradcheck.diagnose.watch import enclosing, seen, writes

#: An epsilon is not larger than this.
SMALL = 0.02


def overlap(t: Trial, what: Meaning) -> Meaning:
    """Windows overlap: a position is written twice, or by a value that is not 0 over another."""
    node = t.repair.edit.change.site.node
    if not isinstance(node, ast.Assign):
        return what
    if not isinstance(node.targets[0], ast.Subscript):  # a whole array: no windows are written
        return Meaning("missing-broadcast-sum", what.confirmed, "missing-carry")
    counts, nonzero = writes(t.repair.edit.piece, t.repair.edit.change.site, t.run)
    if not nonzero or (counts <= 1 and many(t)):
        return zeroed(nonzero)
    if of_counters(t, node.targets[0]):  # the same place again, no window reaches into the next
        return Meaning("missing-broadcast-sum", what.confirmed, "overlap-lost")
    return what


def kept(t: Trial, what: Meaning) -> Meaning:
    """What is changed in place is no argument: else the caller's array is written into."""
    edit = t.repair.edit
    node = edit.change.site.node
    name = ast.unparse(node.target) if isinstance(node, ast.AugAssign) else ""
    code = edit.piece.function.__code__
    if name not in code.co_varnames[: code.co_argcount]:
        return what
    if any(fails(t.op, "inputs_unchanged", t.case, s.name) for s in t.op.slots):
        return Meaning("edits-argument", True, what.cause)
    return what


def of_counters(t: Trial, target: ast.Subscript) -> bool:
    """Whether one of several nested loops counts the place written, and nothing else does: ``dw[f]``."""
    loops = [p for p in t.repair.edit.change.site.path if isinstance(p, ast.For)]
    counted = {p.target.id for p in loops if isinstance(p.target, ast.Name)
               and ast.unparse(p.iter).startswith("range(")}  # fmt: skip
    index = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    if t.op.labels is not None and any(isinstance(i, ast.Subscript) for i in index):
        return bool(loops)  # ``d[rows[m], y[m]]``: no window either
    names = {
        ast.unparse(i) for i in index if not isinstance(i, ast.Constant) and ast.unparse(i) != ":"
    }
    return bool(names) and names < counted and not any("index" in s.domain for s in t.op.slots)


def many(t: Trial) -> bool:
    """Whether the assignment stands in a loop, where it could write a position again."""
    return t.repair.edit.change.site.in_loop


def zeroed(nonzero: bool) -> Meaning:
    """Entries that are set to 0 or to another value, once."""
    return FORMULA if nonzero else Meaning("wrong-derivative", False, "zero-gradient")


def epsilon(t: Trial, what: Meaning) -> Meaning:
    """What stands inside or outside of the root is a small number."""
    site = t.repair.edit.change.site
    pair = site.node if isinstance(site.node, ast.BinOp) else site.node.args[0]
    values = seen(t.repair.edit.piece, enclosing(t.repair.edit.piece, pair.right), t.run)
    tiny = values and all(v.size == 1 and abs(float(v.ravel()[0])) <= SMALL for v in values)
    return what if tiny else FORMULA


def last(t: Trial, what: Meaning) -> Meaning:
    """Classes are counted: there are labels, and not only the last sample is wrong."""
    steps = any("T" in s.shape for s in t.op.slots)
    if t.op.labels is None:
        return Meaning("missing-carry", steps, FORMULA.cause) if steps else FORMULA
    if t.point is None or t.wrt not in t.point.truth:
        return what
    near = np.isclose(t.point.claimed[t.wrt], t.point.truth[t.wrt], rtol=1e-6, atol=1e-12)
    wrong = np.logical_not(np.asarray(near)).reshape(len(t.point.truth[t.wrt]), -1)
    rows = np.any(wrong, axis=1)
    samples = t.wrt in {s.name for s in t.op.slots} and len(rows) > 2
    return FORMULA if samples and rows[-1] and not rows[:-1].any() else what


#: Names of a kernel.
KERNEL = re.compile(
    r"(self\.)?(params\[.*\]|w\w*|k|kernels?|filters?|weights?\w*|wt)$", re.IGNORECASE
)


def flipped(t: Trial, what: Meaning) -> Meaning:
    """What is turned round is a kernel: an array of weights, not a sequence or a gradient."""
    node = t.repair.edit.change.site.node
    if isinstance(node, (ast.Slice, ast.BinOp)):
        node = next(
            (p for p in t.repair.edit.change.site.path[::-1] if isinstance(p, ast.Subscript)), node
        )
    base = node.value if isinstance(node, ast.Subscript) else node
    return (
        what
        if KERNEL.match(ast.unparse(base))
        else Meaning("wrong-derivative", False, "transposed")
    )


def carry(t: Trial, what: Meaning) -> Meaning:
    """There are steps: a loop that adds up, or an input with a time axis or a state."""
    site = t.repair.edit.change.site
    steps = any("T" in s.shape for s in t.op.slots)
    state = t.point is not None and parts.is_state(t.op, t.wrt, t.point)
    adds = isinstance(site.node, ast.stmt) and site.in_loop
    handed = isinstance(site.parent, ast.Call) and "backward" in ast.unparse(site.parent.func)
    if site.in_loop and over_names(t):  # heads or weights, one after the other: no steps
        return Meaning("missing-broadcast-sum", what.confirmed, "missing-chain-factor")
    if adds and not state and t.wrt not in {s.name for s in t.op.slots}:  # it serves every step
        return Meaning(
            "missing-broadcast-sum", what.confirmed, "missing-carry" if steps else "overlap-lost"
        )
    if adds and not steps and not state:  # windows, samples, heads: there is nothing to carry
        return Meaning("missing-broadcast-sum", what.confirmed, "overlap-lost")
    if steps or state or handed:
        return what
    if site.in_loop or in_range(t):
        return doubted(what)
    return Meaning("wrong-derivative", False, "missing-broadcast-sum")


def over_names(t: Trial) -> bool:
    """Whether the innermost loop runs over what is written down: ``for name in "qkv"``."""
    loops = [p for p in t.repair.edit.change.site.path if isinstance(p, ast.For)]
    inside = loops[-1].iter if loops else None
    if isinstance(inside, ast.Call) and ast.unparse(inside.func) in {"zip", "enumerate"}:
        return any(literal(a) for a in inside.args)
    return inside is not None and literal(inside)


def literal(node: ast.expr) -> bool:
    """A string, or a tuple or list of names written down."""
    return isinstance(node, (ast.Tuple, ast.List)) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def in_range(t: Trial) -> bool:
    """Whether the change is one of a loop's bounds."""
    return any(isinstance(p, ast.For) for p in t.repair.edit.change.site.path[-3:])


def option(t: Trial, what: Meaning) -> Meaning:
    """The change works with another value of the option, and its statement left the option out."""
    edit = t.repair.edit
    number = isinstance(edit.change.site.node, ast.Constant)
    if number and ast.unparse(edit.change.new) in ast.unparse(edit.change.site.statement):
        return FORMULA
    after = edit.change.new if isinstance(edit.change.new, ast.AST) else None
    names = {n.attr for n in ast.walk(after) if isinstance(n, ast.Attribute)} if after else set()
    held = numbers_of(t.op)
    names &= arguments_of(t.op.obj) if isinstance(t.op.obj, type) else set()
    for name in sorted(names):
        if type(held.get(name)) is not float or not held[name]:
            continue
        other = altered(t.op, {name: 0.8 * held[name]})
        with replaced(edit.piece.function, edit.code):
            if gradient_passes(other, t.case, t.wrt) is False:
                return FORMULA
    return what


def mask(t: Trial, what: Meaning) -> Meaning:
    """A mask is exchanged for its complement, not for one that differs at equality alone."""
    node, new = t.repair.edit.change.site.node, t.repair.edit.change.new
    if not isinstance(node, ast.Compare) or not isinstance(new, ast.Compare):
        return what
    sides = {ast.Lt: -1, ast.LtE: -1, ast.Gt: 1, ast.GtE: 1, ast.Eq: -1, ast.NotEq: 1}
    values = seen(t.repair.edit.piece, enclosing(t.repair.edit.piece, node), t.run)
    arrays = bool(values) and all(v.ndim for v in values)
    turned = sides.get(type(node.ops[0]), 0) != sides.get(type(new.ops[0]), 0)
    return what if arrays and turned else Meaning("wrong-derivative", False, what.cause)


def alone(t: Trial, what: Meaning) -> Meaning:
    """With more samples nothing is wrong."""
    if dict(t.case.sizes)["N"] != 1:
        return doubted(what)
    more = t.case.replace(N=3)
    return (
        what
        if all(fails(t.op, law, more, t.wrt) is False for law in ("contract", "gradient"))
        else doubted(what)
    )
