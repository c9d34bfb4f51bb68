"""Random generators that a call may draw from, which are set to one seed before it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

#: What draws random numbers from a state of its own.
Random = np.random.Generator | np.random.RandomState | random.Random
RANDOM = (np.random.Generator, np.random.RandomState, random.Random)


def generators_near(function: Callable[..., Any]) -> list[Random]:
    """Generators a method can draw from: on its object, in what that holds, in its class or module."""
    owner = getattr(function, "__self__", None)
    spaces = [getattr(function, "__globals__", {}) or {}]
    held: list[Random] = []
    if owner is not None and hasattr(owner, "__dict__"):
        spaces += [vars(c) for c in type(owner).__mro__[:-1]]
        held = list(generators_in(list(vars(owner).values()), {id(owner)}))
    # Asked before every call: looking for the types first is several times as fast.
    found = [
        list(s.values()) for s in spaces if not OFFERED.isdisjoint(map(type, list(s.values())))
    ]
    return held + [v for values in found for v in values if isinstance(v, RANDOM)]


def generators_in(values: Iterable[Any], seen: set[int]) -> Iterator[Random]:
    """Generators among some values and in what they hold: a model's layers draw from their own."""
    for value in values:
        kind = type(value)
        if kind in NOTHING_INSIDE or id(value) in seen or len(seen) > MANY:
            continue
        seen.add(id(value))
        if isinstance(value, RANDOM):
            yield value
        elif kind in {list, tuple}:
            yield from generators_in(value, seen)
        elif isinstance(value, dict):
            yield from generators_in(list(value.values()), seen)
        elif hasattr(value, "__dict__") and not isinstance(value, (type, ModuleType)):
            yield from generators_in(list(vars(value).values()), seen)


#: Types of values that hold no generator, which most attributes have.
NOTHING_INSIDE = frozenset(
    (np.ndarray, np.float64, np.int64, int, float, bool, str, bytes, type(None), FunctionType)
)
#: Objects looked at in one object at most.
MANY = 2000
OFFERED = frozenset(RANDOM)
