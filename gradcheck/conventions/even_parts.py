"""Layers that part their columns: gated units take an even number of them, and other counts are no legal call."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

from gradcheck.conventions.signature import tree_of
from gradcheck.types import Op

#: Columns by a number, or ``np.split(x, 2, axis=1)``; ``n, d = x.shape`` names the columns.
COUNTED = r"(?:\.shape\[(?:1|-1)\]{}) // (\d)|split\([^,()]+, (\d)"
UNPACKED = re.compile(r"^\s*\(?\w+, (\w+)\)? = [\w.]+\.shape$", re.MULTILINE)
LEAST = 5


def parts_of(function: Any) -> int:
    """Into how many parts of one size a forward cuts the columns of its input; 1 if it does not."""
    tree = tree_of(function)
    text = "" if tree is None else ast.unparse(tree)
    names = "".join(rf"|\b{name}" for name in UNPACKED.findall(text))
    found = re.search(COUNTED.format(names), text)
    return int(found[1] or found[2]) if found else 1


def in_even_parts(op: Op, forward: Any) -> Op:
    """The Op with a number of columns that can be parted, where forward parts them."""
    parts = parts_of(forward)
    if parts < 2 or any(s.shape != ("N", "D") for s in op.slots):
        return op
    columns = next(n for n in range(LEAST, LEAST + parts) if n % parts == 0)
    return replace(op, slots=tuple(replace(s, shape=("N", columns)) for s in op.slots))
