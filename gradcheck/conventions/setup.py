"""Second stages of construction: ``setup(shape)``, ``initialize(optimizer)``, ``init_weights()``.

Tried only when the object as constructed does not run.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.conventions.argument_roles import OPTIMIZER_NAMES
from gradcheck.conventions.signature import Arg, arguments, plain
from gradcheck.conventions.stand_ins import Recorder
from gradcheck.guard import seeded
from gradcheck.guesses import guesses

STAGES = (
    "set_input_shape", "set_input_size", "set_shape", "setup", "_setup", "set_up", "build", "_build", "compile",
    "init_params", "_init_params", "init_parameters", "init_weights", "_init_weights", "initialize_weights",
    "initialize_parameters", "initialise_weights", "create_weights", "make_weights", "reset_parameters", "init",
    "init_layer", "initialize", "initialise", "initialize_params", "on_build", "add_weights", "prepare",
)  # fmt: skip
SHAPES: tuple[tuple[int, ...], ...] = ((4,), (3, 4), (2, 6, 7), (3, 2, 6, 7), (6, 7, 2), (5, 4))


def stages_of(obj: Any) -> list[str]:
    """The stage methods an object has, in the order they are called."""
    return [s for s in STAGES if callable(getattr(obj, s, None))]


def prepared(make: Any) -> Iterator[tuple[str, Any]]:
    """``(text, maker)`` for every way of running all stages that does not raise."""
    first = make()
    stages = stages_of(first)
    if not stages:
        return
    for shape, size in itertools.product(SHAPES, (4, 5)):
        for names in subsets(stages):
            text = f".{names[0]}({shape})" if names else ""
            maker = functools.partial(staged, make, names, shape, size)
            try:
                maker()
            except Exception:  # this stage wants another shape
                continue
            yield text, maker


def staged(make: Any, names: list[str], shape: tuple[int, ...], size: int) -> Any:
    """A fresh object after its stages."""
    return run_stages(make(), names, shape, size)


def subsets(stages: list[str]) -> list[list[str]]:
    """All stages together, then each alone."""
    return [stages, *([s] for s in stages)] if len(stages) > 1 else [stages]


def run_stages(obj: Any, names: list[str], shape: tuple[int, ...], size: int) -> Any:
    """Call the stages with arguments chosen by name.

    Raises
    ------
    Exception
        Whatever the user's code raises on these arguments.
    """
    with seeded(0):
        for name in names:
            method = getattr(obj, name)
            required = [a for a in arguments(method) if a.required]
            method(*(stage_value(a, shape, size, i) for i, a in enumerate(required)))
    return obj


def stage_value(arg: Arg, shape: tuple[int, ...], size: int, position: int) -> Any:
    """One argument of a stage."""
    key = plain(arg.name)
    if "rng" in key or "random" in key or "generator" in key:
        return np.random.default_rng(0)
    if key in OPTIMIZER_NAMES or "optim" in key:
        return Recorder()
    if "shape" in key or key in {"inputs", "x", "input"}:
        return shape
    text = guesses(arg)[0]
    if text.isdigit():
        return int(text) if position else size
    return shape if position == 0 else None
