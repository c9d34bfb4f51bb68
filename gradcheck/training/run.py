"""One training run with all its checks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradcheck.training import checks
from gradcheck.training.checks import Row
from gradcheck.training.networks import Curve, Data, Network, Progress, Watch, build, reference
from gradcheck.training.presets import IMAGES, Preset, Setup
from gradcheck.types import Array, Primals, Status

#: Steps that the second run from the same seed repeats.
REPEATED = 200
#: ``(seed, dtype) -> Network``; dtype None takes the setup's.
Factory = Callable[[int, str | None], Network]


@dataclass
class Outcome:
    """A checked run: the rows of the table, the curve, and the trained network."""

    setup: Setup
    seed: int
    rows: list[Row]
    curve: Curve
    network: Network
    data: Data
    loss: float
    accuracy: float | None
    seconds: float = 0.0
    before: Primals = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The figure the presets are judged by."""
        return figure(self.loss, self.accuracy)


def figure(loss: float, accuracy: float | None) -> float:
    """The figure a run is judged by: its loss for a regression, else its accuracy at the end."""
    return loss if accuracy is None else accuracy


def load_data(setup: Setup, seed: int, folder: str | os.PathLike[str] | None = None) -> Data:
    """The data of a setup; images are shuffled once with `seed`, as in the book.

    For spiral and sine the test data are the training data, as in the books.
    """
    package = reference("data")
    if setup.dataset in IMAGES:
        d = package.load_dataset(
            setup.dataset, folder=folder, scaling=setup.scaling, seed=seed, limit=setup.limit,
            dtype=setup.dtype,
        )  # fmt: skip
        return Data(setup.dataset, d.X_train, d.y_train, d.X_test, d.y_test, d.classes)
    if setup.dataset == "spiral":
        X, y = package.spiral(100, 3, seed=0)
        classes: tuple[str, ...] = ("0", "1", "2")
    else:
        X, y = package.sine(1000)
        y, classes = y.astype(setup.dtype), ()
    X = X.astype(setup.dtype)
    return Data(setup.dataset, X, y, X, y, classes)


def sizes_of(data: Data) -> tuple[int, int]:
    """Numbers of inputs and outputs."""
    return data.X_train.shape[1], len(data.classes) or data.y_train.shape[1]


def train(
    setup: Setup,
    data: Data,
    seed: int,
    *,
    preset: Preset | None = None,
    factory: Factory | None = None,
    watch: Watch | None = None,
) -> Outcome:
    """Train once and answer every question of the check.

    Parameters
    ----------
    preset
        Where the figure to reach comes from; None asks for better than guessing.
    factory
        Builds the network; the reference of the setup's style when None.
    watch
        Called after every step of the main run; a true result ends it.
    """
    sizes = sizes_of(data)
    factory = factory or (lambda s, dtype: build(setup, sizes, s, dtype))
    rng = np.random.default_rng(seed)
    sample = rng.choice(len(data.X_train), min(checks.SAMPLES, len(data.X_train)), replace=False)
    X, y = data.X_train[sample].astype(np.float64), data.y_train[sample]
    rows = checks.gradients("at the start", factory(seed, "float64"), X, y, seed=seed)

    network = factory(seed, None)
    before = _copies(network)
    recorder = _Recorder(network, watch)
    curve = network.train(data, recorder)
    loss, accuracy = network.evaluate(data.X_test, data.y_test)
    rows += [
        checks.moves(before, network.parameters()),
        checks.falls(curve.losses),
        checks.finite(curve.losses, network.parameters()),
        target(preset, setup, data, figure(loss, accuracy), stopped=curve.stopped),
    ]
    rows += _after(factory, network, X, y, seed)
    rows += [
        checks.evaluation_changes_nothing(network, data),
        checks.round_trip(network, factory(seed + 1, None), data),
        checks.repeats(
            recorder.steps, recorder.parameters, curve.losses, factory(seed, None), data
        ),
    ]
    return Outcome(
        setup, seed, rows, curve, network, data, loss, accuracy, recorder.seconds, before
    )


def _after(factory: Factory, network: Network, X: Array, y: Array, seed: int) -> list[Row]:
    trained = factory(seed, "float64")
    for key, live in trained.parameters().items():
        live[...] = network.parameters()[key]
    if any(not np.isfinite(v).all() for v in trained.parameters().values()):
        return [Row("gradients after training", "skipped", "parameters are not finite")]
    return checks.gradients("after training", trained, X, y, seed=seed)


def _copies(network: Network) -> Primals:
    return {k: v.copy() for k, v in network.parameters().items()}


class _Recorder:
    """Keeps the parameters after the steps that are to be repeated, and passes every step on."""

    def __init__(self, network: Network, watch: Watch | None) -> None:
        self.network, self.watch = network, watch
        self.steps, self.seconds = 0, 0.0
        self.parameters: Primals = _copies(network)

    def __call__(self, progress: Progress) -> bool | None:
        ended = bool(self.watch and self.watch(progress))
        self.seconds = progress.seconds
        repeated = min(REPEATED, progress.steps)
        if progress.step <= repeated and (ended or progress.step == repeated):
            self.steps, self.parameters = progress.step, _copies(self.network)
        return ended


def target(
    preset: Preset | None,
    setup: Setup,
    data: Data,
    value: float,
    *,
    stopped: bool,
) -> Row:
    """The figure of the preset, or for another setup: better than guessing."""
    name = "target loss" if setup.regression else "target accuracy"
    if stopped:
        return Row(name, "skipped", f"{value:.4g}; training was ended early")
    good = preset.reaches(value) if preset is not None else None
    if preset is not None and good is not None:
        sign = "at most" if setup.regression else "at least"
        limit = f"{sign} {preset.target:g} as a mean of 5 seeds, ± {preset.spread:g} for one"
        return Row(name, _status(good), f"{value:.4g}", limit)
    if setup.regression:
        variance = float(np.var(data.y_test))
        limit = f"below {variance:.4g}: better than the mean"
        return Row(name, _status(value < variance), f"{value:.4g}", limit)
    guess = float(np.bincount(data.y_test).max() / len(data.y_test))
    # Three standard deviations of a guesser's accuracy on so many samples.
    limit_value = guess + 3 * float(np.sqrt(guess * (1 - guess) / len(data.y_test)))
    limit = f"above {limit_value:.3g}: better than guessing"
    return Row(name, _status(value > limit_value), f"{value:.4g}", limit)


def _status(good: bool) -> Status:
    return "pass" if good else "fail"
