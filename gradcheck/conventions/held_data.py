"""Networks given their data at construction: ``NeuralNetwork(x, y)``, ``feedforward()``, ``backprop()``.

Data and targets are put where the constructor kept them, and one backward is read as a step of
training.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.construct import Recipe
from gradcheck.conventions.live import (
    Live,
    Refused,
    arrays_of,
    call_quietly,
    changed,
    fingerprint,
    stored_output,
)
from gradcheck.conventions.objectives import DATA
from gradcheck.conventions.signature import LABELS, RATES, arguments, plain, verbs
from gradcheck.conventions.trained import DESCENDED, Trainer, best_descent
from gradcheck.guesses import guesses
from gradcheck.types import Array, Op

SAMPLES, WIDTH = 6, 3


def holds_data(cls: Any) -> bool:
    """Whether data and targets go to the constructor, and nothing to forward and backward."""
    pair = verbs(cls)
    if pair is None or any(a.required for m in pair for a in arguments(getattr(cls, m))):
        return False
    given = [plain(a.name) for a in arguments(cls.__init__) if a.required][:2]
    return len(given) == 2 and given[0] in DATA and given[1] in LABELS


def held_op(name: str, cls: Any) -> Op:
    """The Op of such a network: its gradients are recovered from one step.

    Raises
    ------
    Refused
        It cannot be built or run, or no known loss fits.
    """
    problem = ""
    for width in (1, 2):
        rng = np.random.default_rng(6)
        x, y = rng.normal(size=(SAMPLES, WIDTH)), rng.uniform(0.1, 0.9, size=(SAMPLES, width))
        try:
            made = Recipe(f"{name}(x, y)", maker(cls, x, y))
            found = best_descent(name, type(made.make()), made, Trainer("fitted", {}, "answered"))
        except Exception as error:
            problem = problem or f"{name}(x, y): {type(error).__name__}: {error}"
            continue
        if found is not None:
            words = found.reading.replace("fitted", str((verbs(cls) or ("", ""))[1]))
            return replace(found, obj=cls, reading=words)
        problem = f"a step descends none of the losses tried: {', '.join(DESCENDED)}"
    raise Refused(problem)


def maker(cls: Any, x: Array, y: Array) -> Any:
    """Makes objects with the two methods that a model that trains and predicts has.

    Raises
    ------
    Refused
        The object does not keep what it was given, or forward leaves no output.
    """
    more = [a for a in arguments(cls.__init__) if a.required][2:]
    others = [ast.literal_eval(guesses(a)[0]) for a in more]
    probe = cls(x.copy(), y.copy(), *others)
    data, targets = (kept_as(probe, given) for given in (x, y))
    forward, backward = verbs(cls) or ("", "")
    live = Live(probe)
    before = fingerprint(live)
    returned = arrays_of(call_quietly(getattr(probe, forward)))
    place = None if returned else stored_output(live, changed(live, before), [x, y])
    if not returned and place is None:
        raise Refused(f"{forward} leaves no output")
    output = "" if place is None else str(place[0][1])

    class Trained(cls):  # type: ignore[misc]
        def answered(self, given: Array) -> Any:
            setattr(self, data, given)
            out = getattr(self, forward)()
            return getattr(self, output) if output else out

        def fitted(self, given: Array, wanted: Array) -> None:
            setattr(self, targets, wanted)
            self.answered(given)
            getattr(self, backward)()

    def make() -> Any:
        obj = Trained(x.copy(), y.copy(), *others)
        if not any(plain(n) in RATES for n in vars(obj)):
            obj.learning_rate = 1.0  # what it adds to its weights is the step itself
        return obj

    return make


def kept_as(obj: Any, given: Array) -> str:
    """The attribute in which an object keeps an array that it was given.

    Raises
    ------
    Refused
        There is none.
    """
    for name, held in vars(obj).items():
        if isinstance(held, np.ndarray) and np.array_equal(held, given):
            return str(name)
    raise Refused(f"the constructor keeps no array of shape {given.shape} that it is given")
