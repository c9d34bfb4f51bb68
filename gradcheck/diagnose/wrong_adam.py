"""The known mistakes of Adam, each written as the formula that it makes of the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.laws.formulas import Formula, Hyper, State, held
from gradcheck.types import Array

Number = Callable[[Hyper, int], float]
Mean = Callable[[Hyper, Array, Array], Array]
Below = Callable[[Hyper, Array], Array]


@dataclass(frozen=True)
class Mistake:
    """A wrong formula, its cause, and how it is said."""

    cause: str
    words: str
    formula: Formula
    second: str = "update-wrong"


def first_mean(h: Hyper, m: Array, g: Array) -> Array:
    """Adam's running mean of g."""
    return h["b1"] * m + (1 - h["b1"]) * g


def second_mean(h: Hyper, v: Array, g: Array) -> Array:
    """Adam's running mean of the squares of g."""
    return h["b2"] * v + (1 - h["b2"]) * g * g


def root(h: Hyper, v: Array) -> Array:
    """What the step is divided by."""
    return np.sqrt(v) + h["eps"]


def plain(h: Hyper, v: Array) -> Array:
    """No root."""
    return v + h["eps"]


def inside(h: Hyper, v: Array) -> Array:
    """The epsilon under the root."""
    return np.asarray(np.sqrt(v + h["eps"]))


def flat(h: Hyper, t: int) -> float:
    """No correction."""
    return 1.0


def adam_like(
    first: Mean = first_mean,
    second: Mean = second_mean,
    one: Number = lambda h, t: 1 - h["b1"] ** t,
    two: Number = lambda h, t: 1 - h["b2"] ** t,
    below: Below = root,
    late: bool = False,
    sign: float = 1.0,
) -> Formula:
    """Adam with some of its parts exchanged; `late`: the correction stands beside the root."""

    def formula(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
        """Adam with a mistake"""
        state["m"] = first(h, held(state, "m", w), g)
        state["v"] = second(h, held(state, "v", w), g)
        if late:
            rate = np.sqrt(two(h, t)) / one(h, t)
            return np.asarray(w - sign * h["lr"] * rate * state["m"] / below(h, state["v"]))
        down = below(h, state["v"] / two(h, t))
        return np.asarray(w - sign * h["lr"] * state["m"] / one(h, t) / down)

    return formula


def of_adam(late: bool) -> Iterator[Mistake]:
    """What goes wrong in Adam; `late` in the form with one corrected learning rate."""

    def wrong(cause: str, words: str, other: str = "update-wrong", **parts: object) -> Mistake:
        return Mistake(cause, words, adam_like(late=late, **parts), other)  # type: ignore[arg-type]

    b1, b2 = (lambda h, t: 1 - h["b1"] ** t), (lambda h, t: 1 - h["b2"] ** t)
    yield wrong(
        "bias-correction", "neither average is corrected for its zero start", one=flat, two=flat
    )
    yield wrong(
        "bias-correction", "the first average is not corrected for its zero start", one=flat
    )
    yield wrong(
        "bias-correction", "the second average is not corrected for its zero start", two=flat
    )
    yield wrong(
        "bias-correction", "the second average is corrected with the first one's rate", two=b1
    )
    yield wrong(
        "bias-correction", "the first average is corrected with the second one's rate", one=b2
    )
    yield wrong(
        "bias-correction", "each average is corrected with the other one's rate", one=b2, two=b1
    )
    yield wrong(
        "bias-correction",
        "the correction of the second average lacks its root",
        two=lambda h, t: (1 - h["b2"] ** t) ** (2 if late else 0.5),
    )
    yield wrong(
        "step-counter",
        "the first two steps are both corrected as the first, and every later one as the one before it",
        "bias-correction",
        one=lambda h, t: 1 - h["b1"] ** max(t - 1, 1),
        two=lambda h, t: 1 - h["b2"] ** max(t - 1, 1),
    )
    for k in (1, -1):
        off1, off2 = (
            (lambda h, t, k=k: 1 - h["b1"] ** (t + k)),
            (lambda h, t, k=k: 1 - h["b2"] ** (t + k)),
        )
        words = f"is corrected as if it were a step {'later' if k > 0 else 'earlier'}"
        yield wrong("step-counter", f"every step {words}", "bias-correction", one=off1, two=off2)
        yield wrong("step-counter", f"the first average {words}", "bias-correction", one=off1)
        yield wrong("step-counter", f"the second average {words}", "bias-correction", two=off2)
    yield wrong(
        "moment-not-squared",
        "the second average is of |g|, not of its square",
        second=lambda h, v, g: h["b2"] * v + (1 - h["b2"]) * np.abs(g),
    )
    yield wrong(
        "moment-not-squared",
        "the second average is of g itself, not of its square",
        second=lambda h, v, g: h["b2"] * v + (1 - h["b2"]) * g,
    )
    yield wrong(
        "update-wrong",
        "the first average lacks the factor 1 - beta1",
        "constant-factor",
        first=lambda h, m, g: h["b1"] * m + g,
    )
    yield wrong(
        "update-wrong",
        "the second average lacks the factor 1 - beta2",
        "constant-factor",
        second=lambda h, v, g: h["b2"] * v + g * g,
    )
    yield wrong(
        "update-wrong",
        "the first average weighs the new gradient with beta1",
        "moment-not-squared",
        first=lambda h, m, g: (1 - h["b1"]) * m + h["b1"] * g,
    )
    yield wrong(
        "update-wrong",
        "the second average weighs the new square with beta2",
        "moment-not-squared",
        second=lambda h, v, g: (1 - h["b2"]) * v + h["b2"] * g * g,
    )
    yield wrong(
        "update-wrong",
        "the two rates of decay are exchanged",
        "bias-correction",
        first=lambda h, m, g: h["b2"] * m + (1 - h["b2"]) * g,
        second=lambda h, v, g: h["b1"] * v + (1 - h["b1"]) * g * g,
        one=b2,
        two=b1,
    )
    yield wrong(
        "update-wrong",
        "the first average adds up what is left: m += (1 - beta1) g without losing any",
        first=lambda h, m, g: m + (1 - h["b1"]) * g,
    )
    yield wrong(
        "update-wrong",
        "the second average adds up: v += (1 - beta2) g^2 without losing any",
        second=lambda h, v, g: v + (1 - h["b2"]) * g * g,
    )
    yield wrong(
        "update-wrong",
        "the step is divided by the second average itself, not by its root",
        "moment-not-squared",
        below=plain,
    )
    yield wrong("sign-flipped", "every step goes uphill", sign=-1.0)
    yield wrong("epsilon-placement", "the epsilon stands inside the root", below=inside)
