"""The two books' networks behind one small interface, for checks and for training.

`gradcheck_reference` is loaded by name, when a network is built: the checker does not depend on it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gradcheck.training.presets import Setup
from gradcheck.types import Array, Primals

#: Called after every step with (step number from 1, loss of the batch); True ends training.
Watch = Callable[["Progress"], bool | None]


@dataclass(frozen=True)
class Progress:
    """One training step; `accuracy` is the batch's, where the network computes it."""

    step: int
    steps: int
    loss: float
    accuracy: float | None
    seconds: float


@dataclass
class Curve:
    """What a training run measured: the loss of every step, and the test figures of each epoch."""

    losses: list[float] = field(default_factory=list)
    epochs: list[dict[str, float]] = field(default_factory=list)
    stopped: bool = False


@dataclass(frozen=True)
class Data:
    """Training and test data of one run, ready for the network."""

    name: str
    X_train: Array
    y_train: Array
    X_test: Array
    y_test: Array
    classes: tuple[str, ...] = ()


class Network(Protocol):
    """What the training check asks of a network."""

    def parameters(self) -> Primals:
        """The live arrays by name."""

    def loss(self, X: Array, y: Array) -> float:
        """The loss that training makes smaller: the mean over the samples, with penalties."""

    def gradients(self, X: Array, y: Array) -> Primals:
        """The gradient of `loss` by backpropagation."""

    def train(self, data: Data, watch: Watch | None = None) -> Curve:
        """The whole run."""

    def evaluate(self, X: Array, y: Array) -> tuple[float, float | None]:
        """Mean loss without penalties, and accuracy (None for regression)."""

    def scores(self, X: Array) -> Array:
        """The network's outputs."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters."""

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read them back."""


def reference(module: str) -> Any:
    """A module of the reference package, such as ``nnfs``.

    Raises
    ------
    ModuleNotFoundError
        The package is not there; says how to get it.
    """
    checkout = Path(__file__).resolve().parents[2] / "reference"
    if importlib.util.find_spec("gradcheck_reference") is None and checkout.is_dir():
        sys.path.append(str(checkout))  # run from a checkout, without an install
    try:
        return importlib.import_module(f"gradcheck_reference.{module}")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("gradcheck_reference"):
            raise
        raise ModuleNotFoundError(
            "training needs the package gradcheck_reference, which comes with gradcheck: "
            "install it with pip install gradcheck, or put the folder reference/ of a checkout "
            "on PYTHONPATH",
            name=error.name,
        ) from None


def build(setup: Setup, sizes: tuple[int, int], seed: int, dtype: str | None = None) -> Network:
    """The network of a setup, with start weights drawn from `seed`.

    Parameters
    ----------
    sizes
        Numbers of inputs and outputs.
    dtype
        Of the parameters; the setup's when None.
    """
    name = {"nnfs": "NnfsNetwork", "fish": "FishNetwork"}[setup.style]
    module = importlib.import_module(f"gradcheck.training.{setup.style}")
    network: Network = getattr(module, name)(setup, sizes, seed, dtype or setup.dtype)
    return network


def unknown_optimizer(setup: Setup, known: Mapping[str, str]) -> str:
    """The message for an optimizer that a style does not have."""
    return (
        f"optimizer = {setup.optimizer!r}, but should be one of {', '.join(known)} for style "
        f"{setup.style}"
    )
