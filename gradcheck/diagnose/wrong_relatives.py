"""The known mistakes of Adam's relatives: AMSGrad, Nadam, Adamax, Adadelta and Lion."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnose.wrong_adam import (
    Mean,
    Mistake,
    Number,
    first_mean,
    flat,
    of_adam,
    second_mean,
)
from gradcheck.laws.formulas import LEGAL, WITHOUT_MAXIMUM, Formula, Hyper, State, held
from gradcheck.types import Array

Ahead = Callable[[Hyper, Array, Array, int], Array]


def uphill(formula: Formula) -> Formula:
    """The steps of a formula the other way."""

    def turned(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
        """every step goes uphill"""
        return np.asarray(2 * w - formula(w, g, state, t, h))

    return turned


def of_amsgrad() -> Iterator[Mistake]:
    """What goes wrong in AMSGrad: what goes wrong in Adam, and the maximum."""
    for formula in WITHOUT_MAXIMUM:
        yield Mistake("update-wrong", "the maximum of the second averages is not used", formula)

    def last(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
        """the maximum of this average and the last one alone"""
        state["m"] = first_mean(h, held(state, "m", w), g)
        before = held(state, "v", w).copy()
        state["v"] = second_mean(h, before, g)
        top = np.maximum(before, state["v"]) / (1 - h["b2"] ** t)
        return np.asarray(w - h["lr"] * state["m"] / (1 - h["b1"] ** t) / (np.sqrt(top) + h["eps"]))

    yield Mistake("update-wrong", "the maximum is of the last two averages alone", last)


def nadam_like(ahead: Ahead, two: Number, second: Mean = second_mean) -> Formula:
    """Nadam with some of its parts exchanged."""

    def formula(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
        """Nadam with a mistake"""
        state["m"] = first_mean(h, held(state, "m", w), g)
        state["v"] = second(h, held(state, "v", w), g)
        down = np.sqrt(state["v"] / two(h, t)) + h["eps"]
        return np.asarray(w - h["lr"] * ahead(h, state["m"], g, t) / down)

    return formula


def of_nadam() -> Iterator[Mistake]:
    """What goes wrong in Nadam; `late`: the average is corrected as the next step's."""

    def two(h: Hyper, t: int) -> float:
        return 1 - h["b2"] ** t

    for late in (0, 1):

        def ahead(h: Hyper, m: Array, g: Array, t: int, late: int = late) -> Array:
            now = (1 - h["b1"]) * g / (1 - h["b1"] ** t)
            return np.asarray(h["b1"] * m / (1 - h["b1"] ** (t + late)) + now)

        def plain(h: Hyper, m: Array, g: Array, t: int) -> Array:
            return np.asarray(h["b1"] * m + (1 - h["b1"]) * g)

        def half(h: Hyper, m: Array, g: Array, t: int, late: int = late) -> Array:
            return np.asarray(h["b1"] * m / (1 - h["b1"] ** (t + late)) + (1 - h["b1"]) * g)

        words = "is not corrected for its zero start"
        yield Mistake("bias-correction", f"the second average {words}", nadam_like(ahead, flat))
        yield Mistake("bias-correction", f"neither average {words}", nadam_like(plain, flat))
        yield Mistake("bias-correction", f"the first average {words}", nadam_like(plain, two))
        yield Mistake(
            "bias-correction", "the gradient of this step is not corrected", nadam_like(half, two)
        )
        absolute = nadam_like(ahead, two, lambda h, v, g: h["b2"] * v + (1 - h["b2"]) * np.abs(g))
        yield Mistake("moment-not-squared", "the second average is of |g|", absolute)
        total = nadam_like(ahead, two, lambda h, v, g: h["b2"] * v + g * g)
        yield Mistake("update-wrong", "the second average lacks the factor 1 - beta2", total)

    for formula in LEGAL["adam"]:
        yield Mistake("update-wrong", "the step looks not ahead: it is Adam's", formula)


def of_adamax() -> Iterator[Mistake]:
    """What goes wrong in Adamax."""

    def like(norm: Mean, one: Number) -> Formula:
        def formula(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
            """Adamax with a mistake"""
            state["m"] = first_mean(h, held(state, "m", w), g)
            state["u"] = norm(h, held(state, "u", w), g)
            return np.asarray(w - h["lr"] / one(h, t) * state["m"] / (state["u"] + h["eps"]))

        return formula

    def one(h: Hyper, t: int) -> float:
        return 1 - h["b1"] ** t

    def norm(h: Hyper, u: Array, g: Array) -> Array:
        return np.maximum(h["b2"] * u, np.abs(g))

    yield Mistake(
        "bias-correction", "the average is not corrected for its zero start", like(norm, flat)
    )
    yield Mistake(
        "update-wrong",
        "the norm is of g, not of |g|",
        like(lambda h, u, g: np.maximum(h["b2"] * u, g), one),
    )
    yield Mistake(
        "update-wrong",
        "the norm of before does not decay",
        like(lambda h, u, g: np.maximum(u, np.abs(g)), one),
        "decay-wrong",
    )
    yield Mistake(
        "update-wrong",
        "the norm is of the square",
        like(lambda h, u, g: np.maximum(h["b2"] * u, g * g), one),
    )
    yield Mistake(
        "update-wrong",
        "the norm is an average, not a maximum",
        like(lambda h, u, g: h["b2"] * u + (1 - h["b2"]) * np.abs(g), one),
    )


def of_adadelta() -> Iterator[Mistake]:
    """What goes wrong in Adadelta."""

    def squares(h: Hyper, s: Array, g: Array) -> Array:
        return h["rho"] * s + (1 - h["rho"]) * g * g

    def like(
        moved: Callable[[Array, Array], Array], above: bool = True, square: Mean = squares
    ) -> Formula:
        def formula(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
            """Adadelta with a mistake"""
            state["s"] = square(h, held(state, "s", w), g)
            top = np.sqrt(held(state, "d", w) + h["eps"]) if above else 1.0
            step = np.asarray(top / np.sqrt(state["s"] + h["eps"]) * g)
            state["d"] = h["rho"] * held(state, "d", w) + (1 - h["rho"]) * moved(step, g)
            return np.asarray(w - h["lr"] * step)

        return formula

    yield Mistake(
        "moment-not-squared",
        "the average of the steps is of the steps, not of their squares",
        like(lambda d, g: np.abs(d)),
    )
    yield Mistake(
        "update-wrong", "the average of the steps is of the gradients", like(lambda d, g: g * g)
    )
    yield Mistake(
        "moment-not-squared",
        "the average of the gradients is of |g|, not of its square",
        like(lambda d, g: d * d, square=lambda h, s, g: h["rho"] * s + (1 - h["rho"]) * np.abs(g)),
    )
    yield Mistake(
        "update-wrong",
        "the average of the gradients lacks the factor 1 - rho",
        like(lambda d, g: d * d, square=lambda h, s, g: h["rho"] * s + g * g),
    )
    yield Mistake(
        "update-wrong",
        "the root of the steps of before is missing",
        like(lambda d, g: d * d, above=False),
    )


def of_lion() -> Iterator[Mistake]:
    """What goes wrong in Lion."""

    def like(mix: Mean, keep: Mean, sign: bool = True) -> Formula:
        def formula(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
            """Lion with a mistake"""
            m = held(state, "m", w)
            mixed = mix(h, m, g)
            state["m"] = keep(h, m, g)
            return np.asarray(w - h["lr"] * (np.sign(mixed) if sign else mixed))

        return formula

    def two(h: Hyper, m: Array, g: Array) -> Array:
        return h["b2"] * m + (1 - h["b2"]) * g

    one = first_mean
    yield Mistake("update-wrong", "the sign is not taken", like(one, two, sign=False))
    yield Mistake("update-wrong", "the two rates are exchanged", like(two, one))
    yield Mistake("update-wrong", "the average is kept with the first rate", like(one, one))
    yield Mistake("update-wrong", "the step is mixed with the second rate", like(two, two))


def of_relatives(role: str) -> list[Mistake]:
    """The known mistakes of one of Adam's relatives; none for another method."""
    known: dict[str, list[Iterator[Mistake]]] = {
        "amsgrad": [of_amsgrad(), of_adam(False), of_adam(True)], "nadam": [of_nadam()],
        "adamax": [of_adamax()], "adadelta": [of_adadelta()], "lion": [of_lion()],
    }  # fmt: skip
    found = [m for part in known.get(role, ()) for m in part]
    turned = (
        [Mistake("sign-flipped", "every step goes uphill", uphill(f)) for f in LEGAL[role]]
        if found
        else []
    )
    return [*found, *turned]
