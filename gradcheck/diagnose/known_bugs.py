"""The entry of the bug catalogue that a change of the code undoes."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache

from gradcheck.diagnose.edits import Edit

#: Names that are part of what is computed, not of how somebody calls things.
KEPT = {"np", "numpy", "sum", "mean", "max", "min", "dot", "exp", "log", "sqrt", "sign", "tanh", "where", "T",
        "shape", "size", "axis", "keepdims", "copy", "zeros", "ones", "zeros_like", "ones_like", "add", "at",
        "arange", "reshape", "transpose", "argmax", "clip", "square", "abs", "astype", "len", "range"}  # fmt: skip


def entry_of(edit: Edit) -> str:
    """The id of a catalogue entry whose changed line is this one but for its names, or ""."""
    pair = plain(edit.before, edit.after)
    return entries().get(pair, "") if pair else ""


@cache
def entries() -> dict[tuple[str, str], str]:
    """Changed lines of the catalogue without their names; empty where it is not installed."""
    try:
        bugs = importlib.import_module("gradcheck_reference.bugs")
    except ModuleNotFoundError:
        return {}
    found: dict[tuple[str, str], str] = {}
    for bug in bugs.load():
        pair = changed_line(bug.new, bug.old)
        key = plain(*pair) if pair else None
        if key:
            found.setdefault(key, bug.id)
    return found


def changed_line(wrong: str, right: str) -> tuple[str, str] | None:
    """The one line in which two texts differ."""
    a, b = wrong.splitlines(), right.splitlines()
    if len(a) != len(b):
        return None
    different = [(x.strip(), y.strip()) for x, y in zip(a, b, strict=True) if x != y]
    return different[0] if len(different) == 1 else None


def plain(before: str, after: str) -> tuple[str, str] | None:
    """Both lines with their names replaced by numbers in the order in which they appear.

    None for what cannot be parsed, and for lines too short to say anything.
    """
    try:
        texts = [ast.unparse(ast.parse(re.sub(r"\bself\.", "", t))) for t in (before, after)]
    except SyntaxError:
        return None
    if min(len(t) for t in texts) < 12:
        return None
    names: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        word = match.group(0)
        return word if word in KEPT else names.setdefault(word, f"v{len(names)}")

    first, second = (re.sub(r"[A-Za-z_]\w*", number, t) for t in texts)
    return first, second
