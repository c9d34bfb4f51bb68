"""The training loop of `Model`: batches, one step, one epoch.

Fast without a second implementation: while it runs, the layers write to the same buffers in every
step, all parameters stand in one vector that the optimizer changes in place, and the first
layer's input gradient, which nobody needs, is not computed.  Afterwards everything is as in the
book again.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..functional.checks import Array
from .base import Buffered
from .flatstate import flat_parameters, optimizer_state_to_layers
from .history import Callback, EpochRecord, History, Step, Tally

if TYPE_CHECKING:
    from .model import Model


def check_data(
    X: npt.ArrayLike, y: npt.ArrayLike, dtype: npt.DTypeLike | None = None
) -> tuple[Array, Array]:
    """Inputs and labels as arrays; float inputs of another dtype are converted to `dtype`.

    Raises
    ------
    ValueError
        No samples, or other numbers of inputs and labels.
    """
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim < 2 or len(X) == 0:
        raise ValueError(f"X has shape {X.shape}, but should be (N, ...) with at least one sample")
    if y.ndim == 0 or len(y) != len(X):
        raise ValueError(f"y has shape {y.shape}, but should have {len(X)} samples as X has")
    if dtype is not None and X.dtype != dtype and X.dtype.kind == "f":
        X = X.astype(dtype)
    return X, y


class Batches:
    """The batches of one epoch after another.

    Shuffled they are gathered into one pair of arrays that every batch overwrites. In the order of
    the data they are views, but small ones are copied into such an array: a copy reads memory in
    order, and then the first matrix product, which does not, finds the batch in the cache. The two
    take less time than that product alone.
    """

    SMALL: ClassVar[int] = 1 << 20  #: bytes

    def __init__(self, X: Array, y: Array, size: int | None, seed: int | None) -> None:
        if size is not None and size < 1:
            raise ValueError(f"batch_size = {size}, but should be at least 1")
        self.X, self.y = X, y
        self.size = min(size or len(X), len(X))
        self.steps = -(-len(X) // self.size)
        self._rng = None if seed is None else np.random.default_rng(seed)
        self._small = self.size < len(X) and X[: self.size].nbytes <= self.SMALL
        if self._rng is not None or self._small:
            self._into = (
                np.empty((self.size, *X.shape[1:]), X.dtype),
                np.empty((self.size, *y.shape[1:]), y.dtype),
            )

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        order = None if self._rng is None else self._rng.permutation(len(self.X))
        for start in range(0, len(self.X), self.size):
            part = slice(start, start + self.size)
            if order is not None:
                yield self._gathered(order[part])
            else:
                yield self._copied(self.X[part]), self.y[part]

    def _copied(self, X: Array) -> Array:
        if not self._small:
            return X
        into = self._into[0][: len(X)]
        np.copyto(into, X)
        return into

    def _gathered(self, rows: npt.NDArray[np.intp]) -> tuple[Array, Array]:
        X, y = (into[: len(rows)] for into in self._into)
        # mode="clip" writes straight into `out`; the default would gather into a copy first.
        np.take(self.X, rows, axis=0, out=X, mode="clip")
        np.take(self.y, rows, axis=0, out=y, mode="clip")
        return X, y


class StopTraining(Exception):
    """Ends the loop after the step that just ran."""


@dataclass
class Run:
    """One call of `Model.train`."""

    model: Model
    batches: Batches
    epochs: int
    watchers: Sequence[Callback]
    validation_data: tuple[Array, Array] | None = None
    history: History = field(default_factory=History)
    started: float = field(default_factory=time.perf_counter)

    def __call__(self) -> History:
        """Train until the last epoch, or until a watcher or Ctrl-C ends it after a step."""
        stopped = contextlib.suppress(StopTraining)
        with training_mode(self.model) as targets, interrupts() as pressed, stopped:
            for epoch in range(1, self.epochs + 1):
                self.epoch(epoch, targets, pressed)
        return self.history

    def epoch(self, epoch: int, targets: Sequence[Any], pressed: threading.Event) -> None:
        tally, steps = Tally(), self.batches.steps
        for part in (self.model.loss, self.model.accuracy):
            if hasattr(part, "new_pass"):
                part.new_pass()
        for i, (X, y) in enumerate(self.batches):
            loss, accuracy = self.step(X, y, targets)
            tally.add(loss, accuracy, len(X))
            self.history.losses.append(loss)
            record = self.record(tally, epoch) if i == steps - 1 else None
            ended = pressed.is_set()
            if self.watchers:
                step = Step(epoch, self.epochs, i, steps, loss, accuracy, self.seconds(), record)
                # Every watcher sees the step, also when the first one ends training.
                ended = any([ended, *(watcher(self.model, step) for watcher in self.watchers)])
            if ended:
                self.history.stopped = True
                raise StopTraining

    def step(self, X: Array, y: Array, targets: Sequence[Any]) -> tuple[float, float | None]:
        """One update; the loss and accuracy before it."""
        model, optimizer = self.model, self.model.optimizer
        loss, output = model.loss_of(X, y, training=True)
        accuracy = model.batch_accuracy(output, y)
        model.backward(output, y, input_gradient=False)
        optimizer.pre_update_params()
        for target in targets:
            optimizer.update_params(target)
        optimizer.post_update_params()
        return loss, accuracy

    def record(self, tally: Tally, epoch: int) -> EpochRecord:
        """The epoch's means, its validation, and a place in the history."""
        model, size = self.model, self.batches.size
        mean, penalties = tally.evaluation(model.accuracy is not None), model.regularization_loss()
        seconds, validation = self.seconds(), None
        if self.validation_data is not None:
            validation = model.evaluate(*self.validation_data, batch_size=size)
        record = EpochRecord(
            epoch=epoch,
            loss=mean.loss + penalties,
            data_loss=mean.loss,
            regularization_loss=penalties,
            accuracy=mean.accuracy,
            learning_rate=float(model.optimizer.current_learning_rate),
            seconds=seconds,
            validation=validation,
        )
        self.history.epochs.append(record)
        return record

    def seconds(self) -> float:
        return time.perf_counter() - self.started


@contextlib.contextmanager
def training_mode(model: Model) -> Iterator[Sequence[Any]]:
    """What the optimizer shall update: one vector of all parameters, or the layers one by one."""
    layers = model.trainable_layers
    buffered = [p for p in (*model.layers, model.fused) if isinstance(p, Buffered)]
    first = layers[0]
    flat = flat_parameters(layers, model.optimizer)
    for part in buffered:
        part.reuse_buffers = True
    if hasattr(first, "input_gradient"):
        first.input_gradient = False
    try:
        yield layers if flat is None else [flat]
    finally:
        if flat is not None:
            optimizer_state_to_layers(flat, layers)
        for part in buffered:
            part.reuse_buffers, part._buffers = False, None
        if hasattr(first, "input_gradient"):
            first.input_gradient = True


@contextlib.contextmanager
def interrupts() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that no step is cut in half; a second one raises.

    Only in the main thread, and only where nobody else handles Ctrl-C.
    """
    pressed = threading.Event()
    usual = signal.default_int_handler
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not usual
    ):
        yield pressed
        return

    def first_press(number: int, frame: Any) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, first_press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, usual)
