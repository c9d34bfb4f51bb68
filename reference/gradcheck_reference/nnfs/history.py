"""What training reports: one record an epoch, one event a step, and the lines it prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Evaluation:
    """Mean loss over the samples (without penalties), and accuracy if the model has one."""

    loss: float
    accuracy: float | None


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: means weighted by samples over its batches, penalties at its end.

    `loss` is `data_loss` + `regularization_loss`; `seconds` count from the start of training.
    """

    epoch: int
    loss: float
    data_loss: float
    regularization_loss: float
    accuracy: float | None
    learning_rate: float
    seconds: float
    validation: Evaluation | None = None


@dataclass(frozen=True)
class Step:
    """One training step, as callbacks see it: the batch's data loss and accuracy.

    `record` is the epoch's, in the last step of an epoch, else None.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float | None
    seconds: float
    record: EpochRecord | None


#: Called after every step with the model and the step; a true result ends training there.
Callback = Callable[[Any, Step], bool | None]


@dataclass
class History:
    """Everything `Model.train` measured.

    Attributes
    ----------
    epochs
        One record for each finished epoch.
    losses
        The data loss of every step, before its update.
    stopped
        True where a callback or Ctrl-C ended training early.
    """

    epochs: list[EpochRecord] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    stopped: bool = False


@dataclass
class Tally:
    """Sums over the batches of one pass, so that a short last batch counts for what it is."""

    loss: float = 0.0
    right: float = 0.0
    samples: int = 0

    def add(self, loss: float, accuracy: float | None, samples: int) -> None:
        self.loss += loss * samples
        self.right += (accuracy or 0.0) * samples
        self.samples += samples

    def evaluation(self, with_accuracy: bool) -> Evaluation:
        accuracy = self.right / self.samples if with_accuracy else None
        return Evaluation(self.loss / self.samples, accuracy)


def _numbers(accuracy: float | None, loss: float) -> str:
    return ("" if accuracy is None else f"acc: {accuracy:.3f}, ") + f"loss: {loss:.3f}"


def print_step(_: Any, step: Step, every: int) -> None:
    """The book's lines (NNFS chapter 18): every so many steps, and the epoch's means."""
    if step.steps > 1:
        if step.step == 0:
            print(f"epoch: {step.epoch}")
        if step.step % every == 0 or step.step == step.steps - 1:
            print(f"step: {step.step}, {_numbers(step.accuracy, step.loss)}")
    record = step.record
    if record is None or (
        step.steps == 1 and (step.epoch - 1) % every and step.epoch < step.epochs
    ):
        return
    print(
        f"{'training' if step.steps > 1 else f'epoch: {step.epoch}'}, "
        f"{_numbers(record.accuracy, record.loss)} (data_loss: {record.data_loss:.3f}, "
        f"reg_loss: {record.regularization_loss:.3f}), lr: {record.learning_rate:.3g}"
    )
    if record.validation is not None:
        print(f"validation, {_numbers(record.validation.accuracy, record.validation.loss)}")


def progress_line(step: Step) -> str:
    """Share done, loss, accuracy and time left, in one line.

    Examples
    --------
    >>> progress_line(Step(1, 2, 49, 100, 0.5, 0.75, 10.0, None))
    'epoch 1/2  step 50/100  acc: 0.750, loss: 0.500  0:30 left'
    """
    done = (step.epoch - 1) * step.steps + step.step + 1
    left = step.seconds / done * (step.epochs * step.steps - done)
    return (
        f"epoch {step.epoch}/{step.epochs}  step {step.step + 1}/{step.steps}  "
        f"{_numbers(step.accuracy, step.loss)}  {int(left) // 60}:{int(left) % 60:02d} left"
    )


class ProgressBar:
    """A callback that keeps one line of a terminal up to date, at most ten times a second.

    Writes nothing where `stream` is not a terminal.
    """

    def __init__(self, stream: Any, *, interval: float = 0.1) -> None:
        self.stream, self.interval = stream, interval
        self.active = bool(getattr(stream, "isatty", lambda: False)())
        self._next, self._width = 0.0, 0

    def __call__(self, _: Any, step: Step) -> None:
        last = step.record is not None
        if not self.active or (not last and time.perf_counter() < self._next):
            return
        self._next = time.perf_counter() + self.interval
        line = progress_line(step)
        self.stream.write("\r" + line.ljust(self._width))
        self._width = len(line)
        if last and step.epoch == step.epochs:
            self.stream.write("\n")
        self.stream.flush()
