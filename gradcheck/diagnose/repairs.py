"""Causes tried out on the user's code: change one place, run the failed law again."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnose.choices import batches, chosen, together
from gradcheck.diagnose.code import replaced
from gradcheck.diagnose.edits import Change, Edit, Rule, edited, made
from gradcheck.diagnose.measure import Point, again, agrees, clock, slopes
from gradcheck.diagnose.memory import Memory
from gradcheck.diagnose.pieces import Piece, strides_by_hand
from gradcheck.evidence import without_pictures
from gradcheck.laws import LAWS
from gradcheck.types import Case, Op, Verdict

#: Further passing changes looked for after the first one, for the second place of the ranking.
ENOUGH = 3
#: Seconds for these: what the first one means is tried out, too.
MORE = 0.5
#: How much nearer a whole model is looked at, where a kink may lie within the first step.
NEAR = 0.01


@dataclass(frozen=True)
class Repair:
    """A change with which the failed law passes; `resolution` is that of the gradient then."""

    edit: Edit
    resolution: float | None


def quiet() -> contextlib.AbstractContextManager[object]:
    """User code under an edit may print or warn; of a law that is run again only the verdict counts."""
    stack = contextlib.ExitStack()
    stack.enter_context(without_pictures())
    stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
    stack.enter_context(np.errstate(all="ignore"))
    return stack


def safely(op: Op, law: str, case: Case) -> list[Verdict]:
    """A law's verdicts; one fail if it raises (as `run` has it)."""
    try:
        with quiet():
            return list(LAWS[law](op, case))
    except Exception:  # the user's code raised: that is the failure
        return [Verdict(law, "fail")]


def search(
    op: Op,
    pieces: Sequence[Piece],
    rules: tuple[Rule, ...],
    judge: Callable[[Piece], bool],
    confirm: Callable[[], float | bool | None],
    until: float,
    relevant: Callable[[Piece, ast.stmt], bool] = lambda p, s: True,
    priorities: range = range(100),
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]] | None = None,
    memory: Memory | None = None,
) -> list[Repair]:
    """The changes that pass, at most `ENOUGH`, all of one priority and function if one is found.

    Parameters
    ----------
    judge
        A quick test, called with the edit in place.
    confirm
        The law itself, called with the edit in place: False, or the resolution.
    relevant
        Which statements are tried first (the others at a priority 10 higher).
    priorities
        Only changes of these priorities.
    shapes
        The shapes of each function's names, as far as they are known.
    memory
        Of the searches for other gradients: what they tried comes last.
    """
    found: list[Repair] = []
    if strides_by_hand(op):
        return found
    memory = Memory() if memory is None else memory
    pool = pooled(op, pieces, rules, relevant, priorities, shapes, memory)
    at: tuple[int, int] | None = None
    for (priority, i), items in itertools.groupby(pool, key=lambda item: item[:2]):
        if at is not None and at != (priority, i):
            break
        for members in batches([change for _, _, change in items]):
            if len(found) >= ENOUGH or clock() > until:
                return found
            memory.tried.update(map(id, members))
            for repair in working(pieces[i], members, judge, confirm, until):
                at, until = (priority, i), min(until, clock() + MORE)
                edit = repair.edit
                if not any(r.edit.after == edit.after and r.edit.line == edit.line for r in found):
                    found.append(repair)
    return found[:ENOUGH]


def pooled(
    op: Op,
    pieces: Sequence[Piece],
    rules: tuple[Rule, ...],
    relevant: Callable[[Piece, ast.stmt], bool],
    priorities: range,
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]] | None,
    memory: Memory,
) -> list[tuple[int, int, Change]]:
    """(priority, number of the function, change), in the order in which they are tried."""
    pool: list[tuple[int, int, Change]] = []
    for i, piece in enumerate(pieces):
        known = (shapes or {}).get(piece.node.name)
        for change in memory.changes(piece, rules, op.step is not None, known):
            aside = 0 if relevant(piece, change.site.statement) else 10
            if max(change.priority + aside, 0) in priorities:  # -1: before all others
                pool.append((change.priority + aside, i, change))
    return sorted(pool, key=lambda item: (id(item[2]) in memory.tried, *item[:2]))


def working(
    piece: Piece,
    members: Sequence[Change],
    judge: Callable[[Piece], bool],
    confirm: Callable[[], float | bool | None],
    until: float,
) -> Iterator[Repair]:
    """Those of some changes of one place that pass."""
    code = together(piece, members)
    for number, change in enumerate(members):
        if code is None or clock() > until:
            return
        with replaced(piece.function, code), chosen(piece, number), quiet():
            try:
                result = judge(piece) and confirm()
            except Exception:  # the changed code does not run: not the cause
                continue
        alone = code if len(members) == 1 else made(piece, change) if result is not False else None
        if result is not False and alone is not None:
            yield Repair(edited(piece, change, alone), None if result is True else result)


def gradient_judge(
    op: Op, points: Sequence[Point], wrt: str, forward: bool = False
) -> Callable[[Piece], bool]:
    """Whether an edit makes one gradient right at measured points and spoils no other.

    It may change what forward computes only where `forward` says so.
    """

    def judge(piece: Piece) -> bool:
        for point in points:
            now = again(op, point)
            if np.shape(now.output) != np.shape(point.output):
                return False
            same = np.allclose(now.output, point.output, rtol=1e-12, atol=0, equal_nan=True)
            if not same:
                return forward and along(op, now, wrt)
            g = now.claimed.get(wrt)
            if g is None or not agrees(g, point.truth[wrt]):
                return False
            for name, old in point.claimed.items():
                new = now.claimed.get(name)
                if name == wrt or name not in point.truth or new is None:
                    continue
                if not (agrees(new, point.truth[name]) or not agrees(old, point.truth[name])):
                    return False
        return True

    return judge


def along(op: Op, now: Point, wrt: str) -> bool:
    """Whether a claimed gradient agrees with the slope along one random direction."""
    x, g = now.primals[wrt], now.claimed.get(wrt)
    if g is None or g.shape != x.shape or not np.all(np.isfinite(g)):
        return False
    largest = float(np.max(np.abs(g)))
    for reach in (1.0, NEAR) if op.kind == "model" else (1.0,):
        claimed, measured = slopes(op, now, wrt, reach)
        if abs(measured - claimed) <= 1e-6 * max(abs(measured), largest):
            return True
    return False


def law_passes(op: Op, law: str, case: Case, wrt: str, before: Sequence[Verdict]) -> bool:
    """Whether the law that failed now finds less: nothing about `wrt`, and nothing new.

    Not being compared any more, being near only, or another function than before is no pass; nor is
    not to be known any more.
    """
    found = list(LAWS[law](op, case))
    doubts = {"inconclusive"}
    if any("accumulate" in v.message for v in before):
        doubts.add("note")  # that a second call is unlike the first, says nothing of the sums
    if sum(v.status in doubts for v in found) > sum(v.status in doubts for v in before):
        return False
    compared = {"pass"} if law == "same_as_reference" else {"pass", "note", "fail", "inconclusive"}
    if not any(v.status in compared for v in found) or any(
        "not checked" in v.message for v in found
    ):
        return False
    near = ("may be too large", "an epsilon's size")
    bad = [v for v in found if v.status in {"fail", "error"} or any(n in v.message for n in near)]
    failed = sum(v.status in {"fail", "error"} for v in before)
    return not any(v.wrt == wrt for v in bad) and len(bad) < max(failed, 1)


def gradient_passes(
    op: Op, case: Case, wrt: str, excused: frozenset[str] | None = None
) -> float | bool | None:
    """The gradient law at a case: False, or the resolution of the gradient asked about.

    With `excused`, no other gradient may fail either, but for these.
    """
    verdicts = list(LAWS["gradient"](op, case))
    mine = [v for v in verdicts if v.wrt == wrt] or verdicts
    if any(v.status in {"fail", "error", "inconclusive"} for v in mine):
        return False
    if excused is not None and any(v.status == "fail" and v.wrt not in excused for v in verdicts):
        return False
    return max((v.resolution for v in mine if v.resolution is not None), default=None)


def confirm_gradient(
    op: Op, case: Case, wrt: str, excused: frozenset[str]
) -> Callable[[], float | bool | None]:
    """The gradient law at the failing case, and at other values with one sample more."""
    more = case.replace(seed=case.seed + 101, N=dict(case.sizes)["N"] + 1)

    def confirm() -> float | bool | None:
        result = gradient_passes(op, case, wrt, excused)
        if result is False:
            return False
        other = gradient_passes(op, more, wrt, excused)
        return False if other is False else result

    return confirm


def describe(repair: Repair) -> str:
    """The experiment in one sentence."""
    agreed = (
        f"the gradient agrees to {repair.resolution:.0e}"
        if repair.resolution
        else "the check passes"
    )
    return f"tried: with line {repair.edit.line} changed as the fix says, {agreed}"
