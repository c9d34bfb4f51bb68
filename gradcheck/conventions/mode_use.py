"""Whether a backward looks at the mode: training or evaluation."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import Any

from gradcheck.conventions.signature import tree_of

#: What a name says about the mode.
MODE = re.compile(r"train|eval|test|infer|mode|phase|predict|deterministic", re.IGNORECASE)


def follows_mode(owner: Any, forward: Any, backward: Any) -> bool:
    """Whether backward uses a name that says the mode, one that holds the flag, or an attribute
    that forward sets in more than one place: once for training and once for evaluation.

    True as well where its source cannot be had.
    """
    tree = tree_of(backward) if backward is not None else None
    if tree is None:
        return True
    used = {str(getattr(n, "attr", getattr(n, "id", ""))) for n in ast.walk(tree)}
    told = any(map(MODE.search, used)) or bool(used & holding_flags(owner))
    return told or any(n in used and count > 1 for n, count in Counter(assigned(forward)).items())


def assigned(forward: Any) -> list[str]:
    """The attributes that the statements of a forward set, one name a statement."""
    tree = tree_of(forward) if forward is not None else None
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Assign)] if tree is not None else []
    return [t.attr for n in found for t in n.targets if isinstance(t, ast.Attribute)]


def holding_flags(owner: Any) -> set[str]:
    """The attributes that methods put their own flag of the mode into, whatever they are called."""
    found: set[str] = set()
    for cls in getattr(owner, "__mro__", ())[:-1]:
        tree = tree_of(cls)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Assign) and MODE.search(getattr(node.value, "id", "")):
                found |= {t.attr for t in node.targets if isinstance(t, ast.Attribute)}
    return found
