"""What a backward's docstring and its callers say about the order of what it returns."""

from __future__ import annotations

import ast
import itertools
import re
from typing import Any

from gradcheck.conventions.signature import plain, returned_names


def out_of_order(backward: Any, tree: ast.AST | None) -> str:
    """How the returned order breaks what the docstring lists or a caller in the file takes, or ""."""
    names = returned_names(backward)
    if len(names) < 2 or len(set(names)) != len(names) or not all(names):
        return ""
    called = getattr(backward, "__name__", "backward")
    said = f"{called} returns ({', '.join(names)})"
    promised = listed(backward.__doc__ or "", names)
    if promised and promised != names:
        return f"{said}, but its docstring promises ({', '.join(promised)})"
    for line, taken in taken_as(called, names, tree):
        if taken != [plain(n) for n in names]:
            return f"{said}, but line {line} takes it as ({', '.join(taken)})"
    return ""


def listed(text: str, names: list[str]) -> list[str]:
    """The order of the names in a docstring: ``(dx, dw, db)``, or one of them at the start of each line."""
    for order in itertools.permutations(names) if len(names) <= 4 else ():
        if re.search(r"\b" + r"\s*,\s*(and\s+)?".join(map(re.escape, order)) + r"\b", text):
            return list(order)
    starts = re.findall(
        r"^[ \t]*[-*]?[ \t]*`{0,2}(\w+)`{0,2}[ \t]*(?=:|-|\(|,)", text, re.MULTILINE
    )
    found = [n for n in dict.fromkeys(starts) if n in names]
    return found if len(found) == len(names) else []


def taken_as(called: str, names: list[str], tree: ast.AST | None) -> list[tuple[int, list[str]]]:
    """Assignments ``dx, dw, db = backward(...)`` of the file whose targets are these names."""
    wanted = {plain(n) for n in names}
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        function, target = node.value.func, node.targets[0]
        named = getattr(function, "id", "")  # methods of several classes share a name
        if named != called or not isinstance(target, ast.Tuple):
            continue
        taken = [
            re.sub(r"\d", "", plain(getattr(e, "id", getattr(e, "attr", "")))) for e in target.elts
        ]
        if set(taken) == wanted and len(taken) == len(names):
            found.append((node.lineno, taken))
    return found
