"""What a change that works means: the label of a cause, and whether an experiment holds for it.

A change proves that its line is wrong, not why.  The label is read from what the change does to
the numbers: which factor it puts in or takes out, and what that factor is (one number, a count
that grows with the batch, an option, an array kept by forward).  Labels that only say "this line
holds another formula" are never confirmed: they are printed as hypotheses.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnose.code import replaced
from gradcheck.diagnose.edits import Change, Edit, made
from gradcheck.diagnose.repairs import Repair, quiet

#: Labels that no change confirms: the line is wrong, and that is all it shows.
OPEN = {"wrong-derivative", "update-wrong", "edits-argument", "accumulates", "forward-wrong",
        "option-ignored", "constant-factor", "missing-norm-term",
        "bias-shape", "gradient-shape"}  # fmt: skip
SEEN = "_gradcheck_seen"


@dataclass(frozen=True)
class Meaning:
    """The label a change deserves; `confirmed` where what it did to the numbers is the label's own
    prediction; `second` is the next best name."""

    cause: str
    confirmed: bool
    second: str = ""


@dataclass(frozen=True)
class Difference:
    """How a change differs: ``factor`` or ``term`` put in, ``unfactor`` or ``unterm`` taken out,
    ``name`` exchanged, ``constant``, or ``other``."""

    kind: str
    part: ast.expr | None = None
    divides: bool = False


def difference(change: Change) -> Difference:
    """The kind of a change, from the two syntax trees."""
    old, new = change.site.node, change.new
    if not isinstance(old, ast.AST) or not isinstance(new, ast.AST):
        return Difference("other")
    for whole, part, sign in ((new, old, ""), (old, new, "un")):
        if not isinstance(whole, ast.BinOp):
            continue
        kind = {ast.Mult: "factor", ast.Div: "factor", ast.Add: "term", ast.Sub: "term"}.get(
            type(whole.op), ""
        )
        if kind and ast.dump(whole.left) == ast.dump(part):
            return Difference(sign + kind, whole.right, isinstance(whole.op, ast.Div))
        if kind == "factor" and isinstance(whole.op, ast.Mult) and ast.dump(whole.right) == ast.dump(part):  # fmt: skip
            return Difference(sign + kind, whole.left)
    if isinstance(old, ast.Constant) and isinstance(new, (ast.Constant, ast.UnaryOp)):
        return Difference("constant")
    if isinstance(old, (ast.Name, ast.Attribute)) and isinstance(new, (ast.Name, ast.Attribute)):
        return Difference("name", new)
    return Difference("other")


def values(edit: Edit, part: ast.expr, run: Callable[[], object]) -> list[np.ndarray]:
    """The values of a part of a change while the changed code runs."""
    site = edit.change.site
    noted = ast.Call(ast.Name(SEEN, ast.Load()), [copy.deepcopy(part)], [])
    for node in ast.walk(noted):
        vars(node).pop("lineno", None)
    target = edit.change.new if isinstance(edit.change.new, ast.AST) else None
    whole = (
        noted if target is part else swapped(target, part, noted) or swapped(site.node, part, noted)
    )
    if whole is None:
        return []
    for node in ast.walk(whole):
        vars(node).pop("lineno", None)
    code = made(edit.piece, Change(0, site, whole, ""))
    if code is None:
        return []
    seen: list[np.ndarray] = []

    def see(value: object) -> object:
        if len(seen) < 50:
            seen.append(np.array(value))
        return value

    space = edit.piece.function.__globals__
    space[SEEN] = see
    try:
        with replaced(edit.piece.function, code), quiet():
            run()
    except Exception:  # what the part is worth cannot be seen
        return []
    finally:
        space.pop(SEEN, None)
    return seen


def swapped(tree: ast.AST | None, part: ast.AST, new: ast.AST) -> ast.AST | None:
    """A copy of a binary operation with one side exchanged, or None if it has no such side."""
    if not isinstance(tree, ast.BinOp):
        return None
    for side in ("left", "right"):
        if getattr(tree, side) is part:
            other = copy.copy(tree)
            other = ast.BinOp(copy.deepcopy(tree.left), tree.op, copy.deepcopy(tree.right))
            setattr(other, side, new)
            return other
    return None


def meaning(
    repair: Repair, run: Callable[[], object], again: Callable[[], object], whole: bool | None,
    samples: int | None = None,
) -> Meaning:  # fmt: skip
    """The label of a change that works.

    Parameters
    ----------
    run, again
        The call at the failing case and at one with one sample more: for seeing values.
    whole
        Whether the claimed gradient is the measured one times one number; None if not known.
    samples
        The samples that a loss is the mean of; None where there is no loss.
    """
    edit = repair.edit
    cause, change = edit.cause, edit.change
    how = difference(change)
    if how.kind == "unfactor" and isinstance(how.part, ast.Constant) and how.part.value == 0:
        return Meaning(cause, cause not in OPEN - {"missing-norm-term"}, SECOND.get(cause, ""))
    if how.part is not None and how.kind in {"factor", "unfactor"} and cause not in FIXED:
        return of_factor(
            edit, how, values(edit, how.part, run), values(edit, how.part, again), whole, samples
        )
    if how.kind == "name" and how.part is not None and cause in NAMED:
        seen = values(edit, how.part, run)
        if seen and all(v.size == 1 and v.dtype.kind == "i" for v in seen):
            return of_sizes(whole)
        cause = "derivative-at-wrong-point"
        if not seen or any(v.size < 2 for v in seen):
            return Meaning("constant-factor", bool(whole), "square-only")
        return Meaning(cause, True, "wrong-derivative")
    if cause == "option-ignored" and isinstance(change.site.node, ast.Constant):
        return Meaning(cause, True, "wrong-derivative")  # any other value of it would have failed
    if is_axis_of_shape(change):
        return of_sizes(whole)
    if how.kind == "constant" and cause in {"constant-factor", "wrong-derivative"}:
        if whole:
            return Meaning("constant-factor", True)
        return Meaning("wrong-derivative", False, "constant-factor")
    if cause == "summed-not-averaged" and whole:
        return Meaning("missing-mean", True, "constant-factor")
    if cause in {"missing-mean", "extra-mean"} and whole is False and how.kind == "factor":
        return Meaning("summed-not-averaged", False, cause)
    return Meaning(cause, cause not in OPEN, SECOND.get(cause, ""))


#: Labels of a name put in the place of another.
NAMED = {"derivative-at-wrong-point", "square-only"}


def of_sizes(whole: bool | None) -> Meaning:
    """The label of one size put in the place of another: where the two are equal nothing changes."""
    if whole:
        return Meaning("constant-factor", True, "square-only")
    return Meaning("square-only", True, "constant-factor")


def is_axis_of_shape(change: Change) -> bool:
    """``x.shape[0]`` made to ``x.shape[1]``."""
    above = change.site.parent
    held = above.value if isinstance(above, ast.Subscript) else None
    return isinstance(held, ast.Attribute) and held.attr == "shape"


#: Names that are as near where the first one is not it.
SECOND = {
    "wrong-derivative": "missing-chain-factor",
    "derivative-at-wrong-point": "wrong-derivative",
    "missing-chain-factor": "wrong-derivative",
    "missing-mean": "constant-factor",
    "extra-mean": "constant-factor",
    "summed-not-averaged": "missing-mean",
    "option-ignored": "missing-chain-factor",
    "constant-factor": "missing-chain-factor",
    "update-wrong": "sign-flipped",
    "overlap-lost": "missing-broadcast-sum",
    "accumulates": "wrong-derivative",
    "transposed": "wrong-axis-sum",
    "wrong-axis-sum": "missing-broadcast-sum",
    "missing-norm-term": "missing-chain-factor",
    "upstream-ignored": "missing-chain-factor",
    "batch-mixed": "labels-broadcast",
    "wrong-mask-side": "derivative-at-wrong-point",
}
#: Labels that a change has by its place, whatever its factor is worth.
FIXED = {"wrong-regulariser", "missing-regulariser", "stride-ignored", "upstream-ignored", "square-only",
         "decay-wrong", "moment-not-squared", "bias-correction", "step-counter", "missing-carry",
         "epsilon-placement", "sign-flipped", "update-wrong"}  # fmt: skip


def of_factor(
    edit: Edit, how: Difference, here: list[np.ndarray], there: list[np.ndarray], whole: bool | None,
    samples: int | None = None,
) -> Meaning:  # fmt: skip
    """The label of a factor put in or taken out, by what the factor is."""
    cause = edit.cause
    if not here:
        return Meaning(cause, False, SECOND.get(cause, ""))
    array = any(v.size > 1 for v in here)
    inserted = how.kind == "factor"
    if array:
        if cause == "option-ignored":
            return Meaning(cause, True, "missing-chain-factor")
        if not inserted:
            return Meaning("wrong-derivative", False, "missing-chain-factor")
        return Meaning("missing-chain-factor", True, "wrong-derivative")
    number = float(here[0].ravel()[0])
    grows = bool(there) and float(there[0].ravel()[0]) != number and number == round(number)
    count = grows or (
        number == round(number) and abs(number) > 1 and not isinstance(how.part, ast.Constant)
    )
    if cause == "option-ignored":
        if (
            how.part is not None and ast.unparse(how.part) in edit.before and whole
        ):  # it is there already, once too often
            return Meaning("constant-factor", True, "option-ignored")
        return Meaning(cause, inserted, "missing-chain-factor")
    if isinstance(how.part, ast.Constant) or not count:
        if whole is False:
            return Meaning("wrong-derivative" if isinstance(how.part, ast.Constant) else "constant-factor", False, "constant-factor")  # fmt: skip
        return Meaning("constant-factor", bool(whole), "missing-chain-factor")
    missing = inserted == how.divides
    if missing and whole is False and number == samples:  # the penalty beside the loss is right
        return Meaning("missing-mean", grows, "summed-not-averaged")
    if whole:
        return Meaning("missing-mean" if missing else "extra-mean", grows, "constant-factor")
    if whole is False:
        return Meaning("summed-not-averaged" if missing else "extra-mean", grows, "missing-mean" if missing else "summed-not-averaged")  # fmt: skip
    return Meaning(cause, False, SECOND.get(cause, ""))
