"""A wrong gradient: interventions, patterns of the numbers, and changes of the code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.diagnose import constants, interventions, numbers, parts, repairs, rules
from gradcheck.diagnose.factors import ratio
from gradcheck.diagnose.interventions_options import numbers_of
from gradcheck.diagnose.meaning import Meaning, difference, meaning
from gradcheck.diagnose.measure import Point, TooLong, again, agrees, claim, clock, measure
from gradcheck.diagnose.numbers import Guess
from gradcheck.diagnose.patterns import describe_pattern
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.proof import Trial
from gradcheck.diagnose.proofs import proved
from gradcheck.diagnose.repairs import Repair
from gradcheck.diagnose.session import PROOF, Candidate, Session, of_repair, of_shown, retried
from gradcheck.diagnose.shapes import shapes_in
from gradcheck.diagnose.shrink import smaller, smallest
from gradcheck.diagnose.slices import feeding
from gradcheck.diagnose.soundness import soundly
from gradcheck.diagnose.squares import told_by_sizes
from gradcheck.laws import LAWS
from gradcheck.laws.common import gradient_name
from gradcheck.types import Case, Op, Verdict

#: Number patterns that say less than a change of the code that works.
VAGUE = {"constant-factor", "missing-broadcast-sum", "transposed"}
#: Interventions that say less than a change of the code, with their rank.
ASIDE = {"wrong-regulariser": 22, "option-ignored": 22, "stride-ignored": 22}
LATE = 24
#: What backward leaves out: a forward without it is no remedy.
LEFT_OUT = {"option-ignored", "stride-ignored", "missing-regulariser"}
PREDICTED = "in every entry the claimed gradient is what this predicts from the measured one"


def of_gradient(s: Session, verdict: Verdict, detail: dict[str, Any]) -> list[Candidate]:
    """Interventions, patterns of the numbers, and changes of the code, for a wrong gradient."""
    op, case, wrt = s.op, verdict.case, verdict.wrt
    assert case is not None
    candidates = [
        replace(of_shown(c, LATE if c.late else ASIDE.get(c.cause, 0)), lost=c.cause in LEFT_OUT)
        for c in interventions.all_of(op, verdict, s.until)
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
            candidates += by_numbers(s, point, verdict, any(c.confirmed for c in candidates))
    whole = single_factor(point, wrt)
    bigger = case.replace(N=dict(case.sizes)["N"] + 1)
    for repair in gradient_repairs(s, point, wrt, verdict.law):
        samples = dict(case.sizes)["N"] if op.terminal else None
        what = meaning(repair, lambda: again(op, point), lambda: claim(op, bigger), whole, samples)
        what = told_by_sizes(s, verdict, of_carry(op, point, wrt, repair, what))
        trial = Trial(op, case, wrt, repair, lambda: again(op, point), s.until, point)
        candidates.append(of_repair(repair, proved(trial, what)))
    candidates = counted(op, wrt, candidates)
    if not any(c.confirmed for c in candidates) and wrt in point.truth:
        detail["nearest"] = tuple(numbers.nearest(op, point, wrt))
    found = smallest(op, case, wrt, min(s.until, clock() + 1.0))
    if found is not None:
        detail["smallest"], detail["smallest_case"] = found[0], found[1].token()
    return candidates


def assigns(repair: Repair, names: set[str]) -> bool:
    """Whether a change stands in the statement that assigns one of these names."""
    statement = repair.edit.change.site.statement
    return isinstance(statement, ast.Assign) and bool(names & set(map(ast.unparse, statement.targets)))  # fmt: skip


def counted(op: Op, wrt: str, found: list[Candidate]) -> list[Candidate]:
    """What the changes that work say against the numbers.

    A ratio that is a count is no mean where every change that works exchanges ``*`` and ``/``:
    ``ds / scale`` for ``ds * scale`` with scale = 1 / sqrt(d) is wrong by d, and nobody averages.
    Nothing is left out where something too much is taken away: ``dout * s`` for ``dout * s * (1 - s)``.
    """
    taken = [c.repair for c in found if c.repair is not None]
    if any(difference(r.edit.change).kind in {"unfactor", "unterm"} for r in taken):
        found = [replace(c, confirmed=False, rank=45) if c.lost else c for c in found]
    carried = [r for c in found if (r := c.repair) and c.confirmed and c.cause == "missing-carry"]
    if carried and not any(assigns(r, names_of(op, wrt)) for r in carried):
        # Of the steps only the last is left, which may begin at zero.
        found = [replace(c, rank=25) if c.cause == "zero-gradient" else c for c in found]
    if any(c.repair is not None and c.confirmed and c.cause == "wrong-mask-side" for c in found):
        # With a slope of 1 or 1/2 the other side of a mask looks like no mask, or like a sign.
        found = [replace(c, rank=25) if c.repair is None and c.cause in OF_A_MASK else c for c in found]  # fmt: skip
    if any(c.repair is None and c.confirmed and c.cause in ASIDE for c in found):
        # Where the option does nothing the two arrays, or the two places, are the same.
        found = [
            replace(c, rank=23) if c.repair and c.cause == "derivative-at-wrong-point" else c
            for c in found
        ]
    changes = {r.edit.cause for r in taken}
    if op.terminal or changes != {"wrong-derivative"}:
        return found
    return [
        replace(c, rank=30, cause="constant-factor", second=c.cause)
        if c.repair is None and c.cause in {"missing-mean", "extra-mean", "summed-not-averaged"}
        else c
        for c in found
    ]


#: What the wrong side of a mask may look like in the numbers, by chance.
OF_A_MASK = {"sign-flipped", "identity-backward", "zero-gradient", "constant-factor"}


def by_numbers(s: Session, point: Point, verdict: Verdict, enough: bool) -> list[Candidate]:
    """The predictions that hold, and the term that is missing where nothing else is confirmed."""
    wrt = verdict.wrt
    guesses = numbers.confirmed(s.op, point, wrt, verdict.case, s.until)
    guesses = [by_index(g, s.pieces) for g in guesses]
    found = [
        Candidate(
            30 if g.cause in VAGUE else 10, g.cause, g.text, PREDICTED,
            confirmed=g.sure, second=g.second,
        )
        for g in map(dropped(s.op, point, wrt), guesses)
    ]  # fmt: skip
    if enough or any(c.confirmed and c.cause not in VAGUE for c in found):
        return found
    found += of_mean(s, point, wrt) or of_constant(s, point, wrt)
    return found if any(c.confirmed for c in found) else found + of_part(s, point, wrt)


def by_index(guess: Guess, pieces: Sequence[Piece]) -> Guess:
    """One of several outputs that is counted alone, where backward adds through an array of indices.

    ``dx[:, idx] += g`` keeps one of those that go to the same entry.
    """
    if guess.cause != "missing-broadcast-sum" or guess.text != numbers.ONE_COUNTED:
        return guess
    for piece in pieces:
        loops = {n.id for f in ast.walk(piece.node) if isinstance(f, (ast.For, ast.comprehension))
                 for n in ast.walk(f.target) if isinstance(n, ast.Name)}  # fmt: skip
        for node in ast.walk(piece.node):
            target = node.target if isinstance(node, ast.AugAssign) else None
            if piece.role == "forward" or not isinstance(target, ast.Subscript):
                continue
            index = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
            if any(isinstance(i, (ast.Name, ast.Attribute)) and ast.unparse(i) not in loops for i in index):  # fmt: skip
                return replace(guess, cause="duplicates-lost", second="overlap-lost")
    return guess


#: How telling it is that backward takes a name for a constant: before and after changes of the code.
CONSTANT = {"missing-carry": 9, "missing-norm-term": 12, "missing-chain-factor": 24}


def of_mean(s: Session, point: Point, wrt: str) -> list[Candidate]:
    """A mean of forward that backward takes for a sum."""
    mean = constants.averaged(s.op, point, wrt, s.pieces)
    if mean is None:
        return []
    text = f"forward takes `{mean.name}`, but backward passes on what a sum would: the division is missing"
    evidence = "with a sum there, forward has exactly the claimed gradient, at two batch sizes"
    second = "missing-mean" if mean.cause != "missing-mean" else "summed-not-averaged"
    return [Candidate(9, mean.cause, text, evidence, second=second, line=mean.line, lost=True)]


def of_constant(s: Session, point: Point, wrt: str) -> list[Candidate]:
    """A name of forward through which backward follows no path."""
    lost = constants.taken_for_constant(s.op, point, wrt, s.pieces, clock() + 1.0)
    if lost is None:
        return []
    text = f"backward takes `{lost.name}` for a constant, but it depends on {wrt}"
    if lost.cause == "missing-carry":
        text = f"backward takes `{lost.name}` of the step before for a constant: nothing is carried back through it"
    evidence = f"with `{lost.name}` held while {wrt} moves, forward has exactly the claimed gradient, at two cases"
    rank = CONSTANT[lost.cause]
    if lost.cause == "missing-chain-factor" and nothing_where_wrong(point, wrt):
        text = f"where the gradient of {wrt} is wrong it is 0: {text}"
        return [Candidate(rank, "zero-gradient", text, evidence, second=lost.cause, line=lost.line, lost=True)]  # fmt: skip
    second = "missing-chain-factor" if lost.cause == "missing-carry" else "wrong-derivative"
    return [Candidate(rank, lost.cause, text, evidence, second=second, line=lost.line, lost=True)]


def nothing_where_wrong(point: Point, wrt: str) -> bool:
    """Whether every entry that is known to be wrong is 0, and not all entries are."""
    claimed, truth = point.claimed[wrt], point.truth[wrt]
    wrong = np.isfinite(truth) & ~np.isclose(claimed, truth, rtol=1e-6, atol=1e-9)
    return bool(np.any(claimed) and np.any(wrong) and not np.any(claimed[wrong]))


def dropped(op: Op, point: Point, wrt: str) -> Callable[[Guess], Guess]:
    """A constant factor that is the share of the units kept, or one over it, where units drop out."""
    x, out = point.primals[wrt], np.asarray(point.output)
    factor = ratio(point.claimed[wrt], point.truth[wrt])
    drops = x.shape == out.shape and np.any((out == 0) & (x != 0)) and op.has_mode
    rates = [r for r in numbers_of(op).values() if 0 < r < 1] if drops else []
    shares = [s for r in rates for s in (r, 1 - r)]
    fits = factor is not None and any(np.isclose([factor, 1 / factor], s).any() for s in shares)

    def named(guess: Guess) -> Guess:
        if guess.cause not in VAGUE or not fits or factor is None:
            return guess
        text = f"forward and backward scale the kept units by different numbers: {factor:.4g} to 1"
        return replace(guess, cause="dropout-scale", text=text, sure=True, second="constant-factor")

    return named


def of_part(s: Session, point: Point, wrt: str) -> list[Candidate]:
    """A term that the gradient lacks, found among the arrays that backward holds."""
    with repairs.quiet():
        lost = parts.lost_part(s.op, point, wrt, s.pieces, clock() + 1.0)
    if lost is None:
        return []
    carry = parts.is_state(s.op, wrt, point)
    names = ("missing-carry", "missing-chain-factor")[:: 1 if carry else -1]
    text = f"the gradient of {wrt} lacks the term {lost[0]}"
    evidence = "with it every entry is the measured one, at two cases of different sizes"
    second = names[1] if carry else "wrong-derivative"
    return [Candidate(15 if carry else 25, names[0], text, evidence, second=second, lost=True)]


def of_carry(op: Op, point: Point, wrt: str, repair: Repair, what: Meaning) -> Meaning:
    """A term that the gradient of a recurrent state lacks is a carry that is lost."""
    if what.cause != "missing-chain-factor" or difference(repair.edit.change).kind != "term":
        return what
    state = parts.is_state(op, wrt, point)
    return Meaning("missing-carry", what.confirmed, what.cause) if state else what


def suspect(
    s: Session, law: str, wanted: set[str], failing: frozenset[str]
) -> Callable[[Piece, ast.stmt], bool]:
    """Which statements are looked at first: those behind this gradient and behind no right one.

    A mistake in what two gradients share shows in both, so what a right one comes from is right.
    Where nothing is left, or one gradient alone is known, all that is behind it.
    """
    mine = feeding(s.pieces, wanted)
    passed = {v.wrt for v in s.verdicts if v.law == law and v.status == "pass"} - failing
    right = [feeding(s.pieces, names_of(s.op, name), strict=True) for name in sorted(passed)]

    def near(piece: Piece, statement: ast.stmt) -> bool:
        return mine(piece, statement) and not any(f(piece, statement) for f in right)

    return near


def anywhere(piece: Piece, statement: ast.stmt) -> bool:
    """Every statement is as likely as another."""
    return True


def names_of(op: Op, wrt: str) -> set[str]:
    """The names under which a backward may hold a gradient."""
    return {gradient_name(op, wrt).removeprefix("self."), f"d{wrt}", f"d_{wrt}", f"grad_{wrt}"}


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
    wanted = names_of(op, wrt)
    judge = repairs.gradient_judge(op, [point], wrt)
    loose = repairs.gradient_judge(op, [point], wrt, forward=True)
    confirm = soundly(
        s, op, wrt, point.case, repairs.confirm_gradient(op, point.case, wrt, failing)
    )
    again = retried(s, lambda _: True, lambda: of_law_at(s, law, point.case, wrt))
    if again:
        return again
    shapes = shapes_in(op, point, s.pieces)
    near = suspect(s, law, wanted, failing)
    for chosen, which, priorities in (
        (forward, rules.DTYPE_RULES, range(1)),
        (forward, rules.LOST_RULES, range(1)),
        (backward, rules.GRADIENT_RULES, range(3)),
        (forward, rules.FORWARD_RULES, range(3)),
        (forward, rules.KEPT_RULES, range(1)),
        (forward, rules.GRADIENT_RULES, range(4)),  # what it keeps: its output stays as it is
        (backward, rules.GRADIENT_RULES, range(3, 100)),
        (forward, rules.NAMES_OF_FORWARD, range(100)),
    ):
        tried = judge if which is rules.GRADIENT_RULES else loose
        # A dtype, and what is overwritten, concerns every gradient that the array goes into.
        far = (rules.DTYPE_RULES, rules.LOST_RULES, rules.KEPT_RULES)
        where = anywhere if which in far else near
        result = repairs.search(
            op, chosen, which, tried, confirm, s.until - PROOF, where, priorities, shapes, s.memory
        )
        if which is rules.FORWARD_RULES:
            result = [r for r in result if r.edit.cause in rules.FORWARD_CAUSES]
        if result:
            return result
    return []
