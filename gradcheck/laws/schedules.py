"""Learning rates that an optimizer lowers by itself, a step at a time."""

from __future__ import annotations

import re

from gradcheck.laws.formulas import Formula, Hyper, State
from gradcheck.types import Array

FACTORS = re.compile(r"drop|factor|gamma|decay|multiplier")
PERIODS = re.compile(r"every|period|interval|step_?size|drop_steps|decay_steps|patience")


def stairs(values: dict[str, float]) -> list[tuple[float, int]]:
    """Pairs of a factor below 1 and a number of steps, by the names an optimizer gives them."""
    factors = [v for n, v in values.items() if FACTORS.search(n) and 0 < v < 1]
    periods = [int(v) for n, v in values.items() if PERIODS.search(n) and v >= 1 and v == int(v)]
    return [(f, k) for f in factors for k in periods]


def on_stairs(formula: Formula, factor: float, every: int) -> Formula:
    """A method whose learning rate is multiplied by `factor` after every `every` steps."""

    def stepped(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
        return formula(w, g, state, t, {**h, "lr": h["lr"] * factor ** ((t - 1) // every)})

    stepped.__doc__ = f"{formula.__doc__}, lr times {factor:g} after every {every} steps"
    return stepped
