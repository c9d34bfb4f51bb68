"""Pictures as SVG text: heat map, scatter, the V curve, kill matrix, training, confusion.

The data of the first three travel in ``Verdict.detail``, a mapping that JSON can hold;
`gradcheck.evidence` says what their keys are and makes them from arrays.

Every drawing function returns a complete ``<svg>`` element with a title and a description; see
`gradcheck.report.svg`. Needs matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.report.charts import confusion_matrix, kill_matrix, training_curves
from gradcheck.report.missing import needs
from gradcheck.report.svg import (
    BAD,
    GOOD,
    INK,
    LINE,
    MARK,
    figure_of,
    floats,
    log_ticks,
    save,
    svg_of,
)

__all__ = [
    "confusion_matrix",
    "curve",
    "heatmap",
    "kill_matrix",
    "save",
    "scatter",
    "training_curves",
]


def _span(*values: Any) -> tuple[float, float]:
    """Limits of a logarithmic axis that holds all positive numbers, with room on both sides."""
    found = np.concatenate([np.ravel(v) for v in values])
    found = found[np.isfinite(found) & (found > 0)]
    return (found.min() / 2, found.max() * 2) if found.size else (0.1, 10.0)


def _say_empty(axes: Any, empty: bool) -> None:
    if empty:
        axes.text(0.5, 0.5, "nothing finite to draw", transform=axes.transAxes, ha="center")


def heatmap(detail: Mapping[str, Any], *, title: str = "Where the gradient is wrong") -> str:
    """|claimed - measured| over the gradient, the wrong entries marked with a square.

    Parameters
    ----------
    detail
        As ``detail["heatmap"]`` above.
    title
        What the picture is called.
    """
    values = np.atleast_2d(floats(detail["difference"]))
    values = values if values.size else np.zeros((1, 1))
    wrong = np.array(detail.get("wrong") or np.empty((0, 2)), dtype=int)
    rows, columns = values.shape
    positive = values[np.isfinite(values) & (values > 0)]
    top = math.log10(positive.max()) if positive.size else 0.0
    low = min(max(math.log10(positive.min()), top - 16), top - 1) if positive.size else -1.0
    with np.errstate(divide="ignore"):
        logs = np.clip(np.log10(np.minimum(values, 10.0**top)), low, top)
    logs = np.ma.array(logs, mask=np.isnan(values))
    width = min(3.8, 1.6 + max(1.2, 0.22 * columns))
    height = min(2.7, max(1.9, 0.6 + (width - 1.6) * rows / columns))
    with figure_of(width, height, (0.6, 0.5, 1.0, 0.1)) as figure:
        axes = figure.add_subplot()
        image = axes.imshow(
            logs, cmap="cividis", interpolation="none", aspect="auto", vmin=low, vmax=top,
        )  # fmt: skip
        if len(wrong):
            axes.plot(
                wrong[:, 1], wrong[:, 0], linestyle="none", marker="s", markerfacecolor="none",
                markeredgecolor=MARK, markersize=max(1.6, 110 / max(rows, columns, 12)),
            )  # fmt: skip
        whole = tuple(detail.get("shape", values.shape))
        shrunk = math.prod(whole) > values.size
        axes.set_xlabel("column" + (" (blocks)" if shrunk else ""))
        axes.set_ylabel("row" + (" (blocks)" if shrunk else ""))
        axes.locator_params(integer=True)  # rows and columns are counted
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(needs("matplotlib.ticker").MaxNLocator(5, integer=True))
        beside = figure.add_axes(
            ((width - 0.85) / width, 0.5 / height, 0.14 / width, 1 - 0.6 / height)
        )
        bar = figure.colorbar(image, cax=beside)
        bar.set_label("log₁₀ |yours − measured|", fontsize=8)
        bar.locator = needs("matplotlib.ticker").MaxNLocator(5)
        bar.formatter = needs("matplotlib.ticker").FormatStrFormatter("%g")
        bar.update_ticks()
        text = (
            f"Gradient of shape {whole}: {len(wrong)} of {values.size} cells hold a wrong entry, "
            "marked with a square."
        ) + (" Blank cells were not measured alone." if np.isnan(values).any() else "")
        return svg_of(figure, title, text)


def scatter(detail: Mapping[str, Any], *, title: str = "Yours against measured") -> str:
    """Claimed against measured with the line where they agree; wrong entries are crosses.

    Parameters
    ----------
    detail
        As ``detail["scatter"]`` above.
    title
        What the picture is called.
    """
    claimed, measured = floats(detail["claimed"]), floats(detail["measured"])
    bound = floats(detail["bound"])
    finite = np.isfinite(claimed) & np.isfinite(measured)
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(claimed - measured) <= bound)
    with figure_of(2.8, 2.7, (0.7, 0.5, 0.08, 0.1)) as figure:
        axes = figure.add_subplot()
        shown = np.concatenate([claimed[finite], measured[finite], [0.0]])
        axes.axline((0, 0), slope=1, color=LINE, linewidth=1.2, zorder=0)
        right, off = finite & ~wrong, finite & wrong
        axes.plot(measured[right], claimed[right], "o", color=GOOD, markersize=3, label="agrees")
        axes.plot(measured[off], claimed[off], "x", color=BAD, markersize=5, label="wrong")
        low, high = shown.min(), shown.max()
        small = np.abs(shown[shown != 0]).min(initial=np.inf)
        if np.isfinite(small) and np.abs(shown).max() > 1e4 * np.median(np.abs(shown)) > 0:
            axes.set_xscale("symlog", linthresh=max(small, np.abs(shown).max() * 1e-8))
            axes.set_yscale("symlog", linthresh=max(small, np.abs(shown).max() * 1e-8))
            log_ticks(axes.xaxis, axes.yaxis)
        pad = 0.05 * (high - low) or 1.0
        axes.set(xlim=(low - pad, high + pad), ylim=(low - pad, high + pad))
        axes.set(xlabel="measured", ylabel="yours")
        axes.legend(frameon=False, loc="best", fontsize=8)
        _say_empty(axes, not finite.any())
        hidden = int(np.sum(~finite))
        text = (
            f"{int(wrong.sum())} of {claimed.size} entries shown are wrong and lie off the line."
        ) + (f" {hidden} are not finite and not drawn." if hidden else "")
        return svg_of(figure, title, text)


def curve(detail: Mapping[str, Any], *, title: str = "Error against step") -> str:
    """The V: how the difference quotient of the worst entry depends on the step.

    Parameters
    ----------
    detail
        As ``detail["curve"]`` above.
    title
        What the picture is called.
    """
    h, error, noise = (floats(detail[name]) for name in ("h", "error", "noise"))
    chosen, bound = float(detail["chosen"]), float(detail["bound"])
    with figure_of(3.1, 2.7, (0.75, 0.5, 0.12, 0.1)) as figure:
        axes = figure.add_subplot()
        axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="error")
        axes.set(xlim=_span(h, chosen), ylim=_span(error, noise, bound))
        for values, style, name in ((error, "o-", "error"), (noise, "--", "noise")):
            drawn = np.isfinite(values) & (values > 0)
            if drawn.any():
                colour = GOOD if name == "error" else INK
                axes.plot(h[drawn], values[drawn], style, color=colour, markersize=3, label=name)
        finite = error[np.isfinite(error)]
        _say_empty(axes, not finite.size)
        if finite.size and not finite.any():  # a linear function
            axes.plot([], [], "o-", color=GOOD, markersize=3, label="error: 0 at every step")
        axes.axvline(chosen, color=BAD, linestyle="-.", linewidth=1, label="chosen step")
        if bound > 0 and math.isfinite(bound):
            axes.axhline(bound, color=BAD, linestyle=":", linewidth=1.2, label="bound")
        log_ticks(axes.xaxis, axes.yaxis)
        axes.legend(frameon=False, fontsize=8)
        text = f"Errors at {h.size} steps; step {chosen:.1e} was used, with the bound {bound:.1e}."
        return svg_of(figure, title, text)
