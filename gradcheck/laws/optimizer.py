"""Laws of an optimizer's step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    differs,
    first_difference,
    gradient_name,
    name_of,
    numbers_differ,
    subscript,
    verdict,
)
from gradcheck.laws.hyper import SPELLINGS, switched_off
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict

STEPS = 4


def problem(op: Op, case: Case) -> tuple[Primals, list[Primals]]:
    """Parameters under the names and of the shapes the Op asks for, and gradients for every step."""
    rng = cases.generator(case, 6)
    shapes = {k: v.shape for k, v in op.parameters(None).items()}
    params = {k: cases.numbers(rng, s) for k, s in shapes.items()}
    return params, [{k: cases.numbers(rng, s) for k, s in shapes.items()} for _ in range(STEPS)]


def form_of(op: Op) -> str:
    """How the step is called: ``layer``, ``dicts``, ``function`` ..."""
    return op.reading.partition("(")[2].rstrip(")").partition(":")[0]


def gradient_untouched(op: Op, case: Case) -> Iterator[Verdict]:
    """An optimizer's step leaves the gradient arrays as they were."""
    law = "gradient_untouched"
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    params, steps = problem(op, case)
    live, edited = op.make(), set()
    for t, grads in enumerate(steps):
        given = {k: g.copy() for k, g in grads.items()}
        params = op.step(live, params, given)
        for name, array in given.items():
            if name not in edited and not np.array_equal(array, grads[name], equal_nan=True):
                edited.add(name)
                index, got, was = first_difference(array, grads[name])
                text = (
                    f"step {t + 1} edits the gradient it is given: {subscript(gradient_name(op, name), index)} = "
                    f"{got:.6g}, but was {was:.6g} before the step"
                )
                yield verdict(law, "fail", op, case, name, text, index=index, claimed=got, measured=was, bound=0.0)  # fmt: skip
    if not edited:
        yield verdict(law, "pass", op, case, detail={"steps": STEPS})


#: Curvatures of the bowls: a step too long for the one is short enough for the other.
CURVATURES = (0.5, 0.005)
DESCENT = 300
#: A path that ends this much farther from the minimum than it began, in squared length, runs away;
#: steps of one length that overshoot stay within a few of their own lengths.
AWAY = 1e6


def bowl_descends(op: Op, case: Case) -> Iterator[Verdict]:
    """On a quadratic bowl the parameters come nearer to the minimum, and do not run away from it.

    A wrong learning rate is not a wrong method: what fails on a steep bowl must fail on a flat one.
    """
    law = "bowl_descends"
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    for curvature in CURVATURES:
        start, lowest, end = descent(op, case, curvature)
        if lowest < start and end < AWAY * start:
            yield verdict(law, "pass", op, case, detail={"start": start, "end": end, "curvature": curvature})  # fmt: skip
            return
    names = ", ".join(op.parameters(None))
    why = "runs away to" if lowest < start else "is"
    text = (
        f"after {DESCENT} steps on a quadratic bowl |w|² of {names} {why} {end:.4g}, but should be below {start:.4g}, "
        "where it began"
    )
    first = next(iter(op.parameters(None)))
    yield verdict(law, "fail", op, case, first, text, claimed=end, measured=start)


def descent(op: Op, case: Case, curvature: float) -> tuple[float, float, float]:
    """Squared distance from the minimum at the start, at its lowest, and at the end."""
    assert op.step is not None
    params, _ = problem(op, case)
    live, sizes = op.make(), [squared(params)]
    for _ in range(DESCENT):
        params = op.step(live, params, {k: curvature * p for k, p in params.items()})
        sizes.append(squared(params))
        if not np.isfinite(sizes[-1]):
            return sizes[0], sizes[0], float("inf")
    return sizes[0], min(sizes), sizes[-1]


def squared(params: Primals) -> float:
    """The squared length of all parameters together."""
    with np.errstate(over="ignore", invalid="ignore"):
        return sum(float(np.sum(p**2)) for p in params.values())


def zero_gradient_rests(op: Op, case: Case) -> Iterator[Verdict]:
    """A fresh optimizer given a zero gradient leaves the parameters where they are."""
    law = "zero_gradient_rests"
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    if re.search("langevin|sgld|noisy|noise", name_of(op)):
        yield verdict(law, "skipped", op, case, what="its name says that it adds noise")
        return
    params, _ = problem(op, case)
    zeros = {k: np.zeros_like(v) for k, v in params.items()}

    def moved(live: Any) -> Primals:
        assert op.step is not None
        return op.step(live, {k: v.copy() for k, v in params.items()}, zeros)

    after, without = moved(op.make()), op.make()
    # An L2 term is a gradient that is not zero: without it they rest, with it none grows.
    off = moved(without) if switched_off(without, SPELLINGS["wd"]) else {}
    failed = False
    for name, value in after.items():
        if differs(value, params[name]):
            failed = True
            ratio = np.asarray(value) / params[name]
            decays = bool(
                np.all(np.isfinite(ratio)) and np.ptp(ratio) < 1e-6 and 0.5 < ratio.flat[0] < 1
            )
            smaller = not np.any(away_from_zero(params[name], value))
            decays = decays or (bool(off) and smaller and not differs(off[name], params[name]))
            why = "weight decay shrinks it" if decays else "the gradient is zero"
            status: Status = "note" if decays else "fail"
            yield numbers_differ(law, status, op, case, name, value, params[name], why)
    if not failed:
        yield verdict(law, "pass", op, case)


def away_from_zero(before: Array, after: Array) -> Array:
    """Which entries a weight decay has driven up.

    A step of fixed length (AdaGrad's first one) may carry a small weight past zero: that is no growth.
    """
    with np.errstate(all="ignore"):
        ratio = after / before
    grown = np.asarray(np.abs(after) > np.abs(before))
    scaled = np.all(np.isfinite(ratio)) and np.ptp(ratio) < 1e-6
    return grown if scaled else grown & ((after - before) * before >= 0)
