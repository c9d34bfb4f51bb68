"""Pictures as SVG text: heat map, scatter, the V curve, kill matrix, training, confusion.

The data of the first three travel in ``Verdict.detail``, a mapping that JSON can hold;
`gradcheck.evidence` says what their keys are and makes them from arrays.

Every drawing function returns a complete ``<svg>`` element that can stand inside a page: text is
text, nothing is fetched, ids are unique to the picture, and its colours are CSS variables of the
page (``--ink``, ``--paper``, ``--line``, ``--good``, ``--bad``) with light defaults, so that the
same text is a valid file. Needs matplotlib.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck.report.missing import needs

Floats = npt.NDArray[np.float64]

#: Colours drawn by matplotlib and the CSS variable each becomes.
#: The mark of a wrong entry has one colour for both themes: it stands on the heat map's own.
MARK = "#e3122a"
INK, PAPER, LINE, GOOD, BAD = "#1b1f24", "#fefefe", "#c9ced6", "#2463a8", "#c2371f"
_VARIABLES = {INK: "ink", PAPER: "paper", LINE: "line", GOOD: "good", BAD: "bad"}


def _floats(values: Any) -> Floats:
    """Nested lists of numbers, ``None`` and text as an array."""

    def convert(x: Any) -> Any:
        if isinstance(x, list | tuple | np.ndarray):
            return [convert(y) for y in x]
        return math.nan if x is None else float(x)

    return np.array(convert(values), dtype=float)


@contextmanager
def _figure(
    width: float, height: float, margins: tuple[float, float, float, float] | None = None
) -> Iterator[Any]:
    """A matplotlib figure in the house style; drawn with no display and no global state left.

    Sizes are in inches. Known `margins` (left, bottom, right, top) halve the time to draw, which
    a report with many pictures feels; without them matplotlib measures the labels.
    """
    matplotlib = needs("matplotlib")
    needs("matplotlib.backends.backend_svg")
    figure_module = needs("matplotlib.figure")
    style: dict[str, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "gradcheck",
        "text.parse_math": False,  # a class name with dollar signs is a name, not a formula
        "axes.unicode_minus": True,
        "font.size": 9.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10.0,
        "figure.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "xtick.minor.size": 0.0,
        "ytick.minor.size": 0.0,
    }
    inked = ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor")
    style |= dict.fromkeys(inked, INK)
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # The browser has the glyphs that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = figure_module.Figure(
            figsize=(width, height), layout=None if margins else "constrained"
        )
        if margins:
            left, bottom, right, top = margins
            figure.subplots_adjust(
                left / width, bottom / height, 1 - right / width, 1 - top / height
            )
        yield figure


def _svg(figure: Any, title: str, text: str) -> str:
    """The figure as one ``<svg>`` element with a title and a description for screen readers."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    svg = buffer.getvalue()
    svg = _small(svg[svg.index("<svg") :])
    key = hashlib.blake2s(
        (title + text + svg).encode("utf-8", "replace"), digest_size=4
    ).hexdigest()
    svg = re.sub(r'(\bid="|href="#|url\(#|class="|\}\.|<style>\.)(?=[A-Za-z])', rf"\1g{key}-", svg)
    for colour, name in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{name}, {colour})")
    opening, rest = svg.split(">", 1)
    width = re.search(r'viewBox="0 0 ([\d.]+)', opening)
    opening += f' width="{float(width[1]) * 4 / 3:.0f}"' if width else ""
    opening += f' role="img" aria-labelledby="g{key}-t g{key}-d"'
    opening += ' style="stroke-linejoin: round; stroke-linecap: butt"'
    names = f'<title id="g{key}-t">{escape(title)}</title><desc id="g{key}-d">{escape(text)}</desc>'
    return f"{opening}>{names}{rest.strip()}"


def _small(svg: str) -> str:
    """The same picture in a third of the characters, with no rule that reaches beyond it."""
    svg = re.sub(r"<!--.*?-->|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    svg = re.sub(r">\s+<", "><", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    svg = svg.replace("xlink:href", "href").replace(
        ' xmlns:xlink="http://www.w3.org/1999/xlink"', ""
    )
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"', "", svg)
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    svg = re.sub(r"font-family: [^;\"]*|font: ([\d.]+px) [^;\"]*", _font, svg)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]*)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", svg)
    while (shorter := re.sub(r"<g>((?:(?!</?g\b).)*)</g>", r"\1", svg)) != svg:
        svg = shorter
    styles = re.findall(r' style="([^"]*)"', svg)
    names = {style: f"s{i}" for i, style in enumerate(dict.fromkeys(styles))}
    svg = re.sub(r' style="([^"]*)"', lambda m: f' class="{names[m[1]]}"', svg)
    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    opening, rest = svg.split(">", 1)
    return f"{opening}><style>{rules}</style>{rest}"


def _font(match: re.Match[str]) -> str:
    size = f"font-size: {match[1]}; " if match[1] else ""
    return f"{size}font-family: system-ui, sans-serif"


def _span(*values: Any) -> tuple[float, float]:
    """Limits of a logarithmic axis that holds all positive numbers, with room on both sides."""
    found = np.concatenate([np.ravel(v) for v in values])
    found = found[np.isfinite(found) & (found > 0)]
    return (found.min() / 2, found.max() * 2) if found.size else (0.1, 10.0)


def _say_empty(axes: Any, empty: bool) -> None:
    if empty:
        axes.text(0.5, 0.5, "nothing finite to draw", transform=axes.transAxes, ha="center")


def _power(value: float, _position: int = 0) -> str:
    """A tick of a logarithmic axis, without mathematics markup."""
    return "0" if value == 0 else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+")


def _log_ticks(*axes: Any, count: int = 6) -> None:
    ticker = needs("matplotlib.ticker")
    for axis in axes:
        if axis.get_scale() == "log":
            axis.set_major_locator(ticker.LogLocator(numticks=count))
        axis.set_major_formatter(ticker.FuncFormatter(_power))
        axis.set_minor_formatter(ticker.NullFormatter())


def save(svg: str, path: Path | str) -> Path:
    """Write a picture to a file and return its path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n', "utf-8")
    return path


def heatmap(detail: Mapping[str, Any], *, title: str = "Where the gradient is wrong") -> str:
    """|claimed - measured| over the gradient, the wrong entries marked with a square.

    Parameters
    ----------
    detail
        As ``detail["heatmap"]`` above.
    title
        What the picture is called.
    """
    values = np.atleast_2d(_floats(detail["difference"]))
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
    with _figure(width, height, (0.6, 0.5, 1.0, 0.1)) as figure:
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
        return _svg(figure, title, text)


def scatter(detail: Mapping[str, Any], *, title: str = "Yours against measured") -> str:
    """Claimed against measured with the line where they agree; wrong entries are crosses.

    Parameters
    ----------
    detail
        As ``detail["scatter"]`` above.
    title
        What the picture is called.
    """
    claimed, measured = _floats(detail["claimed"]), _floats(detail["measured"])
    bound = _floats(detail["bound"])
    finite = np.isfinite(claimed) & np.isfinite(measured)
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(claimed - measured) <= bound)
    with _figure(2.8, 2.7, (0.7, 0.5, 0.08, 0.1)) as figure:
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
            _log_ticks(axes.xaxis, axes.yaxis)
        pad = 0.05 * (high - low) or 1.0
        axes.set(xlim=(low - pad, high + pad), ylim=(low - pad, high + pad))
        axes.set(xlabel="measured", ylabel="yours")
        axes.legend(frameon=False, loc="best", fontsize=8)
        _say_empty(axes, not finite.any())
        hidden = int(np.sum(~finite))
        text = (
            f"{int(wrong.sum())} of {claimed.size} entries shown are wrong and lie off the line."
        ) + (f" {hidden} are not finite and not drawn." if hidden else "")
        return _svg(figure, title, text)


def curve(detail: Mapping[str, Any], *, title: str = "Error against step") -> str:
    """The V: how the difference quotient of the worst entry depends on the step.

    Parameters
    ----------
    detail
        As ``detail["curve"]`` above.
    title
        What the picture is called.
    """
    h, error, noise = (_floats(detail[name]) for name in ("h", "error", "noise"))
    chosen, bound = float(detail["chosen"]), float(detail["bound"])
    with _figure(3.1, 2.7, (0.75, 0.5, 0.12, 0.1)) as figure:
        axes = figure.add_subplot()
        axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="error")
        axes.set(xlim=_span(h, chosen), ylim=_span(error, noise, bound))
        for values, style, name in ((error, "o-", "error"), (noise, "--", "noise")):
            drawn = np.isfinite(values) & (values > 0)
            if drawn.any():
                colour = GOOD if name == "error" else INK
                axes.plot(h[drawn], values[drawn], style, color=colour, markersize=3, label=name)
        _say_empty(axes, not np.any(np.isfinite(error) & (error > 0)))
        axes.axvline(chosen, color=BAD, linestyle="-.", linewidth=1, label="chosen step")
        if bound > 0 and math.isfinite(bound):
            axes.axhline(bound, color=BAD, linestyle=":", linewidth=1.2, label="bound")
        _log_ticks(axes.xaxis, axes.yaxis)
        axes.legend(frameon=False, fontsize=8)
        text = f"Errors at {h.size} steps; step {chosen:.1e} was used, with the bound {bound:.1e}."
        return _svg(figure, title, text)


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
    with _figure(width, height) as figure:
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
        return _svg(figure, title, text)


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
    with _figure(4.6, 2.8) as figure:
        axes = figure.add_subplot()
        looks = [("-", GOOD), ("--", BAD), (":", INK), ("-.", GOOD), ((0, (1, 3)), BAD)]
        for i, (name, values) in enumerate(series.items()):
            y = _floats(list(values))
            style, colour = looks[i % len(looks)]
            where = np.arange(1, y.size + 1) if x is None else _floats(list(x))
            axes.plot(where, y, linestyle=style, color=colour, linewidth=1.5, label=name)
        axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
        axes.xaxis.set_major_locator(needs("matplotlib.ticker").MaxNLocator(6, integer=x is None))
        if log:
            _log_ticks(axes.yaxis)
        axes.grid(color=LINE, linewidth=0.4)
        if series:
            axes.legend(frameon=False, fontsize=8)
        ends = [f"{name} ends at {float(v[-1]):.4g}" for name, v in series.items() if len(v)]
        return _svg(figure, title, f"{ylabel} over {xlabel}: {'; '.join(ends) or 'no data'}.")


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
    with _figure(side + 0.08 * max(map(len, names), default=1), side) as figure:
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
        return _svg(figure, title, f"{right} of {total} are on the diagonal, so classified right.")
