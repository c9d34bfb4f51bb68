"""Undo `nnfs.init()` around a check, and put the user's versions back.

`nnfs.init()` replaces four functions of NumPy for the whole process, so that `np.dot` always
returns float32 and `np.zeros`, `np.eye` and `np.random.randn` default to it.  Under it a central
difference with a small step is exactly zero: a backward pass that returns zeros would "agree".
NumPy's own functions are bound here when `gradcheck` is imported; if `nnfs.init()` ran earlier,
they are taken out of its closures.
"""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

#: What a report says when the guard had something to do.
NOTE = "nnfs.init() undone while checking"

_PLACES: tuple[tuple[Any, str], ...] = (
    (np, "dot"),
    (np, "zeros"),
    (np, "eye"),
    (np.random, "randn"),
)


def unwrap(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's own function behind any number of `nnfs.init()` wrappers."""
    while getattr(function, "__module__", None) == "nnfs.core":
        hidden = inspect.getclosurevars(function).nonlocals
        if "orig_dot" in hidden:
            function = hidden["orig_dot"]
        elif isinstance(hidden.get("method"), list):  # [owner, name, cast, position, original]
            function = hidden["method"][4]
        else:
            break
    return function


_ORIGINALS = tuple(unwrap(getattr(owner, name)) for owner, name in _PLACES)
_default_rng = np.random.default_rng


@functools.wraps(_default_rng)
def repeatable_rng(seed: Any = None) -> np.random.Generator:
    """`numpy.random.default_rng` that, without a seed, follows NumPy's global generator.

    So a layer that makes a generator of its own can be run twice with the same random numbers.
    """
    return _default_rng(np.random.randint(2**31) if seed is None else seed)


@dataclass(frozen=True)
class Guard:
    """What the guard found on entry.

    Attributes
    ----------
    active
        Whether one of NumPy's functions had been replaced.
    notes
        What a report should say about it; empty when nothing had been.
    """

    active: bool

    @property
    def notes(self) -> tuple[str, ...]:
        return (NOTE,) if self.active else ()


def numpy_is_patched() -> bool:
    """Whether `nnfs.init()` (or anything else) has replaced a function the guard knows."""
    return any(
        getattr(owner, name) is not original
        for (owner, name), original in zip(_PLACES, _ORIGINALS, strict=True)
    )


@contextmanager
def pristine_numpy() -> Iterator[Guard]:
    """NumPy as NumPy ships it, inside the block, but for a `default_rng()` that can be repeated.

    The user's versions, the states of the global random generators and NumPy's error settings
    are put back on leaving, whatever happens inside.  Blocks nest.
    """
    theirs, their_rng = [getattr(owner, name) for owner, name in _PLACES], np.random.default_rng
    state, python_state, errors = np.random.get_state(), random.getstate(), np.geterr()
    found = Guard(numpy_is_patched())
    try:
        for (owner, name), original in zip(_PLACES, _ORIGINALS, strict=True):
            setattr(owner, name, original)
        np.random.default_rng = repeatable_rng
        yield found
    finally:
        for (owner, name), function in zip(_PLACES, theirs, strict=True):
            setattr(owner, name, function)
        np.random.default_rng = their_rng
        np.random.set_state(state)
        random.setstate(python_state)
        np.seterr(**errors)


@contextmanager
def one_seed(seed: int = 0) -> Iterator[None]:
    """Context: every `seeded` starts at this seed, so that backward draws what forward drew."""
    before, seeded.forced = seeded.forced, seed
    try:
        yield
    finally:
        seeded.forced = before


class seeded:
    """Context: the global NumPy and `random` generators start at `seed` and are put back after.

    Only the outermost context saves and puts back, as reading the 2.5 kB of a generator's state
    takes longer than most forward calls; one inside it only seeds.
    """

    depth = 0
    forced: int | None = None

    def __init__(self, seed: int) -> None:
        self.seed = seed if seeded.forced is None else seeded.forced

    def __enter__(self) -> None:
        if not seeded.depth:
            self.state, self.plain = np.random.get_state(), random.getstate()
        seeded.depth += 1
        np.random.seed(self.seed)
        random.seed(self.seed)

    def __exit__(self, *_: object) -> None:
        seeded.depth -= 1
        if not seeded.depth:
            np.random.set_state(self.state)
            random.setstate(self.plain)
