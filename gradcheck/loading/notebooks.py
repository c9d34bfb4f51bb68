"""Jupyter notebooks as Python source: code cells in order, magics and shell lines dropped."""

from __future__ import annotations

import ast
import json
import re
import warnings
from pathlib import Path

_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|.*[^#'\"]\?\??\s*|(?:\w+\s*=\s*)[!%].*)$")
_CELL = re.compile(r"^# cell (\d+)$")
_HARMLESS = ("%%time", "%%timeit", "%%capture", "%%prun")


def read(path: Path) -> tuple[str, tuple[str, ...]]:
    """The source of a notebook's code cells, and notes on cells that were left out.

    Every cell is preceded by a line ``# cell K``, from which `cell_of` finds the way back.

    Raises
    ------
    ValueError
        The file is not a notebook.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a notebook: {error}") from error
    cells = data.get("cells") if isinstance(data, dict) else None
    if cells is None and isinstance(data, dict) and "worksheets" in data:  # format 3
        cells = [c for sheet in data["worksheets"] for c in sheet.get("cells", ())]
    if not isinstance(cells, list):
        raise ValueError(f"{path}: not a notebook: it has no cells")
    parts, notes = [], []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        text = cell.get("source", cell.get("input", ""))
        source = _clean("".join(text) if isinstance(text, list) else str(text))
        problem = _problem(source)
        if problem:
            notes.append(f"cell {number} left out: {problem}")
            continue
        parts.append(f"# cell {number}\n{source}\n")
    return "".join(parts), tuple(notes)


def cell_of(source: str, line: int) -> tuple[int, int]:
    """``(cell, line in it)`` of a line of what `read` gave."""
    lines = source.splitlines()
    for at in range(min(line, len(lines)) - 1, -1, -1):
        match = _CELL.match(lines[at])
        if match:
            return int(match[1]), line - at - 1
    return 0, line


def _clean(cell: str) -> str:
    lines = cell.splitlines()
    if lines and lines[0].startswith("%%"):
        if not lines[0].startswith(_HARMLESS):
            return ""
        lines[0] = ""
    return "\n".join(lines) if _problem("\n".join(lines)) is None else _without_magics(lines)


def _without_magics(lines: list[str]) -> str:
    return "\n".join(_MAGIC.sub(r"\1pass", line) for line in lines)


def _problem(source: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError) as error:
        message = getattr(error, "msg", str(error))
        return f"line {getattr(error, 'lineno', 1)}: {message}"
    return None
