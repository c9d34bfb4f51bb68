"""Which statements a gradient comes from, and the line that assigns it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Sequence

from gradcheck.diagnose.pieces import Piece, called


def feeding(
    found: list[Piece], wanted: set[str], strict: bool = False
) -> Callable[[Piece, ast.stmt], bool]:
    """Which statements of the backward functions the gradient of one of these names comes from.

    A backward slice by names: from the assignments of the wanted names (all returns where there
    is none) to whatever assigns what they use.  Functions called on the way count as a whole.
    If `strict`, only statements that surely are behind it: none of a return, a loop, or a function
    called on the way, and none where a name is assigned more than once.
    """
    inside: set[int] = set()
    helpers: set[str] = set()
    for piece in found:
        if piece.role == "forward" or (piece.node.name in helpers and piece.owner is None):
            continue
        simple = [
            n
            for n in ast.walk(piece.node)
            if isinstance(n, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.For))
        ]
        needed = set(wanted)
        if strict:
            inside |= certain(simple, wanted)
            continue
        if not any(needed & assigned(n) for n in simple):
            needed |= {x for n in simple if isinstance(n, ast.Return) for x in used(n)}
            inside |= {id(n) for n in simple if isinstance(n, ast.Return)}
        grown = True
        while grown:
            grown = False
            for n in simple:
                if id(n) not in inside and needed & assigned(n):
                    inside.add(id(n))
                    needed |= used(n)
                    helpers |= called(n)
                    grown = True
    if strict:
        return lambda piece, n: id(n) in inside
    return lambda piece, n: id(n) in inside or piece.node.name in helpers or piece.role == "forward"


def certain(simple: Sequence[ast.stmt], wanted: set[str]) -> set[int]:
    """The plain assignments behind names that are assigned once."""
    plain = [n for n in simple if isinstance(n, (ast.Assign, ast.AugAssign))]
    count = Counter(x for n in plain for x in assigned(n))
    once = [n for n in plain if all(count[x] == 1 for x in assigned(n))]
    needed, inside = set(wanted), set()
    grown = True
    while grown:
        grown = False
        for n in once:
            if id(n) not in inside and needed & assigned(n):
                inside.add(id(n))
                needed |= used(n)
                grown = True
    return inside


def assigned(node: ast.stmt) -> set[str]:
    """Names (attributes, keys) a statement gives a value; a call may give one to its arguments."""
    if isinstance(node, ast.Assign):
        return {x for t in node.targets for x in names_in(t)} - {"self"}
    if isinstance(node, (ast.AugAssign, ast.For)):
        return names_in(node.target) - {"self"}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return {x for a in node.value.args for x in names_in(a)} - {"self", "np"}
    return set()


def used(node: ast.stmt) -> set[str]:
    """Names a statement reads."""
    value = node.iter if isinstance(node, ast.For) else node
    return names_in(value) - {"self", "np"}  # type: ignore[arg-type]


def source_line(source: str, line: int | None) -> str:
    """One line of a text, without its indentation."""
    lines = source.splitlines()
    return lines[line - 1].strip() if line and 0 < line <= len(lines) else ""


def gradient_line(found: list[Piece], called_name: str, wrt: str) -> int | None:
    """The line that assigns a gradient: to its attribute, its key, its name, or a return.

    The last assignment in the backward method counts; a return whose value is an expression is
    the place where nothing else is.
    """
    wanted = {called_name, called_name.removeprefix("self."), f"d{wrt}", f"grad_{wrt}"}
    best: int | None = None
    returned: int | None = None
    for piece in found:
        if piece.role not in {"backward", "both"}:
            continue
        last: int | None = None
        for node in ast.walk(piece.node):
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(wanted & names_in(t) for t in targets):
                    best = max(best or 0, node.lineno)
                entry = entry_line(node.value, wrt)
                if entry and any("grad" in x.lower() for t in targets for x in names_in(t)):
                    best = max(best or 0, entry)
            elif isinstance(node, ast.Return) and node.value is not None:
                entry = next((e for n in (*wanted, wrt) if (e := entry_line(node.value, n))), None)
                best = max(best or 0, entry) if entry else best
                last = node.lineno
        if best:
            return best
        returned = returned or last
    return returned


def entry_line(value: ast.expr | None, key: str) -> int | None:
    """The line of an entry of a dictionary that is written out: ``{"W2": ...}``."""
    if not isinstance(value, ast.Dict):
        return None
    pairs = zip(value.keys, value.values, strict=True)
    return next(
        (v.lineno for k, v in pairs if isinstance(k, ast.Constant) and k.value == key), None
    )


def names_in(target: ast.expr) -> set[str]:
    """Every name a target assigns: ``self.dW[...]`` gives dW, self.dW, dW."""
    found: set[str] = set()
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found
