"""Your layers in the book's network, beside the reference: where the two runs part, and why."""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck import targets
from gradcheck.guard import pristine_numpy
from gradcheck.run import Options, check
from gradcheck.targets import Loaded
from gradcheck.training.chain import Chain, chains, reference_again
from gradcheck.training.networks import Data
from gradcheck.training.networks import reference as reference_module
from gradcheck.training.parting import APART, Parting, distances, find_parting
from gradcheck.training.presets import Setup
from gradcheck.training.run import load_data, sizes_of
from gradcheck.types import Array, Subject

#: Training itself makes small differences grow. A third run, the reference from weights moved by
#: rounding alone, shows how far; yours has parted where it is this much farther away.
FACTOR = 1000.0


@dataclass(frozen=True)
class Comparison:
    """Two runs from the same weights and batches."""

    mine: Chain
    reference: Chain
    used: dict[str, str]
    notes: tuple[str, ...]
    parting: Parting | None
    error: str
    accuracy: tuple[float | None, float | None]
    subjects: tuple[Subject, ...]


def compare_runs(setup: Setup, loaded: Loaded, data: Data, *, judge: bool = True) -> Comparison:
    """Train both from the same weights on the same batches; find where and why they part.

    With `judge` the checker gives its verdict on every class that was used.
    """
    mine, reference, notes = chains(setup, loaded, sizes_of(data))
    shadow = reference_again(setup, reference)
    parting, error, grown = None, "", 0.0
    with reference_module("nnfs.loop").interrupts() as pressed:
        for number, (X, y) in enumerate(batches(setup, data), 1):
            before = reference.parameters()
            try:
                with np.errstate(all="ignore"):
                    mine.step(X, y)
            except Exception as problem:  # the user's code, whatever it raises
                error = f"step {number} raises {type(problem).__name__}: {problem}"
                break
            reference.step(X, y)
            if parting is None:
                shadow.step(X, y)
                grown = max(grown, *distances(shadow, reference).values())
                limit = max(APART, FACTOR * grown)
                parting = find_parting(number, limit, mine, reference, before, X, y)
            if pressed.is_set():
                break
    used = {link.name: type(link).__name__ for link in (*mine.links, mine.loss, mine.optimizer)
            if link.mine}  # fmt: skip
    subjects = tuple(check(loaded, name, Options()) for name in used if judge)
    accuracy = (_accuracy(mine, data, setup), _accuracy(reference, data, setup))
    return Comparison(mine, reference, used, tuple(notes), parting, error, accuracy, subjects)


def batches(setup: Setup, data: Data) -> Iterator[tuple[Array, Array]]:
    """The batches of the whole run in float64."""
    size = setup.batch or len(data.X_train)
    starts = range(0, len(data.X_train), size)
    epochs = itertools.repeat(starts, setup.epochs)
    for start in itertools.islice(itertools.chain.from_iterable(epochs), setup.steps):
        X = data.X_train[start : start + size].astype(np.float64)
        yield X, data.y_train[start : start + size]


def _accuracy(chain: Chain, data: Data, setup: Setup) -> float | None:
    if setup.regression:
        return None
    try:
        with np.errstate(all="ignore"):
            scores = chain.scores(data.X_test.astype(np.float64))
    except Exception:  # reported already where it was raised in training
        return None
    return float(np.mean(scores.argmax(axis=1) == data.y_test))


def load_file(text: str) -> Loaded:
    """The user's file, definitions only.

    Raises
    ------
    ValueError
        There is no such file, it cannot be read, or it is a folder of several.
    """
    try:
        found = targets.parse(text)
        if len(found) != 1:
            raise ValueError(f"--layers {text}: {len(found)} files, but should be one")
        return targets.load(found[0])
    except targets.TargetError as error:
        raise ValueError(str(error)) from error


def compare(args: argparse.Namespace, setup: Setup) -> int:
    """``gradcheck train --layers FILE``: train both, print, write; 0 agree, 1 part or fail."""
    from gradcheck.training import show_swap

    if setup.style != "nnfs":
        raise ValueError("--layers trains the network of style nnfs: leave --style away")
    setup = setup.replace(l2=0.0)
    data = load_data(setup, args.seed, args.data)
    with contextlib.ExitStack() as stack:
        stack.enter_context(pristine_numpy())
        loaded = load_file(args.layers)
        stack.callback(loaded.close)
        found = compare_runs(setup, loaded, data)
    text = show_swap.text(found, setup, data)
    print(text)
    if args.report:
        from gradcheck.training.pictures import write_comparison

        for path in write_comparison(found, text, args.report):
            print(f"wrote {path}")
    failed = any(subject.status in ("fail", "error") for subject in found.subjects)
    return 1 if failed or found.error or found.parting is not None else 0
