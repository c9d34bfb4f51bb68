"""The table of ``gradcheck list``."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from tabulate import tabulate

from gradcheck.types import Subject


def listed(subjects: Iterable[Subject]) -> str:
    """The table of ``gradcheck list``: names whole, the rest of the line for how each is built."""
    rows = [
        [s.name, "" if s.kind == "unknown" else s.kind, s.convention, f"{s.status}: {s.reason}" if s.reason else s.built]
        for s in subjects
    ]  # fmt: skip
    heads = ["name", "kind", "convention", "built as"]
    if not any(row[2] for row in rows):
        rows, heads = [[*row[:2], row[3]] for row in rows], [*heads[:2], heads[3]]
    used = sum(
        max(len(head), *(len(row[i]) for row in rows)) + 2 for i, head in enumerate(heads[:-1])
    )
    widths = [None] * (len(heads) - 1) + [
        max(30, shutil.get_terminal_size((110, 24)).columns - used)
    ]
    text: str = tabulate(rows, heads, disable_numparse=True, maxcolwidths=widths)
    return text
