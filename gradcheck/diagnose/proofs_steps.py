"""Second predictions for optimizers: what a change of the update must do to its steps, or put in."""

from __future__ import annotations

import ast
import re

import numpy as np

from gradcheck.diagnose.code import replaced
from gradcheck.diagnose.meaning import Meaning
from gradcheck.diagnose.proof import Trial
from gradcheck.diagnose.watch import enclosing, seen
from gradcheck.laws.optimizer import problem
from gradcheck.types import Primals

#: What an epsilon is called, and what no rate is as small as.
EPSILON, TINY = re.compile(r"eps|tiny|fuzz", re.IGNORECASE), 1e-5


def another(what: Meaning) -> Meaning:
    """The step is not that of the method; the label is no more than near."""
    return Meaning("update-wrong", False, what.cause)


def opposite(t: Trial, what: Meaning) -> Meaning:
    """The first step of the changed code is the first step turned round, of a fresh optimizer."""
    wrong = first_step(t)
    with replaced(t.repair.edit.piece.function, t.repair.edit.code):
        right = first_step(t)
    turned = all(np.allclose(wrong[k], -right[k], rtol=1e-6, atol=0) for k in right)
    return what if turned else another(what)


def first_step(t: Trial) -> Primals:
    """How far the first step moves every parameter."""
    assert t.op.step is not None
    params, grads = problem(t.op, t.case)
    after = t.op.step(
        t.op.make(),
        {k: v.copy() for k, v in params.items()},
        {k: g.copy() for k, g in grads[0].items()},
    )
    return {k: after[k] - params[k] for k in params}


def squared(t: Trial, what: Meaning) -> Meaning:
    """What is squared is a gradient that was handed in."""
    edit = t.repair.edit
    given = [g for grads in problem(t.op, t.case)[1] for g in grads.values()]
    values = seen(edit.piece, enclosing(edit.piece, edit.change.site.node), t.run)
    same = [v for v in values if any(v.shape == g.shape and np.allclose(v, g) for g in given)]
    return what if same else another(what)


def small(t: Trial, what: Meaning) -> Meaning:
    """What changes its place is called an epsilon, or is as small as one."""
    site = t.repair.edit.change.site
    pair = site.node if isinstance(site.node, ast.BinOp) else site.node.args[0]
    if EPSILON.search(ast.unparse(pair.right)):
        return what
    values = seen(t.repair.edit.piece, enclosing(t.repair.edit.piece, pair.right), t.run)
    tiny = values and all(v.size == 1 and abs(float(v.ravel()[0])) <= TINY for v in values)
    return what if tiny else another(what)


def corrected(t: Trial, what: Meaning) -> Meaning:
    """The change is one of ``1 - beta ** t``."""
    edit = t.repair.edit
    powers = re.search(r"1(\.0?)? - .*\*\*|\*\* ?.*(t|iter|step|count)", edit.before + edit.after)
    return what if powers else another(what)


STEPS = {
    "sign-flipped": opposite,
    "moment-not-squared": squared,
    "epsilon-placement": small,
    "bias-correction": corrected,
}
