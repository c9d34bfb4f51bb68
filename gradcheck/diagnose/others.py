"""Any other law, and notes: interventions, what the law has shown, and changes of the code."""

from __future__ import annotations

import re
from dataclasses import replace

from gradcheck.diagnose import facts, facts_modes, interventions, repairs, rules
from gradcheck.diagnose.kept import keeper
from gradcheck.diagnose.meaning import Meaning, meaning
from gradcheck.diagnose.measure import clock
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.proof import Trial
from gradcheck.diagnose.proofs import proved
from gradcheck.diagnose.rebuild import rebuilt
from gradcheck.diagnose.repairs import Repair, safely
from gradcheck.diagnose.rules_terms import masks
from gradcheck.diagnose.session import (
    PROOF,
    SEARCH,
    Candidate,
    Session,
    of_repair,
    of_shown,
    retried,
)
from gradcheck.diagnose.slices import feeding
from gradcheck.diagnose.soundness import healthy, soundly
from gradcheck.diagnose.squares import told_by_sizes
from gradcheck.diagnose.trial import Shown, output_shape
from gradcheck.laws import LAWS
from gradcheck.laws.common import gradient_name
from gradcheck.types import Case, Verdict

#: For which laws a working change may say more than the law itself, and what.
TELLING: dict[str, set[str]] = {
    "batch": {"stale-mask", "batch-of-one", "wrong-axis-sum", "softmax-whole-batch"},
    "interleaved": {"stale-mask", "shared-state"},
    "contract": {"padding-zero", "transposed", "derivative-at-wrong-point", "option-ignored",
                 "wrong-axis-sum", "softmax-broadcast", "missing-broadcast-sum", "batch-of-one",
                 "square-only", "stride-ignored", "wrong-regulariser"},
    "optimizer_steps": {"sign-flipped", "epsilon-placement", "moment-not-squared", "decay-wrong",
                        "step-counter", "bias-correction", "update-wrong"},
    "bias_correction": {"step-counter", "bias-correction"},
    "decay": {"decay-wrong"},
    "label_formats": {"last-class", "batch-mixed", "label-dtype-wrap",
                      "int-truncation"},
    "same_as_reference": {"wrong-axis-sum", "softmax-whole-batch", "epsilon-placement",
                          "square-only", "option-ignored", "wrong-mask-side", "kernel-flipped",
                          "stride-ignored", "batch-mixed"},
    "roles": {"wrong-axis-sum", "softmax-whole-batch", "extra-mean"},
    "train_eval": {"stale-mask"},
    "linear_in_cotangent": {"upstream-ignored", "wrong-derivative"},
    "zero_cotangent": {"upstream-ignored"},
    "zero_gradient_rests": {"epsilon-placement"},
    "bowl_descends": {"sign-flipped"},
}  # fmt: skip
#: Causes that need no change of the code to be found: where it arises, or what is kept, is known.
TOLD = {"name-error", "not-repeatable"}
#: Laws that fail too when the first steps are corrected wrongly: they show no cause of their own.
FOLLOWS = {"decay", "zero_gradient_rests"}


def of_note(s: Session, verdict: Verdict) -> list[Candidate]:
    """What a law has noted; no further experiment is made for what is right in the usual use."""
    if verdict.law == "gradient" and "in one of forward and backward" in verdict.message:
        text = "an epsilon is added or clipped by in one of forward and backward alone"
        shown = "with the epsilon set to 0 the gradient agrees"
        return [of_shown(Shown("clip-mismatch", text, shown, second="epsilon-placement"), 10)]
    if verdict.law in {"gradient", "contract"}:
        return []
    fact = facts.shown(s.op, verdict, s.verdicts)
    return [] if fact is None else [of_shown(fact, 10)]


def of_law(s: Session, verdict: Verdict) -> list[Candidate]:
    """Interventions, what the law has shown, and changes of the code, for any other law."""
    op, case, law = s.op, verdict.case, verdict.law
    assert case is not None
    candidates = [of_shown(c, 0) for c in interventions.all_of(op, verdict, s.until)]
    fact = facts.shown(op, verdict, s.verdicts)
    if fact is not None:
        by_numbers = fact.sure and ".shape = " in verdict.message  # see facts_shapes
        rank = 4 if by_numbers or fact.cause in {"gradient-shape", "bias-shape"} else 10
        seen = of_shown(fact, rank, not restated(s, law))
        candidates.append(replace(seen, lost=fact.cause == "wrong-mask-side"))
    if law not in LAWS or (fact is not None and fact.sure and fact.cause in TOLD):
        return candidates
    known = TELLING.get(law, set())
    bigger = case.replace(N=dict(case.sizes)["N"] + 1)
    for repair in law_repairs(s, verdict, case):
        what = meaning(repair, lambda: safely(op, law, case), lambda: safely(op, law, bigger), None)
        what = told_by_sizes(s, verdict, what)
        if law == "optimizer_steps" and what.cause == "sign-flipped" and not uphill(verdict):
            what = Meaning("update-wrong", what.confirmed, "sign-flipped")  # of a term, no gradient
        if what.cause == "label-dtype-wrap" and case.label_dtype in {"int64", "int32"}:
            what = Meaning(
                "int-truncation", what.confirmed, "gradient-dtype"
            )  # nothing wraps there
        if what.cause in known and op.kind != "accuracy":
            trial = Trial(op, case, verdict.wrt, repair, lambda: safely(op, law, case), s.until)
            candidates.append(of_repair(repair, proved(trial, what), 5))
        elif fact is None and law == "contract":
            candidates.append(of_repair(repair, Meaning(what.cause, False, what.second)))
        elif fact is not None:
            evidence = repairs.describe(repair)
            sure = fact.sure or (law == "numerical_gradient" and of_quotient(repair))
            sure = sure and not restated(s, law)
            candidates.append(Candidate(11, fact.cause, fact.text, evidence, repair, sure))
    return candidates


def uphill(verdict: Verdict) -> bool:
    """Whether the steps are wrong from the first one on, which has no history to be wrong about."""
    return " step 1" in verdict.message


def of_quotient(repair: Repair) -> bool:
    """Whether a change is one of the difference quotient or of its step: not of a copy or dtype."""
    before, after = repair.edit.before, repair.edit.after
    if any(word in before + after for word in ("dtype", "astype", "float", "copy")):
        return False
    return "/" in before or re.match(r"\w*(h|eps|epsilon|delta|step)\w* = ", before) is not None


def restated(s: Session, law: str) -> bool:
    """Whether a law's own words are no reason: they repeat the law, or another law's failure."""
    first = any(v.law == "bias_correction" and v.status == "fail" for v in s.verdicts)
    return first and law in FOLLOWS


def law_repairs(s: Session, verdict: Verdict, case: Case) -> list[Repair]:
    """Changes with which a law passes; for a contract the gradient law must pass as well."""
    op, law = s.op, verdict.law
    before = safely(op, law, case)

    failing = frozenset(v.wrt for v in s.verdicts if v.law == "gradient" and v.status == "fail")
    raises = law == "contract" and "raises" in verdict.message

    shape = output_shape(op, case) if op.step is None else ()
    keeps = keeper(op, law, case, failing)

    def judge(piece: Piece) -> bool:
        if raises:  # which gradients there are could not be found out: only that it runs counts
            return not any("raises" in v.message for v in LAWS[law](op, case))
        return repairs.law_passes(op, law, case, verdict.wrt, before) and keeps()

    def holds() -> float | bool | None:
        if op.step is not None or op.backward is None or op.kind == "accuracy":
            return None
        if law != "contract":
            return healthy(op, case, failing) if output_shape(op, case) == shape else False
        name = verdict.wrt if verdict.wrt != "output" else ""
        fresh = rebuilt(op) if raises else op
        if raises and any(v.status == "fail" for v in LAWS[law](fresh, case)):
            return False
        return repairs.gradient_passes(fresh, case, name)

    confirm = holds if raises else soundly(s, op, verdict.wrt, case, holds)
    again = retried(s, judge, confirm)
    if again:
        return again
    which = rules.GRADIENT_RULES if law == "contract" else rules.OTHER_RULES
    if op.kind == "accuracy" or law == "train_eval":  # a branch not taken is no cure
        which = tuple(r for r in which if r not in rules.CHOICES)
    if "share that is kept" in verdict.message and facts_modes.unscaled(op, verdict).cause == "wrong-mask-side":  # fmt: skip
        which = (masks,)
    until = min(s.until - PROOF, clock() + SEARCH)
    called_name = gradient_name(op, verdict.wrt)
    wanted = {called_name.removeprefix("self."), f"d{verdict.wrt}", f"d_{verdict.wrt}", verdict.wrt}
    gradient = verdict.wrt in op.gradient_names and op.step is None
    near = feeding(s.pieces, wanted) if gradient else lambda piece, statement: True
    return repairs.search(op, s.pieces, which, judge, confirm, until, near)
