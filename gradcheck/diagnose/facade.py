"""The facade: a failing verdict gets the cause an experiment confirmed, or the nearest misses."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence
from typing import Any

from gradcheck.diagnose import facts, repairs
from gradcheck.diagnose.causes import fix_for
from gradcheck.diagnose.gradients import of_gradient
from gradcheck.diagnose.known_bugs import entry_of
from gradcheck.diagnose.measure import TooLong, clock, limited
from gradcheck.diagnose.memory import Memory
from gradcheck.diagnose.others import of_law, of_note
from gradcheck.diagnose.pieces import pieces
from gradcheck.diagnose.repairs import Repair
from gradcheck.diagnose.session import OPEN, Candidate, Session, of_shown
from gradcheck.diagnose.slices import source_line
from gradcheck.diagnose.soundness import cures
from gradcheck.diagnose.straight import straight_through
from gradcheck.diagnose.tapes import of_tape
from gradcheck.diagnose.unknown import located, unknown
from gradcheck.types import Case, Cause, Op, Verdict

#: A forward that is wrong explains a gradient that disagrees with it, so it is looked at first;
#: a step that differs is looked at after the laws that say in what.
FIRST = {"contract": 0, "roles": 0, "same_as_reference": 0, "gradient": 1, "model_gradient": 1,
         "optimizer_steps": 3, "bowl_descends": 4}  # fmt: skip
#: The share of the allowance that is planned for: an experiment once begun is finished.
MARGIN = 0.8
#: Seconds beyond what is planned for, after which an experiment is broken off.
PATIENCE = 1.0
#: Causes that a more telling one of another verdict replaces.
GENERAL = {"forward-wrong", "update-wrong", "unknown"}


def diagnose(
    op: Op,
    verdict: Verdict,
    verdicts: Sequence[Verdict],
    *,
    source: str,
    tree: ast.Module,
    path: str,
    seconds: float = 10.0,
    known: list[tuple[Repair, Candidate]] | None = None,
    memory: Memory | None = None,
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
    memory
        Of the searches for the subject's other verdicts.

    Returns
    -------
    Verdict
        With `cause` set.  Where nothing was confirmed its id is ``unknown``: the text gives a change
        that works, if one was found, and the nearest hypotheses, whose ids are in
        ``detail["hypotheses"]`` (``detail["nearest"]``: with their relative miss).  ``detail`` may
        also get ``pattern`` (which entries are wrong),
        ``smallest`` (the smallest failing case in numbers), ``smallest_case`` (its replay token)
        and ``also`` (ids of other names of the mistake and further candidates, best first).
    """
    if verdict.case is None or verdict.status not in {"fail", "error", "note"}:
        return verdict
    if verdict.status == "error" and "line" not in verdict.detail:
        return verdict  # it did not arise in the user's code
    plain = of_tape(op, verdicts) or straight_through(op, verdict)
    if plain is not None:
        return dataclasses.replace(verdict, cause=plain)
    session = Session(
        op,
        verdicts,
        pieces(op, tree),
        clock() + seconds,
        known if known is not None else [],
        memory if memory is not None else Memory(),
    )
    detail: dict[str, Any] = dict(verdict.detail)
    try:
        candidates = candidates_of(session, verdict, detail)
    except TooLong:  # nothing more is known of it
        candidates = []
    if any(c.confirmed for c in candidates):
        cause = confirmed(session, verdict, candidates, detail, source)
        return dataclasses.replace(verdict, cause=cause, detail=detail)
    nothing = unknown(session, verdict, candidates, detail, source, path)
    return dataclasses.replace(verdict, cause=nothing, detail=detail)


def candidates_of(s: Session, verdict: Verdict, detail: dict[str, Any]) -> list[Candidate]:
    """All causes that something speaks for, best first."""
    if verdict.status == "note":
        found = of_note(s, verdict)
    elif verdict.law in {"gradient", "model_gradient"} and not told_in(verdict.message):
        found = of_gradient(s, verdict, detail)
    elif verdict.law == "batch" and measured_at_more(verdict):
        found = of_gradient(s, dataclasses.replace(verdict, law="gradient"), detail)
    elif verdict.law == "train_eval" and measured_in_evaluation(verdict):
        fact = facts.shown(s.op, verdict, s.verdicts)
        found = [] if fact is None else [of_shown(fact, 10)]
        if not any(c.confirmed for c in found):
            # With running statistics of 0 and 1 numbers agree by chance: only what was tried counts.
            tried = of_gradient(s, dataclasses.replace(verdict, law="gradient"), detail)
            found += [c for c in tried if c.repair is not None]
    else:
        found = of_law(s, verdict)
    found = [c if c.repair is None else as_before(s, c) for c in found]
    return sorted((halved(s, c, verdict) for c in found), key=lambda c: c.rank)


def confirmed(
    s: Session,
    verdict: Verdict,
    candidates: Sequence[Candidate],
    detail: dict[str, Any],
    source: str,
) -> Cause:
    """The best of the causes that an experiment confirmed; the other names go into `detail`."""
    best = next(c for c in candidates if c.confirmed)
    others = sorted(candidates, key=lambda c: c is not best)
    ids = dict.fromkeys(n for c in others for n in (c.cause, c.second) if n)
    ids.pop(best.cause)
    if ids:
        detail["also"] = tuple(ids)
    changes = [c for c in others if c.repair is not None and not (best.lost and ahead(c.repair))]
    changes.sort(key=lambda c: not c.confirmed)
    changes.sort(key=lambda c: c.cause != best.cause)
    repair = changes[0].repair if changes else None
    if repair is not None:
        s.known.append((repair, best))
    seen = best.line or located(s.op, verdict, s.pieces)
    line = repair.edit.line if repair else seen
    evidence = best.evidence
    if repair and not best.repair:
        evidence = f"{evidence}; {repairs.describe(repair)}"
    entry = entry_of(repair.edit) if repair else ""
    if entry:
        detail["catalogue"] = entry
        evidence = f"{evidence}; the same change undoes {entry!r} of the bug catalogue"
    fix = fix_for(best.cause, s.op.convention, repair)
    return Cause(best.cause, best.text, evidence, fix, line, source_line(source, line))


def ahead(repair: Repair) -> bool:
    """Whether a change is one of forward alone."""
    return repair.edit.piece.role == "forward"


def measured_at_more(verdict: Verdict) -> bool:
    """Whether a gradient is wrong at more samples than usual: not because of one sample."""
    several = verdict.case is not None and dict(verdict.case.sizes)["N"] > dict(Case().sizes)["N"]
    return several and "±" in verdict.message and verdict.wrt != "output"


def measured_in_evaluation(verdict: Verdict) -> bool:
    """Whether a gradient is wrong in evaluation."""
    return (
        verdict.case is not None
        and not verdict.case.train
        and "±" in verdict.message
        and verdict.wrt != "output"
    )


def told_in(message: str) -> bool:
    """Whether a gradient law's message tells of something else than a wrong number."""
    return "raises" in message or "left behind" in message


def as_before(s: Session, candidate: Candidate) -> Candidate:
    """A change that has cured another failure has the cause that was found there."""
    for repair, earlier in s.known:
        assert candidate.repair is not None
        if repair.edit is not candidate.repair.edit or earlier.cause in GENERAL:
            continue
        if candidate.confirmed and not earlier.confirmed:
            continue
        return dataclasses.replace(
            candidate, rank=1 if earlier.confirmed else candidate.rank, cause=earlier.cause,
            text=earlier.text, confirmed=earlier.confirmed, second=earlier.second,
        )  # fmt: skip
    return candidate


def halved(s: Session, c: Candidate, verdict: Verdict) -> Candidate:
    """A change that leaves another failure of the same object standing confirms nothing."""
    if c.repair is None or not c.confirmed or cures(s, c.repair, verdict):
        return c
    return dataclasses.replace(c, rank=OPEN, confirmed=False)


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
    end = clock() + MARGIN * seconds
    known: list[tuple[Repair, Candidate]] = []
    memory = Memory()
    waiting = [v for v in verdicts if v.status in {"fail", "error", "note"} and v.case is not None]
    waiting.sort(key=lambda v: (v.status == "note", FIRST.get(v.law, 2)))
    done: dict[int, Verdict] = {}
    for i, v in enumerate(waiting):
        left = end - clock()
        if left <= 0.1:
            break
        assert v.case is not None
        op = ops[v.case.config] if v.case.config < len(ops) else ops[0]
        op = limited(op, end + PATIENCE)
        share = 0.6 * left if i == 0 and len(waiting) > 1 else left / (len(waiting) - i)
        try:
            done[id(v)] = diagnose(
                op,
                v,
                verdicts,
                source=source,
                tree=tree,
                path=path,
                seconds=share,
                known=known,
                memory=memory,
            )
        except Exception as error:  # the verdict stands; what went wrong is shown beside it
            text = f"diagnosis raised {type(error).__name__}: {error}"
            done[id(v)] = dataclasses.replace(v, detail={**v.detail, "diagnosis": text})
    return [done.get(id(v), v) for v in verdicts]
