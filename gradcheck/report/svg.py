"""Figures in the house style as small, accessible SVG that can stand inside a page.

Text is text, nothing is fetched, ids and rules are unique to the picture, and its colours are CSS
variables of the page (``--ink``, ``--paper``, ``--line``, ``--good``, ``--bad``) with light
defaults, so that the same text is a valid file. Needs matplotlib.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import warnings
from collections.abc import Iterator
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


VARIABLES = {INK: "ink", PAPER: "paper", LINE: "line", GOOD: "good", BAD: "bad"}


@contextmanager
def figure_of(
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


def svg_of(figure: Any, title: str, text: str) -> str:
    """The figure as one ``<svg>`` element with a title and a description for screen readers."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    svg = buffer.getvalue()
    svg = small(svg[svg.index("<svg") :])
    key = hashlib.blake2s(
        (title + text + svg).encode("utf-8", "replace"), digest_size=4
    ).hexdigest()
    svg = re.sub(r'(\bid="|href="#|url\(#|class="|\}\.|<style>\.)(?=[A-Za-z])', rf"\1g{key}-", svg)
    for colour, name in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{name}, {colour})")
    opening, rest = svg.split(">", 1)
    width = re.search(r'viewBox="0 0 ([\d.]+)', opening)
    opening += f' width="{float(width[1]) * 4 / 3:.0f}"' if width else ""
    opening += f' role="img" aria-labelledby="g{key}-t g{key}-d"'
    opening += ' style="stroke-linejoin: round; stroke-linecap: butt"'
    names = f'<title id="g{key}-t">{escape(title)}</title><desc id="g{key}-d">{escape(text)}</desc>'
    return f"{opening}>{names}{rest.strip()}"


def small(svg: str) -> str:
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


def save(svg: str, path: Path | str) -> Path:
    """Write a picture to a file and return its path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n', "utf-8")
    return path


def floats(values: Any) -> Floats:
    """Nested lists of numbers, ``None`` and text as an array."""

    def convert(x: Any) -> Any:
        if isinstance(x, list | tuple | np.ndarray):
            return [convert(y) for y in x]
        return math.nan if x is None else float(x)

    return np.array(convert(values), dtype=float)


def _power(value: float, _position: int = 0) -> str:
    """A tick of a logarithmic axis, without mathematics markup."""
    return "0" if value == 0 else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+")


def log_ticks(*axes: Any, count: int = 6) -> None:
    ticker = needs("matplotlib.ticker")
    for axis in axes:
        if axis.get_scale() == "log":
            axis.set_major_locator(ticker.LogLocator(numticks=count))
        axis.set_major_formatter(ticker.FuncFormatter(_power))
        axis.set_minor_formatter(ticker.NullFormatter())
