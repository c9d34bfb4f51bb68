"""Patterns of the numbers: each cause predicts the claimed gradient from the measured Jacobian."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnose import norms
from gradcheck.diagnose.factors import factor_cause, ratio, whole_number
from gradcheck.diagnose.interventions import right_where_distinct
from gradcheck.diagnose.measure import Point, agrees, clock, jacobian, measure, miss, pulled
from gradcheck.diagnose.numbers_time import lost_carries
from gradcheck.diagnose.numbers_updated import with_updated_weights
from gradcheck.types import Array, Case, Op

#: Seconds that the measuring of a second case may take.
PATIENCE = 1.0


@dataclass(frozen=True)
class Guess:
    """One hypothesis: its cause, what it predicts the code to claim, and how it would be said."""

    cause: str
    predicted: Array
    text: str
    loose: bool = False
    sure: bool = True
    second: str = ""

    def holds(self, claimed: Array, truth: Array) -> bool:
        """Whether the claimed gradient is what this predicts.

        Where an epsilon under a root stands in the way, 0.2 % of the defect may stay unexplained.
        """
        if not self.loose:
            return agrees(self.predicted, claimed, truth)
        if self.predicted.shape != claimed.shape or not np.all(np.isfinite(claimed)):
            return False
        defect = float(np.max(np.abs(truth - claimed), initial=0.0))
        return float(np.max(np.abs(self.predicted - claimed))) <= norms.LOOSE * defect


def guesses(op: Op, point: Point, wrt: str) -> Iterator[Guess]:
    """All predictions that the Jacobian allows, the specific ones first."""
    truth, cot = point.truth[wrt], np.asarray(point.cotangent, dtype=np.float64)
    jac = point.jacobian[wrt]
    if not np.any(point.truth[wrt]) and np.any(point.claimed[wrt]):
        words = (
            "the loss does not change when this parameter is changed: what is used is another array"
        )
        model = op.kind == "model"
        yield Guess("never-wired", point.claimed[wrt], words, False, model, "forward-wrong")
    yield Guess("zero-gradient", np.zeros(truth.shape), "every entry is 0")
    if cot.shape == truth.shape and not op.terminal and np.allclose(truth, -cot):
        text = "every entry has the opposite sign: it is the upstream gradient"
        yield Guess("sign-flipped", cot, text, second="identity-backward")
    if cot.shape == truth.shape and not op.terminal:
        yield Guess("identity-backward", cot, "the upstream gradient is returned unchanged")
    if not op.terminal:
        ones = pulled(point, wrt, np.ones(cot.shape)) + point.extra[wrt]
        yield Guess("upstream-ignored", ones, "it is the gradient for an upstream gradient of ones")
    if cot.shape == truth.shape and not op.terminal:
        slope = np.sum(jac.reshape(jac.shape[0], -1) * np.eye(truth.size), axis=0)
        yield Guess(
            "upstream-ignored",
            slope.reshape(truth.shape),
            "it is the slope alone, without the upstream gradient",
        )
        yield from product_rule(point, wrt, cot)
    yield Guess("sign-flipped", -truth, "every entry has the opposite sign")
    if np.any(point.extra[wrt]):
        data = truth - point.extra[wrt]
        yield Guess(
            "missing-regulariser", data, "it is the gradient without the regularisation term"
        )
        for k, words in ((0.5, "half"), (2.0, "twice"), (-1.0, "minus")):
            yield Guess(
                "wrong-regulariser",
                data + k * point.extra[wrt],
                f"the regularisation term is {words} what it should be",
            )
    yield from turned(truth)
    if not op.terminal and wrt not in {s.name for s in op.slots}:
        yield from part_of_the_outputs(point, wrt, cot)
    yield from other_side(point, wrt, cot)
    if cot.size == truth.size and jac.shape[0] == truth.size:
        flat = jac.reshape(truth.size, truth.size)
        if shares(point) and np.nansum(np.abs(flat - np.diag(np.diag(flat)))) > 1e-6:
            only = (np.diag(flat) * cot.ravel()).reshape(truth.shape)
            yield Guess("softmax-diagonal-only", only, "only the diagonal of the Jacobian is used")
    yield from softmax_terms(op, point, wrt, cot)
    for lost, words in norms.lost_terms(op, point, wrt):
        yield Guess("missing-norm-term", lost, words, loose=True)
    for lost, words in lost_carries(op, point, wrt):
        yield Guess("missing-carry", lost, words, second="missing-chain-factor")
    yield from elsewhere(op, point, wrt, cot)


def part_of_the_outputs(point: Point, wrt: str, cot: Array) -> Iterator[Guess]:
    """A parameter of which only one position of an axis of the output is counted, or all but one."""
    shape = np.shape(point.output)
    jac = point.jacobian[wrt].reshape(*shape, -1)
    terms = jac * np.reshape(cot, shape)[..., None]
    for axis, n in enumerate(shape if len(shape) > 1 else ()):
        rest = tuple(i for i in range(len(shape)) if i != axis)
        parts = np.sum(terms, axis=rest)
        whole = np.sum(parts, axis=0)
        for i in (0, n - 1) if n > 2 else ():
            where = f"position {i} of axis {axis} of the output"
            for predicted, words in ((parts[i], f"of the outputs only {where} is counted"),
                                     (whole - parts[i], f"of the outputs {where} is left out")):  # fmt: skip
                grad = predicted.reshape(point.truth[wrt].shape) + point.extra[wrt]
                yield Guess("missing-broadcast-sum", grad, words, second="wrong-axis-sum")


def other_side(point: Point, wrt: str, cot: Array) -> Iterator[Guess]:
    """A mask's complement: the gradient is zero where it should not be, and nowhere else."""
    truth, claimed = point.truth[wrt], point.claimed[wrt]
    if cot.shape != truth.shape or claimed.shape != truth.shape or truth.size < 6:
        return
    kept = truth != 0
    if not kept.any() or kept.all() or not np.array_equal(kept, claimed == 0):
        return
    text = "exactly the entries get a gradient that should have none"
    yield Guess("wrong-mask-side", claimed, text)


def shares(point: Point) -> bool:
    """Whether forward gives shares of 1 along its last axis, or their logarithms."""
    y = np.asarray(point.output, dtype=np.float64)
    if y.ndim < 2:
        return False
    with np.errstate(over="ignore"):
        return bool(np.all(y > 0) and np.allclose(y.sum(-1), 1)) or np.allclose(
            np.exp(y).sum(-1), 1
        )


def softmax_terms(op: Op, point: Point, wrt: str, cot: Array) -> Iterator[Guess]:
    """What is left of a softmax's gradient without the sum over the row."""
    y = np.asarray(point.output, dtype=np.float64)
    if op.terminal or y.ndim < 2 or y.shape != point.truth[wrt].shape or cot.shape != y.shape:
        return
    if np.all(y > 0) and np.allclose(y.sum(-1), 1.0):
        text = "the part of the other entries of the row is missing"
        yield Guess("softmax-diagonal-only", cot * y, text)


def elsewhere(op: Op, point: Point, wrt: str, cot: Array) -> Iterator[Guess]:
    """An elementwise derivative taken at the output, or at the upstream gradient, not at x."""
    x, y = point.primals[wrt], np.asarray(point.output, dtype=np.float64)
    jac = point.jacobian[wrt].reshape(point.jacobian[wrt].shape[0], -1)
    if op.terminal or x.shape != y.shape or cot.shape != x.shape or x.size > 64:
        return
    if not np.all(np.isfinite(jac)) or np.any(np.abs(jac - np.diag(np.diag(jac))) > 1e-9):
        return

    def value_at(value: Array) -> Array:
        return op.vjp({**point.primals, wrt: value}, point.labels, point.case.train)[0]

    for place, words in (
        (y, "at the output instead of the input"),
        (cot, "at the upstream gradient instead of the input"),
    ):
        try:
            there = jacobian(value_at, np.array(place), clock() + 1.0)
        except Exception:  # not a legal input, or too slow
            continue
        slope = np.diag(there.reshape(x.size, x.size)).reshape(x.shape)
        yield Guess("derivative-at-wrong-point", cot * slope, f"the derivative is taken {words}")


def product_rule(point: Point, wrt: str, cot: Array) -> Iterator[Guess]:
    """Elementwise x * g(x) differentiated as g(x) or as x * g'(x)."""
    x, out = point.primals[wrt], np.asarray(point.output, dtype=np.float64)
    jac = point.jacobian[wrt].reshape(point.jacobian[wrt].shape[0], -1)
    if x.shape != out.shape or not np.all(x) or jac.shape[0] != jac.shape[1]:
        return
    if np.nansum(np.abs(jac - np.diag(np.diag(jac)))) > 1e-6:
        return  # the entries are coupled: a normalisation, say
    quotient = cot * out / x
    words = "one of the two terms of the product rule is missing"
    truth = point.truth[wrt]
    by_a_factor = ratio(point.claimed[wrt], truth) is not None
    for part in (quotient, truth - quotient):
        # Of x * x either term is half of the gradient: a factor says as much.
        if not by_a_factor or ratio(part, truth) is None:
            yield Guess("missing-chain-factor", part, words)


def turned(truth: Array) -> Iterator[Guess]:
    """The right numbers in the wrong places."""
    if truth.ndim == 2 and min(truth.shape) > 1:
        yield Guess(
            "transposed", truth.T.reshape(truth.shape), "the right numbers in transposed order"
        )
    if truth.ndim > 2:
        for rows in (truth.reshape(len(truth), -1), truth.reshape(-1, truth.shape[-1])):
            text = "the right numbers in the order of the transposed matrix"
            yield Guess("transposed", rows.T.reshape(truth.shape), text)
        swapped = np.swapaxes(truth, -1, -2)
        yield Guess("transposed", swapped.reshape(truth.shape), "the last two axes are exchanged")
        yield Guess("kernel-flipped", truth[..., ::-1], "the kernel is flipped along its last axis")
        yield Guess(
            "kernel-flipped", truth[..., ::-1, ::-1], "the kernel is flipped in both directions"
        )


ONE_COUNTED = "where several outputs use one entry, only one of them is counted"


def confirmed(
    op: Op, point: Point, wrt: str, case: Case | None = None, until: float = math.inf
) -> list[Guess]:
    """The predictions that the claimed gradient fulfils; factors are told as they are at `case`.

    A second case is measured where that can be done before `until`.
    """
    claimed, truth = point.claimed[wrt], point.truth[wrt]
    found = [g for g in guesses(op, point, wrt) if g.holds(claimed, truth)]
    found = lasting(op, point, wrt, found, until)
    factor = ratio(claimed, truth)
    if factor is not None and not found:
        cause, words = factor_cause(op, point, wrt, factor, case or point.case)
        found.append(Guess(cause, factor * truth, words, *whole_number(cause, factor)))
    updated = None if found else with_updated_weights(op, point, wrt)
    if updated is not None:
        words = "it is the gradient at parameters that were updated before it was computed"
        found.append(Guess("updated-weights-used", updated, words))
    single = single_term(point, wrt)
    if not found and single is not None:
        index = any(
            right_where_distinct(op, point.case, s.name, wrt)
            for s in op.slots if s.domain.startswith("index")
        )  # fmt: skip
        words = ONE_COUNTED
        lost = "duplicates-lost" if index else "missing-broadcast-sum"
        joined = np.ndim(point.output) == 1  # several outputs in a row: a path may be missing, too
        found.append(Guess(lost, single, words, sure=not joined, second="missing-chain-factor"))
    return found


def lasting(op: Op, point: Point, wrt: str, found: list[Guess], until: float) -> list[Guess]:
    """The predictions that hold at other values and with one sample more as well.

    At one case two hypotheses may predict the same numbers: a mask that keeps everything there, an
    input whose windows do not overlap.  Where the other case cannot be measured, they stand.
    """
    if not found:
        return found
    case = point.case
    other = case.replace(seed=case.seed + 57, N=dict(case.sizes)["N"] + 1)
    try:
        there = measure(op, other, [wrt], min(until, clock() + PATIENCE))
    except Exception:  # too slow, or these sizes are not legal for this object
        return found
    if wrt not in there.truth or there.claimed[wrt].shape != there.truth[wrt].shape:
        return found
    claimed, truth = there.claimed[wrt], there.truth[wrt]
    if agrees(claimed, truth):
        return found  # a kink or a size hides it there
    still = {g.cause for g in guesses(op, there, wrt) if g.holds(claimed, truth)}
    return [g for g in found if g.cause in still]


def nearest(op: Op, point: Point, wrt: str) -> list[tuple[str, float]]:
    """The two hypotheses that miss least, with how far they miss (relative)."""
    best: dict[str, float] = {}
    for g in guesses(op, point, wrt):
        distance = miss(g.predicted, point.claimed[wrt])
        best[g.cause] = min(best.get(g.cause, math.inf), distance)
    c, t = point.claimed[wrt], point.truth[wrt]
    known = np.isfinite(t) & np.isfinite(c)
    norm = float(np.sum(t[known] ** 2))
    if norm:
        factor = float(np.sum((c * t)[known])) / norm
        best["constant-factor"] = miss(factor * t, c)
    return sorted(best.items(), key=lambda kv: kv[1])[:2]


def single_term(point: Point, wrt: str) -> Array | None:
    """The claimed gradient, if each entry is one single term of the sum over the outputs.

    An entry that several outputs use must add up their terms; that one was counted and the others
    were not is confirmed when it holds for every entry and most have more than one term.
    """
    jac = point.jacobian[wrt].reshape(point.jacobian[wrt].shape[0], -1)
    terms = jac * np.ravel(point.cotangent)[:, None]
    claimed = point.claimed[wrt].ravel()
    if not np.all(np.isfinite(terms)) or not claimed.size:
        return None
    many = np.sum(np.abs(terms) > 1e-9, axis=0) > 1
    scale = float(np.max(np.abs(terms), initial=0.0)) or 1.0
    gap = np.abs(terms - claimed[None, :])
    gap[np.abs(terms) < 1e-9] = np.inf
    hit = np.min(gap, axis=0) <= 1e-7 * scale
    right = np.abs(np.sum(terms, axis=0) - claimed) <= 1e-7 * scale
    lost = hit & many & ~right
    if many.any() and np.all(hit | right) and np.sum(lost) > 0.75 * np.sum(many):
        nearest_term = terms[np.argmin(gap, axis=0), np.arange(claimed.size)]
        return np.where(right, claimed, nearest_term).reshape(point.claimed[wrt].shape)
    return None
