"""The facade: a failing verdict gets the cause that an experiment confirmed, or the nearest misses."""

from __future__ import annotations

import ast
import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.diagnose import facts, interventions, numbers, repairs, rules
from gradcheck.diagnose.causes import CAUSES, fix_for
from gradcheck.diagnose.code import Piece, feeding, gradient_line, pieces, source_line
from gradcheck.diagnose.interventions import Shown
from gradcheck.diagnose.measure import Point, TooLong, agrees, measure
from gradcheck.diagnose.patterns import describe_pattern
from gradcheck.diagnose.repairs import Repair
from gradcheck.diagnose.shapes import shapes_in
from gradcheck.diagnose.shrink import smaller
from gradcheck.laws import LAWS
from gradcheck.laws.common import gradient_name
from gradcheck.types import Cause, Op, Verdict

#: Number patterns that say less than a change of the code that works.
VAGUE = {"constant-factor", "missing-broadcast-sum", "upstream-ignored", "transposed"}
#: Changes whose meaning is no more than "this value is wrong".
WEAK = {
    "wrong-derivative",
    "derivative-at-wrong-point",
    "missing-chain-factor",
    "edits-argument",
    "accumulates",
}
#: For which laws a working change may say more than the law itself, and what.
TELLING: dict[str, set[str]] = {
    "batch": {"stale-mask", "batch-of-one", "wrong-axis-sum", "softmax-whole-batch"},
    "interleaved": {"stale-mask", "shared-state"},
    "contract": {"padding-zero", "transposed", "derivative-at-wrong-point", "option-ignored", "wrong-axis-sum", "softmax-broadcast",
                 "missing-broadcast-sum", "batch-of-one", "square-only", "stride-ignored"},
    "optimizer_steps": {"sign-flipped", "epsilon-placement", "moment-not-squared", "decay-wrong", "step-counter", "bias-correction"},
    "bias_correction": {"step-counter", "bias-correction"},
    "decay": {"decay-wrong"},
    "label_formats": {"last-class", "batch-mixed", "sign-flipped"},
    "roles": {"wrong-axis-sum", "softmax-whole-batch", "summed-not-averaged", "extra-mean"},
    "train_eval": {"stale-mask"},
    "linear_in_cotangent": {"upstream-ignored", "wrong-derivative"},
    "zero_cotangent": {"upstream-ignored"},
}  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A confirmed cause with its rank (small first)."""

    rank: int
    cause: str
    text: str
    evidence: str
    repair: Repair | None = None


def diagnose(
    op: Op,
    verdict: Verdict,
    verdicts: Sequence[Verdict],
    *,
    source: str,
    tree: ast.Module,
    path: str,
    seconds: float = 10.0,
) -> Verdict:
    """A failing verdict with its cause, where an experiment confirmed one.

    Parameters
    ----------
    op
        The Op the verdict is about (of the verdict's ``case.config``).
    verdicts
        All verdicts of the subject; laws that failed too say more together.
    source, tree, path
        The user's file: text, syntax tree, and name for messages.
    seconds
        The time it may take.

    Returns
    -------
    Verdict
        With `cause` set, or unchanged but for ``detail["nearest"]``: the two nearest hypotheses as
        (cause id, relative miss).  ``detail`` also gets ``pattern`` (which entries are wrong) and
        ``also`` (ids of further causes that were confirmed, best first).
    """
    if verdict.status not in {"fail", "error"} or verdict.case is None:
        return verdict
    until = time.perf_counter() + seconds
    found = pieces(op, tree)
    detail: dict[str, Any] = dict(verdict.detail)
    if verdict.law in {"gradient", "model_gradient"}:
        candidates = of_gradient(op, verdict, verdicts, found, until, detail)
    else:
        candidates = of_law(op, verdict, verdicts, found, until)
    candidates.sort(key=lambda c: c.rank)
    ids = list(dict.fromkeys(c.cause for c in candidates))
    detail["also"] = tuple(ids[1:])
    if not candidates:
        return dataclasses.replace(verdict, detail=detail)
    best = candidates[0]
    repair = next((c.repair for c in candidates if c.repair is not None), None)
    line = repair.edit.line if repair else located(op, verdict, found)
    cause = Cause(
        best.cause,
        best.text,
        best.evidence,
        fix_for(best.cause, op.convention, repair),
        line,
        source_line(source, line),
    )
    return dataclasses.replace(verdict, cause=cause, detail=detail)


def located(op: Op, verdict: Verdict, found: list[Piece]) -> int | None:
    """The line an exception arose in, or the one that assigns the gradient."""
    line = verdict.detail.get("line")
    return int(line) if line else gradient_line(found, gradient_name(op, verdict.wrt), verdict.wrt)


def of_gradient(
    op: Op,
    verdict: Verdict,
    verdicts: Sequence[Verdict],
    found: list[Piece],
    until: float,
    detail: dict[str, Any],
) -> list[Candidate]:
    """Interventions, patterns of the numbers, and changes of the code, for a wrong gradient."""
    case = verdict.case
    assert case is not None
    candidates = []
    for shown in (*interventions.label_interventions(op, verdict), *interventions.shape_interventions(op, verdict),
                  *interventions.distinct_indices(op, verdict)):  # fmt: skip
        candidates.append(Candidate(0, shown.cause, shown.text, shown.evidence))
    case = smaller(op, case, verdict.wrt)
    budget = until - time.perf_counter()
    try:
        with repairs.quiet():
            point = measure(op, case, [verdict.wrt], time.perf_counter() + 0.4 * budget)
    except TooLong:
        return candidates
    except Exception:  # the call itself raises at this case; the interventions have tried why
        return candidates
    if (
        verdict.wrt not in point.truth
        or point.claimed[verdict.wrt].shape != point.truth[verdict.wrt].shape
    ):
        return candidates
    detail["pattern"] = describe_pattern(op, point, verdict.wrt)
    if agrees(point.claimed[verdict.wrt], point.truth[verdict.wrt]):
        return candidates
    for guess in numbers.confirmed(op, point, verdict.wrt):
        rank = 30 if guess.cause in VAGUE else 10
        candidates.append(
            Candidate(
                rank,
                guess.cause,
                guess.text,
                "the claimed gradient is what this cause predicts, in every entry",
            )
        )
    failing = frozenset(v.wrt for v in verdicts if v.law == verdict.law and v.status == "fail")
    for repair in gradient_repairs(op, point, verdict.wrt, found, until, failing):
        rank = 25 if repair.edit.cause in WEAK else 20
        candidates.append(
            Candidate(
                rank,
                repair.edit.cause,
                CAUSES[repair.edit.cause].what,
                repairs.describe(repair),
                repair,
            )
        )
    if not candidates:
        detail["nearest"] = tuple(numbers.nearest(op, point, verdict.wrt))
    return candidates


def gradient_repairs(
    op: Op, point: Point, wrt: str, found: list[Piece], until: float, failing: frozenset[str]
) -> list[Repair]:
    """Changes in the backward; where none works, changes in what forward and backward share."""
    backward = [p for p in found if p.role in {"backward", "both"}]
    forward = [p for p in found if p.role in {"forward", "both"}]
    called_name = gradient_name(op, wrt)
    wanted = {called_name.removeprefix("self."), f"d{wrt}", f"d_{wrt}", f"grad_{wrt}"}
    judge = repairs.gradient_judge(op, [point], wrt)
    confirm = repairs.confirm_gradient(op, point.case, wrt, failing)
    shapes = shapes_in(op, point, found)
    near = feeding(found, wanted)
    forward_rules, backward_rules = rules.FORWARD_RULES, rules.GRADIENT_RULES
    for group, which, priorities in (
        (backward, backward_rules, range(3)),
        (forward, forward_rules, range(3)),
        (backward, backward_rules, range(3, 100)),
    ):
        result = repairs.search(op, group, which, judge, confirm, until, near, priorities, shapes)
        if which is forward_rules:
            result = [r for r in result if r.edit.cause in rules.FORWARD_CAUSES]
        if result:
            return result
    return []


def of_law(
    op: Op, verdict: Verdict, verdicts: Sequence[Verdict], found: list[Piece], until: float
) -> list[Candidate]:
    """Interventions, what the law has shown, and changes of the code, for any other law."""
    case, law = verdict.case, verdict.law
    assert case is not None
    candidates = []
    for shown in (
        *interventions.label_interventions(op, verdict),
        *interventions.shape_interventions(op, verdict),
    ):
        candidates.append(Candidate(0, shown.cause, shown.text, shown.evidence))
    fact: Shown | None = facts.shown(op, verdict, verdicts)
    if fact is not None:
        candidates.append(Candidate(10, fact.cause, fact.text, fact.evidence))
    if law not in LAWS:
        return candidates
    before = sum(v.status in {"fail", "error"} for v in safely(op, law, case))

    def judge(piece: Piece) -> bool:
        return repairs.law_passes(op, law, case, verdict.wrt, before)

    def confirm() -> float | bool | None:
        if law == "contract":
            name = verdict.wrt if verdict.wrt != "output" else ""
            return repairs.gradient_passes(op, case, name)
        return None

    which = rules.GRADIENT_RULES if law == "contract" else rules.OTHER_RULES
    for repair in repairs.search(
        op, found, which, judge, confirm, min(until, time.perf_counter() + 4.0)
    ):
        telling = repair.edit.cause in TELLING.get(law, set())
        rank = 5 if telling else 40
        if not telling and fact is None:
            continue
        candidates.append(
            Candidate(
                rank,
                repair.edit.cause,
                CAUSES[repair.edit.cause].what,
                repairs.describe(repair),
                repair,
            )
        )
    return [c for c in candidates if c.rank < 40 or c.repair is None] + [
        dataclasses.replace(c, cause=fact.cause, text=fact.text) for c in candidates if c.rank == 40 and fact is not None
    ]  # fmt: skip


def safely(op: Op, law: str, case: Any) -> list[Verdict]:
    """A law's verdicts; one fail if it raises (as `run` has it)."""
    try:
        with repairs.quiet():
            return list(LAWS[law](op, case))
    except Exception:  # the user's code raised: that is the failure
        return [Verdict(law, "fail")]


def diagnose_all(
    ops: Sequence[Op],
    verdicts: Sequence[Verdict],
    *,
    source: str,
    tree: ast.Module,
    path: str,
    seconds: float = 10.0,
) -> list[Verdict]:
    """Every failing verdict of a subject diagnosed, within one allowance of time.

    Verdicts that are not failures come back as they are.
    """
    began = time.perf_counter()
    failing = [v for v in verdicts if v.status in {"fail", "error"} and v.case is not None]
    done: dict[int, Verdict] = {}
    for i, v in enumerate(failing):
        left = seconds - (time.perf_counter() - began)
        if left <= 0.2:
            break
        assert v.case is not None
        op = ops[v.case.config] if v.case.config < len(ops) else ops[0]
        share = max(left / (len(failing) - i), 0.6 * left if i == 0 else 0.0)
        done[id(v)] = diagnose(op, v, verdicts, source=source, tree=tree, path=path, seconds=share)
    return [done.get(id(v), v) for v in verdicts]


def options(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """The further confirmed causes kept in a verdict's detail."""
    return tuple(detail.get("also", ()))


__all__ = ["diagnose", "diagnose_all", "np"]
