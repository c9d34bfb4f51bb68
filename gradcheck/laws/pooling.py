"""What the name of a pooling promises: the largest, or the mean, of every window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import evaluate, verdict
from gradcheck.types import Array, Case, Op, Verdict

LAW = "roles"
#: Places where a single 1 is put among zeros, one after the other.
PLACES = 16


def max_pool(op: Op, case: Case) -> Iterator[Verdict]:
    """A single 1 among zeros comes through as 1, wherever a window looks at it."""
    answers = single_ones(op, case)
    values = np.unique(np.concatenate([y.ravel() for y in answers]))
    if not np.all(np.isin(values, (0.0, 1.0))):
        other = float(next(v for v in values if v not in (0.0, 1.0)))
        text = (
            f"gives {other:.6g} for a single 1 among zeros, but the largest of a window is 0 or 1"
        )
        yield verdict(LAW, "fail", op, case, "output", text, claimed=other, measured=1.0)
    elif not np.any(values == 1.0):
        text = (
            f"a single 1 among zeros, at {len(answers)} places in turn, gives nothing but zeros: "
            "it is not the largest of a window that is taken"
        )
        yield verdict(LAW, "fail", op, case, "output", text, claimed=0.0, measured=1.0)


def mean_pool(op: Op, case: Case) -> Iterator[Verdict]:
    """The mean of ones is 1, and a single 1 among zeros is thinned out."""
    primals, labels = cases.draw(op, case)
    name = op.slots[0].name
    ones = {**primals, name: np.ones_like(primals[name])}
    largest = float(np.max(evaluate(op, case, ones, labels).output, initial=-np.inf))
    if abs(largest - 1.0) > 1e-6:
        text = f"gives {largest:.6g} for an input of ones, but their mean is 1"
        yield verdict(LAW, "fail", op, case, "output", text, claimed=largest, measured=1.0)
        return
    answers = single_ones(op, case)
    thinned = [y for y in answers if y.size < primals[name].size]
    if thinned and max(float(np.max(y)) for y in thinned) > 0.99:
        text = "gives 1 for a single 1 among zeros, but the mean of its window is less"
        yield verdict(LAW, "fail", op, case, "output", text, claimed=1.0)


def single_ones(op: Op, case: Case) -> list[Array]:
    """The outputs for a single 1 among zeros, at places drawn at random."""
    primals, labels = cases.draw(op, case)
    name = op.slots[0].name
    rng = cases.generator(case, 31)
    found = []
    for place in rng.permutation(primals[name].size)[:PLACES]:
        x = np.zeros_like(primals[name])
        x.flat[place] = 1.0
        found.append(evaluate(op, case, {**primals, name: x}, labels).output)
    return found
