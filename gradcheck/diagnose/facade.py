"""The facade: a failing verdict gets the cause an experiment confirmed, or the nearest misses."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.diagnose import facts, interventions, numbers, repairs, rules
from gradcheck.diagnose.causes import CAUSES, fix_for
from gradcheck.diagnose.code import Piece, feeding, gradient_line, pieces, replaced, source_line
from gradcheck.diagnose.measure import Point, TooLong, agrees, claim, clock, measure
from gradcheck.diagnose.patterns import describe_pattern
from gradcheck.diagnose.rebuild import rebuilt
from gradcheck.diagnose.repairs import Repair
from gradcheck.diagnose.shapes import shapes_in
from gradcheck.diagnose.shrink import smaller, smallest
from gradcheck.laws import LAWS, family, group
from gradcheck.laws.common import gradient_name
from gradcheck.types import Case, Cause, Op, Verdict

#: Number patterns that say less than a change of the code that works.
VAGUE = {"constant-factor", "missing-broadcast-sum", "transposed"}
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
    "contract": {"padding-zero", "transposed", "derivative-at-wrong-point", "option-ignored",
                 "wrong-axis-sum", "softmax-broadcast", "missing-broadcast-sum", "batch-of-one",
                 "square-only", "stride-ignored", "wrong-regulariser"},
    "optimizer_steps": {"sign-flipped", "epsilon-placement", "moment-not-squared", "decay-wrong",
                        "step-counter", "bias-correction"},
    "bias_correction": {"step-counter", "bias-correction"},
    "decay": {"decay-wrong"},
    "label_formats": {"last-class", "batch-mixed", "label-dtype-wrap"},
    "same_as_reference": {"wrong-axis-sum", "softmax-whole-batch", "epsilon-placement",
                          "square-only"},
    "roles": {"wrong-axis-sum", "softmax-whole-batch", "extra-mean"},
    "train_eval": {"stale-mask"},
    "linear_in_cotangent": {"upstream-ignored", "wrong-derivative"},
    "zero_cotangent": {"upstream-ignored"},
}  # fmt: skip
#: A forward that is wrong explains a gradient that disagrees with it, so it is looked at first.
FIRST = {"contract": 0, "roles": 0, "same_as_reference": 0, "gradient": 1, "model_gradient": 1}
PREDICTED = "in every entry the claimed gradient is what this predicts from the measured one"
#: The time one search for a change may take, seconds.
SEARCH = 6.0


@dataclass(frozen=True)
class Candidate:
    """A confirmed cause with its rank (small first)."""

    rank: int
    cause: str
    text: str
    evidence: str
    repair: Repair | None = None


@dataclass
class Session:
    """What is known about a subject while its failures are diagnosed one after the other."""

    op: Op
    verdicts: Sequence[Verdict]
    pieces: list[Piece]
    until: float
    known: list[tuple[Repair, Cause]]


def diagnose(
    op: Op,
    verdict: Verdict,
    verdicts: Sequence[Verdict],
    *,
    source: str,
    tree: ast.Module,
    path: str,
    seconds: float = 10.0,
    known: list[tuple[Repair, Cause]] | None = None,
) -> Verdict:
    """A failing verdict with its cause, where an experiment confirmed one.

    Parameters
    ----------
    op
        The Op the verdict is about (that of the verdict's ``case.config``).
    verdicts
        All verdicts of the subject; laws that failed too say more together.
    source, tree, path
        The user's file: text, syntax tree, and name for messages.
    seconds
        The time it may take.
    known
        Changes of the code that worked for other verdicts, with the causes found there: tried
        first, and added to.

    Returns
    -------
    Verdict
        With `cause` set, or unchanged but for ``detail["nearest"]``: the two nearest hypotheses as
        (cause id, relative miss).  ``detail`` may also get ``pattern`` (which entries are wrong),
        ``smallest`` (the smallest failing case in numbers), ``smallest_case`` (its replay token)
        and ``also`` (ids of further causes that were confirmed, best first).
    """
    if verdict.case is None or verdict.status not in {"fail", "error", "note"}:
        return verdict
    session = Session(
        op,
        verdicts,
        pieces(op, tree),
        clock() + seconds,
        known if known is not None else [],
    )
    detail: dict[str, Any] = dict(verdict.detail)
    if verdict.status == "note":
        candidates = of_note(session, verdict)
    elif verdict.law in {"gradient", "model_gradient"} and "raises" not in verdict.message:
        candidates = of_gradient(session, verdict, detail)
    else:
        candidates = of_law(session, verdict)
    candidates = [c if c.repair is None else as_before(session, c) for c in candidates]
    candidates.sort(key=lambda c: c.rank)
    ids = list(dict.fromkeys(c.cause for c in candidates))
    if ids[1:]:
        detail["also"] = tuple(ids[1:])
    if not candidates:
        return dataclasses.replace(verdict, detail=detail)
    best = candidates[0]
    repair = next(
        (c.repair for c in candidates if c.repair is not None and c.cause == best.cause), None
    )
    repair = repair or next((c.repair for c in candidates if c.repair is not None), None)
    line = repair.edit.line if repair else located(op, verdict, session.pieces)
    evidence = (
        best.evidence
        if best.repair or not repair
        else f"{best.evidence}; {repairs.describe(repair)}"
    )
    cause = Cause(
        best.cause,
        best.text,
        evidence,
        fix_for(best.cause, op.convention, repair),
        line,
        source_line(source, line),
    )
    if repair is not None:
        session.known.append((repair, cause))
    return dataclasses.replace(verdict, cause=cause, detail=detail)


def as_before(s: Session, candidate: Candidate) -> Candidate:
    """A change that has cured another failure has the cause that was found there."""
    for repair, cause in s.known:
        assert candidate.repair is not None
        general = cause.id == "forward-wrong" and candidate.cause not in WEAK
        if repair.edit is candidate.repair.edit and not general:
            return dataclasses.replace(candidate, rank=1, cause=cause.id, text=cause.text)
    return candidate


def located(op: Op, verdict: Verdict, found: list[Piece]) -> int | None:
    """The line an exception arose in, or the one that assigns the gradient."""
    line = verdict.detail.get("line")
    return int(line) if line else gradient_line(found, gradient_name(op, verdict.wrt), verdict.wrt)


def of_note(s: Session, verdict: Verdict) -> list[Candidate]:
    """What a law has noted; no further experiment is made for what is right in the usual use."""
    if verdict.law in {"gradient", "contract"}:
        return []
    fact = facts.shown(s.op, verdict, s.verdicts)
    return [] if fact is None else [Candidate(10, fact.cause, fact.text, fact.evidence)]


def of_gradient(s: Session, verdict: Verdict, detail: dict[str, Any]) -> list[Candidate]:
    """Interventions, patterns of the numbers, and changes of the code, for a wrong gradient."""
    op, case, wrt = s.op, verdict.case, verdict.wrt
    assert case is not None
    candidates = [
        Candidate(0, c.cause, c.text, c.evidence)
        for c in interventions.all_of(op, verdict)
    ]  # fmt: skip
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
            for guess in numbers.confirmed(op, point, wrt):
                rank = 30 if guess.cause in VAGUE else 10
                candidates.append(Candidate(rank, guess.cause, guess.text, PREDICTED))
    for repair in gradient_repairs(s, point, wrt, verdict.law):
        candidates.append(of_repair(repair, 25 if repair.edit.cause in WEAK else 20))
    if not candidates and wrt in point.truth:
        detail["nearest"] = tuple(numbers.nearest(op, point, wrt))
    found = smallest(op, case, wrt, min(s.until, clock() + 1.0))
    if found is not None:
        detail["smallest"], detail["smallest_case"] = found[0], found[1].token()
    return candidates


def of_repair(repair: Repair, rank: int) -> Candidate:
    """A change that worked, as a candidate."""
    cause = repair.edit.cause
    return Candidate(rank, cause, CAUSES[cause].what, repairs.describe(repair), repair)


def retried(
    s: Session, judge: Callable[[Piece], bool], confirm: Callable[[], float | bool | None]
) -> list[Repair]:
    """The changes that worked for other verdicts and work for this one too."""
    worked = []
    for repair, _ in s.known:
        piece = repair.edit.piece
        with replaced(piece.function, repair.edit.code), repairs.quiet():
            try:
                result = judge(piece) and confirm()
            except Exception:  # it does not run here
                continue
        if result is not False:
            worked.append(
                dataclasses.replace(repair, resolution=None if result is True else result)
            )
    return worked


def gradient_repairs(s: Session, point: Point, wrt: str, law: str) -> list[Repair]:
    """Changes in the backward; where none works, changes in what forward and backward share."""
    op = s.op
    backward = [p for p in s.pieces if p.role in {"backward", "both"}]
    forward = [p for p in s.pieces if p.role in {"forward", "both"}]
    failing = frozenset(v.wrt for v in s.verdicts if v.law == law and v.status == "fail")
    called_name = gradient_name(op, wrt)
    wanted = {called_name.removeprefix("self."), f"d{wrt}", f"d_{wrt}", f"grad_{wrt}"}
    judge = repairs.gradient_judge(op, [point], wrt)
    confirm = soundly(
        s, op, wrt, point.case, repairs.confirm_gradient(op, point.case, wrt, failing)
    )
    again = retried(s, judge, confirm)
    if again:
        return again
    shapes = shapes_in(op, point, s.pieces)
    near = feeding(s.pieces, wanted)
    for chosen, which, priorities in (
        (backward, rules.GRADIENT_RULES, range(3)),
        (forward, rules.FORWARD_RULES, range(3)),
        (backward, rules.GRADIENT_RULES, range(3, 100)),
    ):
        result = repairs.search(
            op, chosen, which, judge, confirm, s.until, near, priorities, shapes
        )
        if which is rules.FORWARD_RULES:
            result = [r for r in result if r.edit.cause in rules.FORWARD_CAUSES]
        if result:
            return result
    return []


def of_law(s: Session, verdict: Verdict) -> list[Candidate]:
    """Interventions, what the law has shown, and changes of the code, for any other law."""
    op, case, law = s.op, verdict.case, verdict.law
    assert case is not None
    candidates = [
        Candidate(0, c.cause, c.text, c.evidence) for c in interventions.all_of(op, verdict)
    ]
    fact = facts.shown(op, verdict, s.verdicts)
    if fact is not None:
        rank = 4 if fact.cause in {"gradient-shape", "bias-shape"} else 10
        candidates.append(Candidate(rank, fact.cause, fact.text, fact.evidence))
    if law not in LAWS or (fact is not None and fact.cause == "name-error"):
        return candidates
    for repair in law_repairs(s, verdict, case):
        if repair.edit.cause in TELLING.get(law, set()) and op.kind != "accuracy":
            candidates.append(of_repair(repair, 5))
        elif fact is not None:
            candidates.append(
                Candidate(11, fact.cause, fact.text, repairs.describe(repair), repair)
            )
    return candidates


def law_repairs(s: Session, verdict: Verdict, case: Case) -> list[Repair]:
    """Changes with which a law passes; for a contract the gradient law must pass as well."""
    op, law = s.op, verdict.law
    before = sum(v.status in {"fail", "error"} for v in safely(op, law, case))

    failing = frozenset(v.wrt for v in s.verdicts if v.law == "gradient" and v.status == "fail")
    raises = law == "contract" and "raises" in verdict.message

    def judge(piece: Piece) -> bool:
        if raises:  # which gradients there are could not be found out: only that it runs counts
            return not any("raises" in v.message for v in LAWS[law](op, case))
        return repairs.law_passes(op, law, case, verdict.wrt, before)

    def holds() -> float | bool | None:
        if op.step is not None or op.backward is None or op.kind == "accuracy":
            return None
        if law != "contract":
            return healthy(op, case, failing)
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
    until = min(s.until, clock() + SEARCH)
    called_name = gradient_name(op, verdict.wrt)
    wanted = {called_name.removeprefix("self."), f"d{verdict.wrt}", f"d_{verdict.wrt}", verdict.wrt}
    gradient = verdict.wrt in op.gradient_names and op.step is None
    near = feeding(s.pieces, wanted) if gradient else lambda piece, statement: True
    return repairs.search(op, s.pieces, which, judge, confirm, until, near)


#: What a change must leave whole, whichever law it was found for: a "fix" that moves the bug
#: elsewhere, or makes the forward fit a wrong backward, is none.
SOUND = (
    "contract", "gradient", "inputs_unchanged", "linear_in_cotangent", "zero_cotangent", "roles",
    "same_as_reference", "optimizer_steps", "bias_correction", "zero_gradient_rests", "bowl_descends",
)  # fmt: skip


def soundly(
    s: Session, op: Op, wrt: str, case: Case, confirm: Callable[[], float | bool | None]
) -> Callable[[], float | bool | None]:
    """`confirm`, and no other law may fail under the change.

    What failed before may go on failing only for the gradient of another primal: another bug.
    """
    old = {
        (v.law, v.wrt)
        for v in s.verdicts
        if v.status == "fail" and v.law in {"gradient", "contract"} and v.wrt != wrt
        and wrt in op.gradient_names and v.wrt in op.gradient_names
    }  # fmt: skip
    plain = Case(
        seed=case.seed, config=case.config, labels=op.labels.encodings[0] if op.labels else ""
    )

    def both() -> float | bool | None:
        result = confirm()
        if result is False:
            return False
        for law in SOUND:
            if law in LAWS and group(op) in family(law):
                for v in safely(op, law, plain):
                    if v.status in {"fail", "error"} and (law, v.wrt) not in old:
                        return False
        return result

    return both


def healthy(op: Op, case: Case, failing: frozenset[str]) -> float | bool | None:
    """Whether contract and gradient hold at the plain case, but for what failed before."""
    plain = Case(seed=case.seed, sizes=case.sizes, config=case.config)
    for name in ("contract", "gradient"):
        for v in LAWS[name](op, plain):
            if v.status in {"fail", "error"} and (name == "contract" or v.wrt not in failing):
                return False
    return None


def safely(op: Op, law: str, case: Case) -> list[Verdict]:
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
    """Every failing verdict of a subject diagnosed, and every note named, within one allowance.

    Verdicts that are neither come back as they are.  A failure of the diagnosis itself changes no
    verdict: it is kept in ``detail["diagnosis"]``.
    """
    end = clock() + seconds
    known: list[tuple[Repair, Cause]] = []
    waiting = [v for v in verdicts if v.status in {"fail", "error", "note"} and v.case is not None]
    waiting.sort(key=lambda v: (v.status == "note", FIRST.get(v.law, 2)))
    done: dict[int, Verdict] = {}
    for i, v in enumerate(waiting):
        left = end - clock()
        if left <= 0.1:
            break
        assert v.case is not None
        op = ops[v.case.config] if v.case.config < len(ops) else ops[0]
        share = 0.6 * left if i == 0 and len(waiting) > 1 else left / (len(waiting) - i)
        try:
            done[id(v)] = diagnose(
                op, v, verdicts, source=source, tree=tree, path=path, seconds=share, known=known
            )
        except Exception as error:  # the verdict stands; what went wrong is shown beside it
            text = f"diagnosis raised {type(error).__name__}: {error}"
            done[id(v)] = dataclasses.replace(v, detail={**v.detail, "diagnosis": text})
    return [done.get(id(v), v) for v in verdicts]
