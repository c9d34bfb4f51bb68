"""Charts of a whole run as SVG: kill matrix, training curves, confusion matrix.

Needs matplotlib.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.report.missing import needs
from gradcheck.report.svg import BAD, GOOD, INK, LINE, figure_of, floats, log_ticks, svg_of


def kill_matrix(
    bugs: Sequence[str],
    laws: Sequence[str],
    caught: Mapping[str, Collection[str]],
    *,
    title: str = "Which law catches which bug",
) -> str:
    """One row per bug, one column per law, a mark where the law caught the bug.

    Parameters
    ----------
    bugs, laws
        Names, in the order to draw them.
    caught
        For each bug the laws that failed on it. A bug that none caught has its name in the
        colour for wrong and the word "survives".
    """
    hits = [
        (y, x)
        for y, bug in enumerate(bugs)
        for x, law in enumerate(laws)
        if law in caught.get(bug, ())
    ]
    alive = [bug for bug in bugs if not any(law in caught.get(bug, ()) for law in laws)]
    longest = max(map(len, [*bugs, "x"]))
    width = 0.6 + 0.085 * longest + 0.22 * len(laws)
    height = 0.3 + 0.075 * max(map(len, [*laws, "x"])) + 0.17 * len(bugs)
    with figure_of(width, height) as figure:
        axes = figure.add_subplot()
        axes.set(xlim=(-0.6, len(laws) - 0.4), ylim=(len(bugs) - 0.4, -0.6))
        axes.set_xticks(range(len(laws)), laws, rotation=90, fontsize=8)
        names = [f"{bug} (survives)" if bug in alive else bug for bug in bugs]
        ticks = axes.set_yticks(range(len(bugs)), names, fontsize=8)
        for tick, bug in zip(ticks, bugs, strict=True):
            if bug in alive:
                tick.label1.set_color(BAD)
        axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        axes.grid(color=LINE, linewidth=0.4)
        axes.set_axisbelow(True)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        if hits:
            ys, xs = zip(*hits, strict=True)
            axes.plot(xs, ys, "s", color=GOOD, markersize=6)
        text = f"{len(bugs) - len(alive)} of {len(bugs)} bugs are caught by at least one law."
        return svg_of(figure, title, text)


def training_curves(
    series: Mapping[str, Sequence[float]],
    *,
    x: Sequence[float] | None = None,
    xlabel: str = "epoch",
    ylabel: str = "loss",
    log: bool = False,
    title: str = "Training",
) -> str:
    """Named series over epochs or steps; they differ in dash and marker, not in colour alone.

    Parameters
    ----------
    series
        Name to values.
    x
        Where the values stand; 1, 2, ... when not given.
    log
        Logarithmic vertical axis.
    """
    with figure_of(4.6, 2.8) as figure:
        axes = figure.add_subplot()
        looks = [("-", GOOD), ("--", BAD), (":", INK), ("-.", GOOD), ((0, (1, 3)), BAD)]
        for i, (name, values) in enumerate(series.items()):
            y = floats(list(values))
            style, colour = looks[i % len(looks)]
            where = np.arange(1, y.size + 1) if x is None else floats(list(x))
            axes.plot(where, y, linestyle=style, color=colour, linewidth=1.5, label=name)
        axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
        axes.xaxis.set_major_locator(needs("matplotlib.ticker").MaxNLocator(6, integer=x is None))
        if log:
            log_ticks(axes.yaxis)
        axes.grid(color=LINE, linewidth=0.4)
        if series:
            axes.legend(frameon=False, fontsize=8)
        ends = [f"{name} ends at {float(v[-1]):.4g}" for name, v in series.items() if len(v)]
        return svg_of(figure, title, f"{ylabel} over {xlabel}: {'; '.join(ends) or 'no data'}.")


def confusion_matrix(
    matrix: Any, classes: Sequence[str] = (), *, title: str = "Confusion matrix"
) -> str:
    """Counts of true class (row) against predicted class (column).

    Parameters
    ----------
    matrix
        Square, of counts.
    classes
        Names of the classes; their numbers when not given.

    Raises
    ------
    ValueError
        `matrix` is not square, or `classes` has another length.
    """
    counts = np.asarray(matrix)
    n = len(counts)
    if counts.shape != (n, n):
        raise ValueError(f"confusion matrix: shape {counts.shape}, but should be square")
    names = list(classes) or [str(i) for i in range(n)]
    if len(names) != n:
        raise ValueError(f"confusion matrix: {len(names)} class names, but should be {n}")
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 1.2 + 0.36 * n
    with figure_of(side + 0.08 * max(map(len, names), default=1), side) as figure:
        axes = figure.add_subplot()
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1, interpolation="none")
        for y, x in np.ndindex(n, n):
            if counts[y, x]:
                axes.text(
                    x, y, str(counts[y, x]), ha="center", va="center", fontsize=7,
                    color="#ffffff" if share[y, x] > 0.5 else "#10151b",
                )  # fmt: skip
        axes.set_xticks(range(n), names, rotation=90 if max(map(len, names), default=1) > 2 else 0)
        axes.set_yticks(range(n), names)
        axes.tick_params(length=0)
        axes.set(xlabel="predicted", ylabel="true")
        right, total = int(np.trace(counts)), int(counts.sum())
        return svg_of(
            figure, title, f"{right} of {total} are on the diagonal, so classified right."
        )
