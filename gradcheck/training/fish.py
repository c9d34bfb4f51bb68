"""The fish book's network behind the training check's interface."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from gradcheck.training.networks import Curve, Data, Progress, Watch, reference, unknown_optimizer
from gradcheck.training.presets import Setup
from gradcheck.types import Array, Primals

OPTIMIZERS = {
    "sgd": "SGD", "momentum": "Momentum", "nesterov": "Nesterov", "adagrad": "AdaGrad",
    "rmsprop": "RMSprop", "adam": "Adam",
}  # fmt: skip


class FishNetwork:
    """The fish book's `TwoLayerNet` and its loop: a random batch, a gradient, an update."""

    def __init__(self, setup: Setup, sizes: tuple[int, int], seed: int, dtype: str) -> None:
        if setup.regression:
            raise ValueError("style fish has no regression: use --style nnfs for the sine")
        if setup.optimizer not in OPTIMIZERS:
            raise ValueError(unknown_optimizer(setup, OPTIMIZERS))
        if len(setup.hidden) != 1:
            raise ValueError(f"hidden = {setup.hidden}, but should be one size for style fish")
        fish = reference("fish")
        self.setup = setup
        self._rng = np.random.default_rng(seed)
        self.net = fish.TwoLayerNet(
            sizes[0], setup.hidden[0], sizes[1], setup.init, rng=self._rng, dtype=dtype
        )
        options = {("lr" if k == "learning_rate" else k): v for k, v in setup.options.items()}
        self.optimizer = getattr(fish, OPTIMIZERS[setup.optimizer])(**options)

    def parameters(self) -> Primals:
        return dict(self.net.params)

    def loss(self, X: Array, y: Array) -> float:
        return float(self.net.loss(X, y))

    def gradients(self, X: Array, y: Array) -> Primals:
        return dict(self.net.gradient(X, y))

    def train(self, data: Data, watch: Watch | None = None) -> Curve:
        curve, start = Curve(), time.perf_counter()
        count, batch = len(data.X_train), self.setup.batch or len(data.X_train)
        per_epoch = max(count // batch, 1)
        steps = self.setup.steps or self.setup.epochs * per_epoch
        with reference("nnfs.loop").interrupts() as pressed:
            for step in range(1, steps + 1):
                rows = self._rng.choice(count, batch)
                gradients = self.net.gradient(data.X_train[rows], data.y_train[rows])
                curve.losses.append(float(self.net.lastLayer.loss))
                self.optimizer.update(self.net.params, gradients)
                if step % per_epoch == 0 or step == steps:
                    curve.epochs.append(self._epoch(data, curve.losses, step, per_epoch))
                now = Progress(step, steps, curve.losses[-1], None, time.perf_counter() - start)
                if (watch and watch(now)) or pressed.is_set():
                    curve.stopped = True
                    break
        return curve

    def _epoch(
        self, data: Data, losses: list[float], step: int, per_epoch: int
    ) -> dict[str, float]:
        loss, accuracy = self.evaluate(data.X_test, data.y_test)
        return {
            "epoch": step / per_epoch,
            "loss": float(np.mean(losses[-per_epoch:])),
            "test_loss": loss,
            "test_accuracy": accuracy or 0.0,
        }

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
