"""Steps that are wrong in one known way: each mistake is a formula, run beside the user's steps.

A mistake is confirmed where five steps of every parameter, on gradients drawn at random, are its
formula's to a ten-millionth of the way gone, and no legal formula's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.diagnose.wrong_adam import Mistake
from gradcheck.diagnose.wrong_formulas import mistakes_of
from gradcheck.laws.formulas import LEGAL, Formula, Hyper, State
from gradcheck.laws.hyper import SPELLINGS, decay_names, role_of, switched_off, values_of
from gradcheck.laws.steps import EXACT, Trace, compare, hypotheses, trace
from gradcheck.types import Op, Verdict


def stepped(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown:
    """The mistake whose formula the steps follow; that they differ is all there is without one."""
    nothing = Shown(
        "update-wrong",
        "the step is not that of the method of this name",
        "the steps were compared with the formula",
        sure=False,
    )
    if v.status == "note" and "epsilon inside the root" in v.message:
        text = "the epsilon is added under the root, where the method's source adds it outside"
        return Shown(
            "epsilon-placement", text, "every step is that formula's", second="update-wrong"
        )
    role = role_of(op)
    if v.case is None or op.step is None or role is None:
        return nothing
    try:
        with quiet():
            live = op.make()
            switched_off(live, (*decay_names(role, values_of(live)), *SPELLINGS["wd"]))
            taken = trace(op, v.case, live)
    except Exception:  # it cannot be stepped like that
        return nothing
    with quiet():
        found = followed(op, role, taken)
    if found is None:
        return nothing
    tried = "five steps of every parameter are that formula's, and no right formula's"
    return Shown(found.cause, found.words, tried, second=found.second)


def followed(op: Op, role: str, taken: Trace) -> Mistake | None:
    """The first mistake that every parameter follows which follows no legal formula."""
    numbers = hypers(op, role, values_of(taken.live))
    legal = LEGAL[role] + (LEGAL["momentum"] + LEGAL["nesterov"] if role == "sgd" else ())
    wrong = [
        name for name in taken.params[0]
        if not any(near(taken, name, f, h) for f in legal for h in numbers if fits(f, h))
    ]  # fmt: skip
    for mistake in mistakes_of(role) if wrong else ():
        for hyper in numbers:
            if fits(mistake.formula, hyper) and all(
                near(taken, n, mistake.formula, hyper) for n in wrong
            ):
                return mistake
    return None


def hypers(op: Op, role: str, values: dict[str, float]) -> list[Hyper]:
    """The numbers that may be the method's, each combination once."""
    found: list[Hyper] = []
    for _, hyper in hypotheses(op, role, values):
        if hyper not in found:
            found.append(hyper)
    return found[:40]


def fits(formula: Formula, hyper: Hyper) -> bool:
    """Whether a formula's numbers are all known."""
    state: State = {}
    try:
        for t in (1, 2):
            formula(np.ones(1), np.ones(1), state, t, hyper)
    except (KeyError, ZeroDivisionError):
        return False
    return True


def near(taken: Trace, name: str, formula: Formula, hyper: Hyper) -> bool:
    """Whether one parameter's path is a formula's."""
    one = Trace(
        [{name: p[name]} for p in taken.params], [{name: g[name]} for g in taken.grads], taken.live
    )
    return compare(one, formula, hyper)[name].distance < EXACT
