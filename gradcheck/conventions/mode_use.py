"""Whether a backward looks at the mode: training or evaluation."""

from __future__ import annotations

import ast
import re
from typing import Any

from gradcheck.conventions.signature import tree_of

#: What a name says about the mode.
MODE = re.compile(r"train|eval|test|infer|mode|phase|predict|deterministic", re.IGNORECASE)


def follows_mode(owner: Any, backward: Any) -> bool:
    """Whether backward uses a name that says the mode, or one that holds the flag.

    True as well where its source cannot be had.
    """
    tree = tree_of(backward) if backward is not None else None
    if tree is None:
        return True
    used = {str(getattr(n, "attr", getattr(n, "id", ""))) for n in ast.walk(tree)}
    return any(map(MODE.search, used)) or bool(used & holding_flags(owner))


def holding_flags(owner: Any) -> set[str]:
    """The attributes that methods put their own flag of the mode into, whatever they are called."""
    found: set[str] = set()
    for cls in getattr(owner, "__mro__", ())[:-1]:
        tree = tree_of(cls)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Assign) and MODE.search(getattr(node.value, "id", "")):
                found |= {t.attr for t in node.targets if isinstance(t, ast.Attribute)}
    return found
