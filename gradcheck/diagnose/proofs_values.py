"""Second predictions that lie in the numbers: what follows the upstream gradient, and how."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace

import numpy as np

from gradcheck.conventions.signature import UPSTREAM
from gradcheck.diagnose import parts
from gradcheck.diagnose.code import bare, replaced
from gradcheck.diagnose.edits import Change, made
from gradcheck.diagnose.history import follows_history, parameters_changed
from gradcheck.diagnose.meaning import Meaning, difference, values
from gradcheck.diagnose.measure import agrees
from gradcheck.diagnose.numbers_updated import with_updated_weights
from gradcheck.diagnose.pieces import functions_by_place
from gradcheck.diagnose.proof import FORMULA, Trial, doubted, pulled_with
from gradcheck.diagnose.watch import enclosing, seen
from gradcheck.types import Array


def stale(t: Trial, what: Meaning) -> Meaning:
    """A fresh object gives another result than one that was called before."""
    held = follows_history(t.op, t.case, t.wrt)
    return what if held else Meaning("wrong-derivative", False, "option-ignored")


def upstream(t: Trial, what: Meaning) -> Meaning:
    """Twice the upstream gradient does not give twice the gradient."""
    how = difference(t.repair.edit.change)
    if t.op.terminal or t.point is None or t.wrt not in t.point.claimed:
        name = ast.unparse(how.part).split(".")[-1] if how.part is not None else ""
        if name in options(t):
            return Meaning("missing-chain-factor", what.confirmed, "option-ignored")
        return what if not name or UPSTREAM.match(name) else FORMULA
    point, once = t.point, t.point.claimed[t.wrt]
    twice = pulled_with(t.op, point, 2 * np.asarray(point.cotangent)).get(t.wrt)
    if twice is None or not agrees(np.reshape(twice, once.shape), 2 * once):
        return what
    return Meaning("missing-chain-factor", True, "wrong-derivative")


def options(t: Trial) -> set[str]:
    """The arguments of a loss that are a number by default: the ``delta`` of Huber's loss."""
    given = inspect.signature(t.op.obj).parameters if callable(t.op.obj) else {}
    return {n for n, p in given.items() if type(p.default) in (int, float)}


def updated(t: Trial, what: Meaning) -> Meaning:
    """Backward changes the parameters, or the numbers are those at updated parameters."""
    if parameters_changed(t.op, t.case):
        return what
    numbers = t.point is not None and t.wrt in t.point.truth
    if numbers and t.point is not None and with_updated_weights(t.op, t.point, t.wrt) is not None:
        return what
    return Meaning("wrong-derivative", False, "derivative-at-wrong-point")


def zero(t: Trial, what: Meaning) -> Meaning:
    """Every entry is 0; where only a term is, that term is missing."""
    if t.point is None or not np.any(t.point.claimed.get(t.wrt, np.zeros(1))):
        return what
    if parts.is_state(t.op, t.wrt, t.point):
        return Meaning("missing-carry", True, "missing-chain-factor")
    return Meaning("missing-chain-factor", True, "wrong-derivative")


def place(t: Trial, what: Meaning) -> Meaning:
    """What is exchanged are values of forward; between two gradients, a factor may be missing."""
    if lacks_factor(t):
        return Meaning("missing-chain-factor", True, "derivative-at-wrong-point")
    wrapped = getattr(t.repair.edit.change.new, "func", None)
    if wrapped is not None and not computed(t, ast.unparse(wrapped)):
        return Meaning("wrong-derivative", False, "missing-chain-factor")
    if not one_of_the_other(t):
        what = doubted(what)
    if t.op.terminal or t.point is None:
        return what
    piece, change = t.repair.edit.piece, t.repair.edit.change
    node = change.site.node
    how = difference(change)
    if how.kind != "name" or how.part is None:
        held = next((p for p in change.site.path[::-1] if isinstance(p, ast.Subscript)), None)
        if not isinstance(node, ast.Constant) or held is None:
            return what
        written = isinstance(held.ctx, ast.Store)
        moved = Meaning("wrong-derivative", False, what.cause)
        return moved if written or follows(t, held) else what
    if not follows(t, node):
        return what
    text, other = ast.unparse(node), ast.unparse(how.part)
    if made_of(piece.node, other, text):
        return Meaning("missing-chain-factor", True, "wrong-derivative")
    return Meaning("wrong-derivative", False, "missing-chain-factor")


def one_of_the_other(t: Trial) -> bool:
    """Whether two exchanged arrays are the input and the output of one rising or falling function.

    Then a derivative can be taken at either. What is exchanged for an array of another layer, step
    or side is a wrong array, but no wrong point.
    """
    edit = t.repair.edit
    how = difference(edit.change)
    if how.kind != "name" or how.part is None:
        return True  # told by other means
    old = seen(edit.piece, enclosing(edit.piece, edit.change.site.node), t.run)
    new = values(edit, how.part, t.run)
    if not old or not new or old[0].shape != new[0].shape or old[0].size < 4:
        return False
    return monotone(new[0], old[0]) or monotone(old[0], new[0])


def monotone(x: Array, y: Array) -> bool:
    """Whether y rises or falls with x, over all entries or in every row."""
    for rows in (np.ravel(x)[None], np.reshape(x, (-1, x.shape[-1]))):
        order = np.argsort(rows, axis=-1)
        steps = np.diff(np.take_along_axis(np.reshape(y, rows.shape), order, axis=-1), axis=-1)
        if rows.shape[-1] > 2 and (np.all(steps >= 0) or np.all(steps <= 0)):
            return True
    return False


def lacks_factor(t: Trial) -> bool:
    """Whether what is put in is what stood there times or over something: ``xhat = xc / std``."""
    change, owner = t.repair.edit.change, t.repair.edit.piece.owner
    how = difference(change)
    if how.kind != "name" or how.part is None or owner is None:
        return False
    old, new = ast.unparse(change.site.node), ast.unparse(how.part)
    made = [
        n.value
        for n in ast.walk(owner)
        if isinstance(n, ast.Assign) and any(ast.unparse(x) == new for x in n.targets)
    ]
    return bool(made) and all(
        isinstance(v, ast.BinOp)
        and isinstance(v.op, (ast.Mult, ast.Div))
        and (
            ast.unparse(v.left) == old
            or (isinstance(v.op, ast.Mult) and ast.unparse(v.right) == old)
        )
        for v in made
    )


def computed(t: Trial, called: str) -> bool:
    """Whether forward calls this function: what is wrapped in another one is no value of forward's."""
    return called not in {"np.tanh", "np.exp"} or any(
        called.rpartition(".")[2] in f.__code__.co_names for f in functions_by_place(t.op).values()
    )


def follows(t: Trial, node: ast.AST) -> bool:
    """Whether an expression's values follow the upstream gradient."""
    assert t.point is not None
    point, piece = t.point, t.repair.edit.piece
    site = enclosing(piece, node)
    cot = np.asarray(point.cotangent)
    one = seen(piece, site, lambda: pulled_with(t.op, point, cot))
    two = seen(piece, site, lambda: pulled_with(t.op, point, 1.7 * cot + 0.3))
    return len(one) == len(two) and not all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(one, two, strict=True)
    )


def made_of(function: ast.AST, name: str, other: str) -> bool:
    """Whether a name is assigned an expression that holds another one as a factor."""
    return any(
        ast.unparse(x) == other
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(ast.unparse(y) == name for y in node.targets)
        for x in ast.walk(node.value)
        if isinstance(x, ast.expr)
    )


def chain(t: Trial, what: Meaning) -> Meaning:
    """A divisor that stands above the line already takes a power out: no factor is missing."""
    how, node = difference(t.repair.edit.change), t.repair.edit.change.site.node
    if how.kind != "factor" or not how.divides or how.part is None:
        return what
    inside = {ast.unparse(n) for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute))}
    return FORMULA if ast.unparse(how.part) in inside else what


def sign(t: Trial, what: Meaning) -> Meaning:
    """Half-way between the two signs, at 0 times the term, the gradient is half-way as well."""
    edit = t.repair.edit
    none = without(edit.change)
    if t.point is None or none is None or t.wrt not in t.point.claimed:
        return what
    code = made(edit.piece, none)
    if code is None:
        return doubted(what)
    found = [t.point.claimed[t.wrt]]
    for other in (edit.code, code):
        with replaced(edit.piece.function, other):
            found.append(pulled_with(t.op, t.point, np.asarray(t.point.cotangent))[t.wrt])
    wrong, right, middle = (np.reshape(g, found[0].shape) for g in found)
    if not agrees(2 * middle, wrong + right):
        steps = any("T" in one.shape for one in t.op.slots) or parts.is_state(t.op, t.wrt, t.point)
        inside_loop = edit.piece.role == "backward" and edit.change.site.in_loop
        carried = steps and inside_loop and in_no_call(edit.change)
        return what if carried else replace(what, confirmed=False, second="wrong-derivative")
    return Meaning("derivative-at-wrong-point", True, "sign-flipped") if inside(t, middle) else what


def in_no_call(change: Change) -> bool:
    """Whether a term stands in no call: what is carried from step to step goes with powers of its sign."""
    above = change.site.path
    own = above[above.index(change.site.statement) :] if change.site.statement in above else ()
    return not any(isinstance(p, ast.Call) for p in own)


def inside(t: Trial, middle: Array) -> bool:
    """Whether the sign is that of the argument of a function that is not odd: ``sigmoid(-x)``.

    `middle` is the gradient with 0 as the argument; the value of an odd function is 0 there, too.
    """
    edit = t.repair.edit
    change, point = edit.change, t.point
    above = change.site.parent
    turned = isinstance(change.new, ast.UnaryOp) or isinstance(change.site.node, ast.UnaryOp)
    if point is None or not turned or not isinstance(above, ast.Call) or change.site.node not in above.args:  # fmt: skip
        return False
    nothing = ast.BinOp(ast.Constant(0.0), ast.Mult(), bare(above))
    code = made(edit.piece, replace(change, site=enclosing(edit.piece, above), new=nothing))
    if code is None:
        return False
    with replaced(edit.piece.function, code):
        gone = pulled_with(t.op, point, np.asarray(point.cotangent))[t.wrt]
    return not agrees(np.reshape(gone, middle.shape), middle)


def without(change: Change) -> Change | None:
    """The change that leaves the term of a wrong sign out; None where it is no term."""
    old, new = change.site.node, change.new
    if isinstance(old, ast.AugAssign):
        return replace(change, new=[ast.Pass()])
    if isinstance(new, ast.UnaryOp) or isinstance(old, ast.UnaryOp):
        term = old.operand if isinstance(old, ast.UnaryOp) else old
        return replace(change, new=ast.BinOp(ast.Constant(0.0), ast.Mult(), bare(term)))
    if not isinstance(old, ast.BinOp) or not isinstance(new, ast.BinOp):
        return None
    if ast.dump(old.left) == ast.dump(new.left):
        return replace(change, new=bare(old.left))
    if ast.dump(old.left) == ast.dump(new.right):  # a - b for b - a
        return replace(change, new=ast.BinOp(ast.Constant(0.0), ast.Mult(), bare(old)))
    return replace(
        change,
        new=bare(old.right)
        if isinstance(old.op, ast.Add)
        else ast.UnaryOp(ast.USub(), bare(old.right)),
    )
