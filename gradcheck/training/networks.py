"""The two books' networks behind one small interface, for checks and for training.

`gradcheck_reference` is loaded by name, when a network is built: the checker does not depend on it.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

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
    kind = NnfsNetwork if setup.style == "nnfs" else FishNetwork
    return kind(setup, sizes, seed, dtype or setup.dtype)


class NnfsNetwork:
    """NNFS `Model`: dense layers with ReLU between; softmax, or linear for regression."""

    def __init__(self, setup: Setup, sizes: tuple[int, int], seed: int, dtype: str) -> None:
        self.setup = setup
        self.model = nnfs_model(setup, sizes, seed, dtype)

    def parameters(self) -> Primals:
        return dict(self.model.named_parameters())

    def loss(self, X: Array, y: Array) -> float:
        data_loss, _ = self.model.loss_of(X, y, training=True)
        return float(data_loss + self.model.regularization_loss())

    def gradients(self, X: Array, y: Array) -> Primals:
        _, output = self.model.loss_of(X, y, training=True)
        self.model.backward(output, y)
        return dict(self.model.named_gradients())

    def train(self, data: Data, watch: Watch | None = None) -> Curve:
        def callback(_: Any, s: Any) -> bool | None:
            if watch is None:
                return None
            step = (s.epoch - 1) * s.steps + s.step + 1
            return watch(Progress(step, s.epochs * s.steps, s.loss, s.accuracy, s.seconds))

        images = data.X_test is not data.X_train
        history = self.model.train(
            data.X_train,
            data.y_train,
            epochs=self.setup.epochs,
            batch_size=self.setup.batch,
            print_every=0,
            validation_data=(data.X_test, data.y_test) if images else None,
            callbacks=[callback],
        )
        epochs = []
        for record in history.epochs:
            row = {"epoch": record.epoch, "loss": record.data_loss, "accuracy": record.accuracy}
            if record.validation is not None:
                row["test_loss"] = record.validation.loss
                row["test_accuracy"] = record.validation.accuracy
            epochs.append({k: v for k, v in row.items() if v is not None})
        return Curve(history.losses, epochs, history.stopped)

    def evaluate(self, X: Array, y: Array) -> tuple[float, float | None]:
        result = self.model.evaluate(X, y, batch_size=1000)
        return result.loss, None if self.setup.regression else result.accuracy

    def scores(self, X: Array) -> Array:
        return np.asarray(self.model.predict(X, batch_size=1000))

    def save(self, path: str | os.PathLike[str]) -> None:
        self.model.save_parameters(path)

    def load(self, path: str | os.PathLike[str]) -> None:
        self.model.load_parameters(path)


def nnfs_model(setup: Setup, sizes: tuple[int, int], seed: int, dtype: str) -> Any:
    """The `Model` of a setup, finalized."""
    nnfs = reference("nnfs")
    rng = np.random.default_rng(seed)
    model = nnfs.Model()
    widths = [sizes[0], *setup.hidden, sizes[1]]
    for i, (n_in, n_out) in enumerate(zip(widths, widths[1:], strict=False)):
        l2 = setup.l2 if i == 0 else 0.0
        model.add(
            nnfs.Layer_Dense(
                n_in, n_out, weight_regularizer_l2=l2, bias_regularizer_l2=l2, init=setup.init,
                dtype=dtype, rng=rng,
            )
        )  # fmt: skip
        if i < len(setup.hidden):
            model.add(nnfs.Activation_ReLU())
    model.add(nnfs.Activation_Linear() if setup.regression else nnfs.Activation_Softmax())
    model.set(
        loss=nnfs.Loss_MeanSquaredError() if setup.regression else _crossentropy(nnfs),
        optimizer=nnfs_optimizer(setup),
        accuracy=nnfs.Accuracy_Regression() if setup.regression else nnfs.Accuracy_Categorical(),
    )
    model.finalize()
    return model


def _crossentropy(nnfs: Any) -> Any:
    return nnfs.Loss_CategoricalCrossentropy()


NNFS_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adagrad": "Adagrad", "rmsprop": "RMSprop"}
FISH_OPTIMIZERS = {
    "sgd": "SGD", "momentum": "Momentum", "nesterov": "Nesterov", "adagrad": "AdaGrad",
    "rmsprop": "RMSprop", "adam": "Adam",
}  # fmt: skip


def nnfs_optimizer(setup: Setup) -> Any:
    """The optimizer of a setup in the NNFS skin.

    Raises
    ------
    ValueError
        The book has none of this name.
    """
    if setup.optimizer not in NNFS_OPTIMIZERS:
        raise ValueError(_unknown(setup, NNFS_OPTIMIZERS))
    name = f"Optimizer_{NNFS_OPTIMIZERS[setup.optimizer]}"
    return getattr(reference("nnfs"), name)(**setup.options)


def _unknown(setup: Setup, known: dict[str, str]) -> str:
    return (
        f"optimizer = {setup.optimizer!r}, but should be one of {', '.join(known)} for style "
        f"{setup.style}"
    )


class FishNetwork:
    """The fish book's `TwoLayerNet` and its loop: a random batch, a gradient, an update."""

    def __init__(self, setup: Setup, sizes: tuple[int, int], seed: int, dtype: str) -> None:
        if setup.regression:
            raise ValueError("style fish has no regression: use --style nnfs for the sine")
        if setup.optimizer not in FISH_OPTIMIZERS:
            raise ValueError(_unknown(setup, FISH_OPTIMIZERS))
        if len(setup.hidden) != 1:
            raise ValueError(f"hidden = {setup.hidden}, but should be one size for style fish")
        fish = reference("fish")
        self.setup = setup
        self._rng = np.random.default_rng(seed)
        self.net = fish.TwoLayerNet(
            sizes[0], setup.hidden[0], sizes[1], setup.init, rng=self._rng, dtype=dtype
        )
        options = {("lr" if k == "learning_rate" else k): v for k, v in setup.options.items()}
        self.optimizer = getattr(fish, FISH_OPTIMIZERS[setup.optimizer])(**options)

    def parameters(self) -> Primals:
        return dict(self.net.params)

    def loss(self, X: Array, y: Array) -> float:
        return float(self.net.loss(X, y))

    def gradients(self, X: Array, y: Array) -> Primals:
        return dict(self.net.gradient(X, y))

    def train(self, data: Data, watch: Watch | None = None) -> Curve:
        import time

        curve, start = Curve(), time.perf_counter()
        count, batch = len(data.X_train), self.setup.batch or len(data.X_train)
        per_epoch = max(count // batch, 1)
        steps = self.setup.steps or self.setup.epochs * per_epoch
        for step in range(1, steps + 1):
            rows = self._rng.choice(count, batch)
            X, y = data.X_train[rows], data.y_train[rows]
            gradients = self.net.gradient(X, y)
            curve.losses.append(float(self.net.lastLayer.loss))
            self.optimizer.update(self.net.params, gradients)
            if step % per_epoch == 0 or step == steps:
                loss, accuracy = self.evaluate(data.X_test, data.y_test)
                row = {"epoch": step / per_epoch, "loss": float(np.mean(curve.losses[-per_epoch:]))}
                curve.epochs.append(row | {"test_loss": loss, "test_accuracy": accuracy or 0.0})
            seconds = time.perf_counter() - start
            if watch and watch(Progress(step, steps, curve.losses[-1], None, seconds)):
                curve.stopped = True
                break
        return curve

    def evaluate(self, X: Array, y: Array) -> tuple[float, float | None]:
        size, loss, right = 1000, 0.0, 0.0
        for start in range(0, len(X), size):
            part_X, part_y = X[start : start + size], y[start : start + size]
            loss += float(self.net.loss(part_X, part_y)) * len(part_X)
            right += self.net.accuracy(part_X, part_y) * len(part_X)
        return loss / len(X), right / len(X)

    def scores(self, X: Array) -> Array:
        softmax = reference("fish").softmax
        return np.concatenate(
            [softmax(self.net.predict(X[i : i + 1000])) for i in range(0, len(X), 1000)]
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        archive = reference("nnfs.archive")
        archive.write_archive(Path(path), {"kind": "parameters"}, self.net.params)

    def load(self, path: str | os.PathLike[str]) -> None:
        _, arrays = reference("nnfs.archive").read_archive(Path(path), kind="parameters")
        for name, array in self.net.params.items():
            array[...] = arrays[name]
