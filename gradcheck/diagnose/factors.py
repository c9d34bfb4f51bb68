"""A claimed gradient that is the measured one times one number: what the number is."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradcheck.diagnose.measure import Point, agrees, claim, slopes
from gradcheck.types import Array, Case, Op


def ratio(claimed: Array, truth: Array) -> float | None:
    """The one number claimed / measured is everywhere, or None."""
    known = np.isfinite(truth) & np.isfinite(claimed)
    t, c = truth[known], claimed[known]
    if t.size < 2 or not np.any(t):
        return None
    factor = float(np.sum(c * t) / np.sum(t * t))
    if abs(factor) < 1e-9 or abs(factor - 1) < 1e-9 or not agrees(factor * t, c, t):
        return None
    return factor


def whole_number(cause: str, factor: float) -> tuple[bool, bool, str]:
    """(loose, sure, second) of a guess: a whole number of three and more may be a count not known."""
    if cause != "constant-factor":
        return False, True, "missing-mean" if cause == "summed-not-averaged" else "constant-factor"
    for count, mean in ((factor, "missing-mean"), (1 / factor, "extra-mean")):
        if count > 2.5 and math.isclose(count, round(count), rel_tol=1e-6):
            return False, False, mean
    return False, True, "missing-chain-factor"


def sizes_of(op: Op, point: Point) -> dict[str, int]:
    """Counts a mean may run over, by what they count; each number once, the batch first."""
    first = next((point.primals[s.name] for s in op.slots if s.name in point.primals), None)
    shape = np.shape(first) if first is not None else np.shape(point.output)
    found: dict[str, int] = {}
    if shape:
        found[SAMPLES] = shape[0]
    if len(shape) > 1:
        found["entries of the last axis"] = shape[-1]
        found["entries of a sample"] = int(np.prod(shape[1:]))
        found["entries in all"] = int(np.prod(shape))
    if len(shape) > 2:
        found["positions of the input"] = int(np.prod(shape[2:]))
    out = np.shape(point.output)
    if len(out) > 2:
        found["positions of the output"] = int(np.prod(out[2:]))
        found["samples and positions"] = out[0] * int(np.prod(out[2:]))
        found["rows of the output"] = int(np.prod(out[:-1]))
        found["steps"] = out[1]
    return found


SAMPLES = "samples of the batch"
#: Counts that hold others as factors: dividing by one of those in their place is a mean too little.
HOLDS = {
    "entries in all": {SAMPLES, "entries of the last axis", "entries of a sample"},
    "entries of a sample": {"entries of the last axis"},
}


def factors(op: Op, point: Point) -> Iterator[tuple[str, str, float]]:
    """What a ratio may be made of at this case: (cause, words, factor); words without numbers."""
    counts = sizes_of(op, point)
    for words, n in counts.items():
        mean = "missing-mean" if op.terminal or words == SAMPLES else "summed-not-averaged"
        yield mean, f"the division by the number of {words} is missing", float(n)
        yield "extra-mean", f"it is divided by the number of {words} once too often", 1.0 / n
    for s in op.slots:
        for i, a in enumerate(np.shape(point.primals[s.name])[2:]):
            for j, b in enumerate(np.shape(point.primals[s.name])[2:]):
                if a != b:
                    words = f"size {i + 2} of {s.name} stands where size {j + 2} should"
                    yield "square-only", words, a / b
    for one, n in counts.items():
        for other, m in counts.items():
            if one != other:
                cause = "constant-factor"
                if other in HOLDS.get(one, ()):
                    cause = "missing-mean"
                elif one in HOLDS.get(other, ()):
                    cause = "extra-mean"
                yield cause, f"it is divided by the number of {other}, not of {one}", n / m


def factor_cause(op: Op, point: Point, wrt: str, factor: float, case: Case) -> tuple[str, str]:
    """What a constant ratio means: a count, if it is that of a second case with other sizes too."""
    reported = (point, factor) if case == point.case else slope_ratio(op, case, wrt)
    shown = "every entry is wrong by one and the same factor"
    if reported is not None:
        shown = f"every entry is {reported[1]:.6g} times the measured one"
    sizes = dict(point.case.sizes)
    grown = {k: sizes[k] + d for k, d in (("N", 1), ("D", 2), ("H", 2), ("W", 1))}
    second = slope_ratio(op, point.case.replace(seed=point.case.seed + 71, **grown), wrt)
    if second is not None:
        there = {(c, w): f for c, w, f in factors(op, second[0])}
        for cause, words, value in factors(op, point):
            if value == 1.0 or (cause, words) not in there:
                continue
            fits = math.isclose(factor, value, rel_tol=1e-6)
            if fits and math.isclose(second[1], there[cause, words], rel_tol=1e-5):
                return cause, f"{shown}: {words}"
    return "constant-factor", shown


def slope_ratio(op: Op, case: Case, wrt: str) -> tuple[Point, float] | None:
    """Claimed over measured slope along a random direction at another case, or None."""
    try:
        point = claim(op, case)
        claimed, measured = slopes(op, point, wrt)
    except Exception:  # these sizes are not legal for this object
        return None
    return (point, claimed / measured) if measured else None
