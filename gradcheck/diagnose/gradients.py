"""A wrong gradient: interventions, patterns of the numbers, and changes of the code."""

from __future__ import annotations

from typing import Any

from gradcheck.diagnose import interventions, numbers, repairs, rules
from gradcheck.diagnose.factors import ratio
from gradcheck.diagnose.meaning import meaning
from gradcheck.diagnose.measure import Point, TooLong, again, agrees, claim, clock, measure
from gradcheck.diagnose.patterns import describe_pattern
from gradcheck.diagnose.repairs import Repair
from gradcheck.diagnose.session import Candidate, Session, of_repair, of_shown, retried
from gradcheck.diagnose.shapes import shapes_in
from gradcheck.diagnose.shrink import smaller, smallest
from gradcheck.diagnose.slices import feeding
from gradcheck.diagnose.soundness import soundly
from gradcheck.laws import LAWS
from gradcheck.laws.common import gradient_name
from gradcheck.types import Case, Verdict

#: Number patterns that say less than a change of the code that works.
VAGUE = {"constant-factor", "missing-broadcast-sum", "transposed"}
#: Interventions that say less than a change of the code, with their rank.
ASIDE = {"wrong-regulariser": 22, "option-ignored": 12}
PREDICTED = "in every entry the claimed gradient is what this predicts from the measured one"


def of_gradient(s: Session, verdict: Verdict, detail: dict[str, Any]) -> list[Candidate]:
    """Interventions, patterns of the numbers, and changes of the code, for a wrong gradient."""
    op, case, wrt = s.op, verdict.case, verdict.wrt
    assert case is not None
    candidates = [
        of_shown(c, ASIDE.get(c.cause, 0)) for c in interventions.all_of(op, verdict, s.until)
    ]
    case = smaller(op, case, wrt)
    budget = s.until - clock()
    try:
        with repairs.quiet():
            point = claim(op, case)
            if clock() < s.until:
                point = measure(op, case, [wrt], clock() + 0.4 * budget)
    except TooLong:
        pass
    except Exception:  # the call itself raises at this case; the interventions have tried why
        return candidates
    if wrt in point.truth and point.claimed[wrt].shape == point.truth[wrt].shape:
        detail["pattern"] = describe_pattern(op, point, wrt)
        if not agrees(point.claimed[wrt], point.truth[wrt]):
            for guess in numbers.confirmed(op, point, wrt, verdict.case):
                rank = 30 if guess.cause in VAGUE else 10
                candidates.append(
                    Candidate(
                        rank, guess.cause, guess.text, PREDICTED,
                        confirmed=guess.sure, second=guess.second,
                    )
                )  # fmt: skip
    whole = single_factor(point, wrt)
    bigger = case.replace(N=dict(case.sizes)["N"] + 1)
    for repair in gradient_repairs(s, point, wrt, verdict.law):
        what = meaning(repair, lambda: again(op, point), lambda: claim(op, bigger), whole)
        candidates.append(of_repair(repair, what))
    if not any(c.confirmed for c in candidates) and wrt in point.truth:
        detail["nearest"] = tuple(numbers.nearest(op, point, wrt))
    found = smallest(op, case, wrt, min(s.until, clock() + 1.0))
    if found is not None:
        detail["smallest"], detail["smallest_case"] = found[0], found[1].token()
    return candidates


def of_law_at(s: Session, law: str, case: Case, wrt: str) -> float | bool | None:
    """The law at a case, with a change in place that was found sound for another gradient."""
    if law == "gradient":
        return repairs.gradient_passes(s.op, case, wrt)
    return not any(v.wrt == wrt and v.status == "fail" for v in LAWS[law](s.op, case)) and None


def single_factor(point: Point, wrt: str) -> bool | None:
    """Whether the claimed gradient is the measured one times one number."""
    if wrt not in point.truth or point.claimed[wrt].shape != point.truth[wrt].shape:
        return None
    return ratio(point.claimed[wrt], point.truth[wrt]) is not None


def gradient_repairs(s: Session, point: Point, wrt: str, law: str) -> list[Repair]:
    """Changes in the backward; where none works, changes in what forward and backward share."""
    op = s.op
    backward = [p for p in s.pieces if p.role in {"backward", "both"}]
    forward = [p for p in s.pieces if p.role in {"forward", "both"}]
    failing = frozenset(v.wrt for v in s.verdicts if v.law == law and v.status == "fail")
    called_name = gradient_name(op, wrt)
    wanted = {called_name.removeprefix("self."), f"d{wrt}", f"d_{wrt}", f"grad_{wrt}"}
    judge = repairs.gradient_judge(op, [point], wrt)
    loose = repairs.gradient_judge(op, [point], wrt, forward=True)
    confirm = soundly(
        s, op, wrt, point.case, repairs.confirm_gradient(op, point.case, wrt, failing)
    )
    again = retried(s, lambda _: True, lambda: of_law_at(s, law, point.case, wrt))
    if again:
        return again
    shapes = shapes_in(op, point, s.pieces)
    near = feeding(s.pieces, wanted)
    for chosen, which, priorities in (
        (backward, rules.GRADIENT_RULES, range(3)),
        (forward, rules.FORWARD_RULES, range(3)),
        (backward, rules.GRADIENT_RULES, range(3, 100)),
    ):
        tried = loose if which is rules.FORWARD_RULES else judge
        result = repairs.search(
            op, chosen, which, tried, confirm, s.until, near, priorities, shapes
        )
        if which is rules.FORWARD_RULES:
            result = [r for r in result if r.edit.cause in rules.FORWARD_CAUSES]
        if result:
            return result
    return []
