"""The second prediction of a change that works: what else must be so if its label is the reason.

A change of one place shows that the place is wrong.  Other mistakes are cured by the same change:
``dx[x < -2] = 0`` by ``+=``, as a window is that overwrites another one.  So each label is held to
something that those other mistakes do not do: positions are written twice, the result follows what
an earlier call left, the exchanged name is no gradient.  What does not hold stays a hypothesis.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from gradcheck.diagnose import proofs_places as places
from gradcheck.diagnose import proofs_values as values
from gradcheck.diagnose.meaning import Meaning
from gradcheck.diagnose.measure import clock
from gradcheck.diagnose.proof import Trial
from gradcheck.diagnose.proofs_steps import STEPS
from gradcheck.diagnose.repairs import quiet

SECOND: dict[str, Callable[[Trial, Meaning], Meaning]] = {
    "overlap-lost": places.overlap,
    "cached-by-reference": places.kept,
    "stale-mask": values.stale,
    "upstream-ignored": values.upstream,
    "updated-weights-used": values.updated,
    "epsilon-placement": places.epsilon,
    "last-class": places.last,
    "kernel-flipped": places.flipped,
    "zero-gradient": values.zero,
    "missing-carry": places.carry,
    "derivative-at-wrong-point": values.place,
    "option-ignored": places.option,
    "wrong-mask-side": places.mask,
    "batch-of-one": places.alone,
    "missing-chain-factor": values.chain,
    "sign-flipped": values.sign,
}


def proved(t: Trial, what: Meaning) -> Meaning:
    """The label, confirmed only where its second prediction holds."""
    if what.cause == "option-ignored" and puts_parameter(t):
        what = Meaning("missing-chain-factor", what.confirmed, "wrong-derivative")
    tests = SECOND if t.op.step is None else SECOND | STEPS
    test = tests.get(what.cause)
    if test is None or not what.confirmed:
        return what
    if clock() > t.until:
        return replace(what, confirmed=False)
    try:
        with quiet():
            return test(t, what)
    except Exception:  # what it predicts cannot be looked at: a hypothesis
        return replace(what, confirmed=False)


def puts_parameter(t: Trial) -> bool:
    """Whether the change puts in a parameter of the layer (``self.gamma``): no option, a factor."""
    new = t.repair.edit.change.new
    put = (
        {n.attr for n in ast.walk(new) if isinstance(n, ast.Attribute)}
        if isinstance(new, ast.AST)
        else set()
    )
    return bool(put & set(t.op.parameters(t.op.make())))
