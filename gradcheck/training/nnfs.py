"""The NNFS book's network behind the training check's interface."""

from __future__ import annotations

import itertools
import os
from typing import Any

import numpy as np

from gradcheck.training.networks import Curve, Data, Progress, Watch, reference, unknown_optimizer
from gradcheck.training.presets import Setup
from gradcheck.types import Array, Primals

OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adagrad": "Adagrad", "rmsprop": "RMSprop"}


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
    for i, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        l2 = setup.l2 if i == 0 else 0.0
        model.add(
            nnfs.Layer_Dense(
                n_in, n_out, weight_regularizer_l2=l2, bias_regularizer_l2=l2, init=setup.init,
                dtype=dtype, rng=rng,
            )
        )  # fmt: skip
        if i < len(setup.hidden):
            model.add(nnfs.Activation_ReLU())
    regression = setup.regression
    model.add(nnfs.Activation_Linear() if regression else nnfs.Activation_Softmax())
    model.set(
        loss=nnfs.Loss_MeanSquaredError() if regression else nnfs.Loss_CategoricalCrossentropy(),
        optimizer=nnfs_optimizer(setup),
        accuracy=nnfs.Accuracy_Regression() if regression else nnfs.Accuracy_Categorical(),
    )
    model.finalize()
    return model


def nnfs_optimizer(setup: Setup) -> Any:
    """The optimizer of a setup in the NNFS skin.

    Raises
    ------
    ValueError
        The book has none of this name.
    """
    if setup.optimizer not in OPTIMIZERS:
        raise ValueError(unknown_optimizer(setup, OPTIMIZERS))
    name = f"Optimizer_{OPTIMIZERS[setup.optimizer]}"
    return getattr(reference("nnfs"), name)(**setup.options)
