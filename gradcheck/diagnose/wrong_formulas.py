"""The known mistakes of the other optimizers, each written as the formula that it makes of the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnose.wrong_adam import Below, Mean, Mistake, of_adam, plain, root
from gradcheck.diagnose.wrong_relatives import of_relatives
from gradcheck.laws.formulas import Formula, Hyper, State, held
from gradcheck.types import Array


def rms_like(grow: Mean, below: Below = root, sign: float = 1.0) -> Formula:
    """RMSprop or AdaGrad with some of its parts exchanged."""

    def formula(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
        """a scaled step with a mistake"""
        state["s"] = grow(h, held(state, "s", w), g)
        return w - sign * h["lr"] * g / below(h, state["s"])

    return formula


def velocity(
    step: Callable[[Hyper, Array, Array], Array], move: Callable[[Hyper, Array, Array], Array]
) -> Formula:
    """Momentum: a velocity from the last one and g, and a move from the velocity and g."""

    def formula(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
        """momentum with a mistake"""
        state["v"] = step(h, held(state, "v", w), g)
        return w + move(h, state["v"], g)

    return formula


def rms(h: Hyper, s: Array, g: Array) -> Array:
    """RMSprop's running mean of squares."""
    return h["rho"] * s + (1 - h["rho"]) * g * g


def of_rmsprop() -> Iterator[Mistake]:
    """What goes wrong in RMSprop."""
    yield Mistake(
        "moment-not-squared",
        "the average is of |g|, not of its square",
        rms_like(lambda h, s, g: h["rho"] * s + (1 - h["rho"]) * np.abs(g)),
    )
    yield Mistake(
        "update-wrong",
        "the average lacks the factor 1 - rho",
        rms_like(lambda h, s, g: h["rho"] * s + g * g),
        "constant-factor",
    )
    yield Mistake(
        "update-wrong",
        "the average weighs the new square with rho",
        rms_like(lambda h, s, g: (1 - h["rho"]) * s + h["rho"] * g * g),
        "decay-wrong",
    )
    yield Mistake(
        "update-wrong",
        "the squares are added up without losing any",
        rms_like(lambda h, s, g: s + (1 - h["rho"]) * g * g),
        "decay-wrong",
    )
    yield Mistake(
        "update-wrong",
        "the squares are added up as in AdaGrad",
        rms_like(lambda h, s, g: s + g * g),
        "decay-wrong",
    )
    yield Mistake(
        "update-wrong",
        "the average forgets what came before",
        rms_like(lambda h, s, g: (1 - h["rho"]) * g * g),
    )
    yield Mistake(
        "update-wrong",
        "the step is divided by the average itself, not by its root",
        rms_like(rms, plain),
        "moment-not-squared",
    )
    yield Mistake("sign-flipped", "every step goes uphill", rms_like(rms, sign=-1.0))


def of_adagrad() -> Iterator[Mistake]:
    """What goes wrong in AdaGrad."""

    def total(h: Hyper, s: Array, g: Array) -> Array:
        return np.asarray(s + g * g)

    yield Mistake(
        "moment-not-squared",
        "the sum is of |g|, not of its square",
        rms_like(lambda h, s, g: s + np.abs(g)),
    )
    yield Mistake(
        "moment-not-squared",
        "the sum is of g itself, not of its square",
        rms_like(lambda h, s, g: s + g),
    )
    yield Mistake(
        "update-wrong",
        "the sum forgets the squares of the steps before",
        rms_like(lambda h, s, g: g * g),
    )
    yield Mistake(
        "update-wrong",
        "the step is divided by the sum itself, not by its root",
        rms_like(total, plain),
        "moment-not-squared",
    )
    yield Mistake("sign-flipped", "every step goes uphill", rms_like(total, sign=-1.0))


def of_momentum() -> Iterator[Mistake]:
    """What goes wrong in gradient descent with momentum, and without."""

    def usual(h: Hyper, v: Array, g: Array) -> Array:
        return h["mu"] * v - h["lr"] * g

    yield Mistake(
        "sign-flipped",
        "every step goes uphill",
        velocity(lambda h, v, g: h["mu"] * v + h["lr"] * g, lambda h, v, g: v),
    )
    yield Mistake(
        "sign-flipped",
        "the velocity is taken off where it should be added",
        velocity(usual, lambda h, v, g: -v),
    )
    yield Mistake(
        "sign-flipped",
        "the old velocity has the opposite sign",
        velocity(lambda h, v, g: -h["mu"] * v - h["lr"] * g, lambda h, v, g: v),
    )
    yield Mistake(
        "update-wrong",
        "the velocity is multiplied by the momentum once more",
        velocity(usual, lambda h, v, g: h["mu"] * v),
    )
    yield Mistake(
        "update-wrong",
        "the velocity is multiplied by the learning rate once more",
        velocity(usual, lambda h, v, g: h["lr"] * v),
        "constant-factor",
    )
    yield Mistake(
        "update-wrong",
        "the velocity of the step before is not kept",
        velocity(lambda h, v, g: -h["lr"] * g, lambda h, v, g: v),
    )
    yield Mistake(
        "update-wrong",
        "the velocity never slows down: it lacks the momentum",
        velocity(lambda h, v, g: v - h["lr"] * g, lambda h, v, g: v),
    )
    yield Mistake(
        "update-wrong",
        "the velocity is added up without the learning rate",
        velocity(lambda h, v, g: h["mu"] * v - g, lambda h, v, g: v),
        "constant-factor",
    )
    yield Mistake(
        "update-wrong",
        "the gradient is taken off a second time beside the velocity",
        velocity(usual, lambda h, v, g: v - h["lr"] * g),
    )


def of_descent() -> Iterator[Mistake]:
    """What goes wrong in plain gradient descent."""
    yield Mistake("sign-flipped", "every step goes uphill", lambda w, g, s, t, h: w + h["lr"] * g)
    yield Mistake(
        "update-wrong",
        "the learning rate is not used",
        lambda w, g, s, t, h: w - g,
        "constant-factor",
    )
    yield Mistake(
        "update-wrong",
        "the sign of the gradient is used, not the gradient",
        lambda w, g, s, t, h: w - h["lr"] * np.sign(g),
    )


def mistakes_of(role: str) -> list[Mistake]:
    """The known mistakes of a method."""
    known: dict[str, list[Iterator[Mistake]]] = {
        "adam": [of_adam(False), of_adam(True)], "rmsprop": [of_rmsprop()], "adagrad": [of_adagrad()],
        "momentum": [of_momentum()], "sgd": [of_momentum(), of_descent()],
    }  # fmt: skip
    return [m for part in known.get(role, ()) for m in part] or of_relatives(role)
