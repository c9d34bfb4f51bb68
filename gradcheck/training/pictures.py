"""What ``--report`` writes: the table, the curves, and what the network got wrong, as pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.training.presets import IMAGES
from gradcheck.training.run import Outcome, sizes_of
from gradcheck.training.show import describe, summary, table
from gradcheck.types import Array

if TYPE_CHECKING:
    from gradcheck.training.swap import Comparison

#: Colours that differ in lightness too, so that they do without colour vision.
BLUE, ORANGE = "#1f5fa8", "#d97a00"


def write_report(outcome: Outcome, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the checked run into a folder; the paths written.

    Raises
    ------
    ModuleNotFoundError
        matplotlib is not installed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    title = f"{describe(outcome.setup, sizes_of(outcome.data))}  seed {outcome.seed}"
    drawn: list[tuple[str, Callable[[Any, Outcome], None], tuple[float, float]]] = [
        ("curves", draw_curves, (8, 3.4))
    ]
    if outcome.accuracy is not None:
        drawn.append(("confusion", draw_confusion, (6.4, 5.6)))
    if outcome.setup.dataset in IMAGES:
        drawn += [("worst", draw_worst, (8, 4.2)), ("weights", draw_weights, (8, 8))]
    paths = [_save(folder / f"{name}.png", draw, outcome, size) for name, draw, size in drawn]
    pictures = "\n\n".join(f"![{path.stem}]({path.name})" for path in paths)
    text = "\n\n".join(
        ["# Training check", title, table(outcome.rows, "github"), summary(outcome), pictures]
    )
    (folder / "training.md").write_text(text + "\n")
    (folder / "training.json").write_text(_json(outcome, title))
    return [folder / "training.md", folder / "training.json", *paths]


def write_comparison(found: Comparison, text: str, folder: str | os.PathLike[str]) -> list[Path]:
    """Write what was printed about a comparison, and both loss curves as a picture."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    picture = _save(folder / "comparison.png", draw_comparison, found, (8, 3.4))
    page = folder / "comparison.md"
    page.write_text(
        "# Your layers beside the reference\n\n"
        f"![both loss curves]({picture.name})\n\n```text\n{text}\n```\n"
    )
    return [page, picture]


def _json(outcome: Outcome, title: str) -> str:
    content = {
        "run": title,
        "setup": asdict(outcome.setup),
        "seed": outcome.seed,
        "checks": [asdict(row) for row in outcome.rows],
        "loss": outcome.loss,
        "accuracy": outcome.accuracy,
        "losses": outcome.curve.losses,
        "epochs": outcome.curve.epochs,
    }
    return json.dumps(_plain(content), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become text."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return value if not isinstance(value, float) or np.isfinite(value) else str(value)


def _save(
    path: Path, draw: Callable[[Any, Any], None], subject: Any, size: tuple[float, float]
) -> Path:
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "pictures need matplotlib: pip install 'gradcheck[report]'", name="matplotlib"
        ) from None
    # A figure of its own, without pyplot: no window, no global state.
    figure = Figure(figsize=size, layout="constrained")
    draw(figure, subject)
    figure.savefig(path, dpi=120)
    return path


# ---- each picture --------------------------------------------------------------------------------


def smooth(losses: Sequence[float], points: int = 300) -> tuple[Array, Array]:
    """Step numbers and means over equal stretches, at most so many points."""
    values = np.asarray(losses, np.float64)
    parts = np.array_split(values, min(points, max(len(values), 1)))
    ends = np.cumsum([len(part) for part in parts])
    return ends, np.array([part.mean() if len(part) else np.nan for part in parts])


def draw_curves(figure: Any, outcome: Outcome) -> None:
    """Training loss by step, and the figures of every epoch."""
    by_epoch = outcome.curve.epochs
    accuracies = [k for k in ("accuracy", "test_accuracy") if any(k in e for e in by_epoch)]
    axes = figure.subplots(
        1, 2 if accuracies and outcome.accuracy is not None else 1, squeeze=False
    )[0]
    steps, losses = smooth(outcome.curve.losses)
    axes[0].plot(steps, losses, color=BLUE, label="training")
    tested = [(e["epoch"], e["test_loss"]) for e in by_epoch if "test_loss" in e]
    if tested and by_epoch:
        per_epoch = len(outcome.curve.losses) / by_epoch[-1]["epoch"]
        x, y = zip(*tested, strict=True)
        axes[0].plot(np.array(x) * per_epoch, y, "o--", color=ORANGE, label="test")
    axes[0].set(
        xlabel="step", ylabel="loss", yscale="log" if outcome.setup.regression else "linear"
    )
    axes[0].legend()
    if len(axes) == 2:
        names = {"accuracy": ("training", BLUE, "-"), "test_accuracy": ("test", ORANGE, "o--")}
        for key in accuracies:
            x, y = zip(*[(e["epoch"], e[key]) for e in by_epoch if key in e], strict=True)
            label, colour, line = names[key]
            axes[1].plot(x, y, line, color=colour, label=label)
        axes[1].set(xlabel="epoch", ylabel="accuracy")
        axes[1].legend()


def confusion(outcome: Outcome) -> Array:
    """Counts of test samples by true class (rows) and predicted class (columns)."""
    data, count = outcome.data, len(outcome.data.classes)
    predicted = outcome.network.scores(data.X_test).argmax(axis=1)
    flat = np.bincount(data.y_test.astype(np.intp) * count + predicted, minlength=count * count)
    return flat.reshape(count, count)


def draw_confusion(figure: Any, outcome: Outcome) -> None:
    """The confusion matrix with its counts."""
    counts, classes = confusion(outcome), outcome.data.classes
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(classes))
    axes.set_xticks(ticks, classes, rotation=45, ha="right")
    axes.set_yticks(ticks, classes)
    axes.set(xlabel="predicted", ylabel="true class")
    for i, j in np.ndindex(*counts.shape):
        if counts[i, j]:
            colour = "white" if share[i, j] > 0.5 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=8, color=colour)


def worst(outcome: Outcome, count: int = 18) -> list[tuple[int, int, float]]:
    """The test samples with the least confidence in their true class: (index, predicted, it)."""
    scores, labels = outcome.network.scores(outcome.data.X_test), outcome.data.y_test
    confidence = scores[np.arange(len(labels)), labels.astype(np.intp)]
    order = np.argsort(confidence)[:count]
    return [(int(i), int(scores[i].argmax()), float(confidence[i])) for i in order]


def draw_worst(figure: Any, outcome: Outcome) -> None:
    """The worst-classified images: what they are, and what the network takes them for."""
    found, classes = worst(outcome), outcome.data.classes
    axes = figure.subplots(3, 6).ravel()
    for ax in axes:
        ax.axis("off")
    for ax, (i, predicted, _) in zip(axes, found, strict=False):
        _image(ax, outcome.data.X_test[i], "gray")
        ax.set_title(
            f"{classes[outcome.data.y_test[i]]}\ntaken for {classes[predicted]}", fontsize=7
        )


def draw_weights(figure: Any, outcome: Outcome) -> None:
    """The first layer's weights of each neuron as an image (blue negative, red positive)."""
    weights = next(iter(outcome.network.parameters().values()))
    count = weights.shape[1]
    side = int(np.ceil(np.sqrt(count)))
    axes = np.atleast_1d(figure.subplots(side, side)).ravel()
    for ax in axes:
        ax.axis("off")
    for k, ax in zip(range(count), axes, strict=False):
        limit = float(np.abs(weights[:, k]).max()) or 1.0
        _image(ax, weights[:, k], "RdBu_r", vmin=-limit, vmax=limit)


def _image(ax: Any, row: Array, colours: str, **limits: float) -> None:
    side = round(len(row) ** 0.5)
    ax.imshow(row.reshape(side, side), cmap=colours, **limits)


def draw_comparison(figure: Any, found: Comparison) -> None:
    """Both loss curves, and the step where they part."""
    axes = figure.subplots()
    for chain, name, colour, line in (
        (found.reference, "reference", ORANGE, "-"),
        (found.mine, "yours", BLUE, "--"),
    ):
        axes.plot(*smooth(chain.losses), line, color=colour, label=name)
    if found.parting is not None:
        axes.axvline(found.parting.step, color="black", linewidth=0.8)
        axes.text(found.parting.step, 0.98, f" part in step {found.parting.step}",
                  transform=axes.get_xaxis_transform(), va="top", fontsize=8)  # fmt: skip
    axes.set(xlabel="step", ylabel="loss")
    axes.legend()
