"""Fitting words into lines of 100 columns, with and without colour."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from gradcheck.types import Status

WIDTH = 100
WORDS: Mapping[Status, str] = {
    "pass": "pass",
    "fail": "FAIL",
    "inconclusive": "?",
    "note": "note",
    "error": "error",
    "skipped": "skipped",
}
_COLOURS: Mapping[Status, str] = {
    "pass": "32",
    "fail": "1;31",
    "inconclusive": "33",
    "note": "36",
    "error": "1;35",
    "skipped": "2",
}


class Style:
    """Words with their colour, or without."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def status(self, status: Status, text: str | None = None) -> str:
        """A status word, or a text in its colour."""
        text = WORDS[status] if text is None else text
        return f"\x1b[{_COLOURS[status]}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """A heading."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text


def names_of(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, +{len(names) - most}" if len(names) > most else shown


def small(value: float) -> str:
    """A resolution or a bound: one digit is enough."""
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+") if value else "0"


def ended(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def middle(text: str, width: int) -> str:
    """Shortened in the middle: long names differ at their ends, and numbers stand there."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def wrap(text: str, indent: str = "") -> list[str]:
    """Lines of at most `WIDTH` columns; what follows the first is indented."""
    lead = text[: len(text) - len(text.lstrip())]
    lines: list[str] = []
    for part in text.strip().splitlines() or [""]:
        lines += textwrap.wrap(
            part,
            WIDTH,
            initial_indent=lead if not lines else indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ) or [""]
    return lines
