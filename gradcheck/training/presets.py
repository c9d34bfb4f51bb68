"""The books' training runs, with the figure that each must reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

SEEDS = (0, 1, 2, 3, 4)
IMAGES = ("fashion-mnist", "mnist")
DATASETS = (*IMAGES, "spiral", "sine")


@dataclass(frozen=True)
class Setup:
    """Everything that decides a training run, apart from the seed.

    Attributes
    ----------
    style
        ``nnfs``: `Model` with ReLU layers; ``fish``: `TwoLayerNet` and its loop over random
        batches, where `steps` counts.
    options
        Arguments of the optimizer.
    batch
        Samples a step; all of them when None.
    steps
        Training steps in place of epochs (fish style), else None.
    l2
        Factor of the squared weights and biases of the first layer.
    init
        Standard deviation of the start weights, or ``"glorot"`` (nnfs style only).
    """

    dataset: str
    style: str = "nnfs"
    hidden: tuple[int, ...] = (64, 64)
    optimizer: str = "adam"
    options: Mapping[str, float] = field(default_factory=dict)
    batch: int | None = 100
    epochs: int = 5
    steps: int | None = None
    l2: float = 0.0
    init: float | str = 0.01
    dtype: str = "float32"
    limit: int | None = None

    @property
    def regression(self) -> bool:
        return self.dataset == "sine"

    @property
    def scaling(self) -> str:
        """How the book scales the images: [-1, 1] in NNFS, [0, 1] in the fish book."""
        return "symmetric" if self.style == "nnfs" else "unit"

    def replace(self, **changes: Any) -> Setup:
        return replace(self, **changes)


@dataclass(frozen=True)
class Preset:
    """A book's run: its setup, where it stands, and the mean over `SEEDS` it must reach.

    Attributes
    ----------
    metric
        ``accuracy`` (at least `target`) or ``loss`` (at most `target`), on the test data for
        images and on the training data for spiral and sine, as in the books. See `run.figure`.
    target
        None: reported only.
    spread
        How far a single seed may lie from the mean.
    measured
        The mean that independent code reached, where it is known.
    """

    name: str
    source: str
    setup: Setup
    metric: str = "accuracy"
    target: float | None = None
    spread: float = 0.0
    measured: float | None = None

    def reaches(self, value: float, *, seeds: int = 1) -> bool | None:
        """Whether a mean over so many seeds is good enough; None where nothing is asked."""
        if self.target is None:
            return None
        slack = self.spread if seeds < len(SEEDS) else 0.0
        if self.metric == "loss":
            return value <= self.target + slack
        return value >= self.target - slack


# `nnfs.init()` makes the books' runs float32, so the presets are (the default of `Setup`).
def _spiral(name: str, optimizer: str, target: float | None, **options: float) -> Preset:
    setup = Setup(
        dataset="spiral", hidden=(64,), optimizer=optimizer, options=options, batch=None,
        epochs=10_000,
    )  # fmt: skip
    source = "NNFS chapter 10, spiral(100, 3)"
    return Preset(f"spiral-{name}", source, setup, target=target, spread=0.03)


_FASHION = Setup(dataset="fashion-mnist", options={"decay": 5e-7}, l2=5e-4, init="glorot")

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "nnfs-fashion", "NNFS chapter 19, 784-64-64-10, Glorot start weights", _FASHION,
            target=0.857, spread=0.01, measured=0.8636,
        ),
        Preset(
            "nnfs-fashion-0.01", "the same with the book's start weights, 0.01 randn",
            _FASHION.replace(init=0.01), spread=0.01,
        ),
        Preset(
            "nnfs-fashion-128", "NNFS chapter 20, 784-128-128-10",
            _FASHION.replace(
                hidden=(128, 128), options={"decay": 1e-3}, batch=128, epochs=10, l2=0.0, init=0.01
            ),
            target=0.868, spread=0.01, measured=0.8724,
        ),
        Preset(
            "fish-mnist", "fish book chapter 5.7.4, 784-50-10",
            Setup(
                dataset="mnist", style="fish", hidden=(50,), optimizer="sgd",
                options={"learning_rate": 0.1}, steps=10_000,
            ),
            target=0.965, spread=0.01, measured=0.970,
        ),
        _spiral("momentum", "sgd", 0.91, learning_rate=1.0, decay=1e-3, momentum=0.8),
        _spiral("adam", "adam", 0.95, learning_rate=0.05, decay=5e-7),
        _spiral("adagrad", "adagrad", None, learning_rate=1.0, decay=1e-4),
        _spiral("rmsprop", "rmsprop", None, learning_rate=0.02, decay=1e-5, rho=0.999),
        Preset(
            "sine", "NNFS chapter 17, 1-64-64-1",
            Setup(
                dataset="sine", options={"learning_rate": 0.005, "decay": 1e-3}, batch=None,
                epochs=10_000, init=0.1,
            ),
            metric="loss", target=1e-5, spread=1e-5,
        ),
    )
}  # fmt: skip

#: What `gradcheck train --dataset D --style S` runs.
DEFAULTS = {
    ("fashion-mnist", "nnfs"): "nnfs-fashion",
    ("mnist", "fish"): "fish-mnist",
    ("spiral", "nnfs"): "spiral-adam",
    ("sine", "nnfs"): "sine",
}


def default_setup(dataset: str, style: str) -> Setup:
    """The preset's setup for a data set and style, or the nearest one.

    Examples
    --------
    >>> default_setup("mnist", "nnfs").hidden
    (64, 64)
    >>> default_setup("spiral", "fish").style
    'fish'
    """
    if (dataset, style) in DEFAULTS:
        return PRESETS[DEFAULTS[dataset, style]].setup
    if style == "fish":
        base = PRESETS["fish-mnist"].setup.replace(dataset=dataset)
        if dataset == "spiral":
            base = base.replace(init=0.1, dtype="float64", options={"learning_rate": 0.5})
        return base
    return _FASHION.replace(dataset=dataset)


def preset_of(setup: Setup) -> Preset | None:
    """The preset with exactly this setup, so that its figure applies."""
    return next((p for p in PRESETS.values() if p.setup == setup), None)
