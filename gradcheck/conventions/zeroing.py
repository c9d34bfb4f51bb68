"""Gradients that add up over calls, where other code of the file or its project sets them to zero.

An optimizer's ``zero_grad`` or the training loop does it in the style of PyTorch: the layer itself
has no method for it.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.conventions import places
from gradcheck.conventions.live import Live
from gradcheck.conventions.places import Place
from gradcheck.loading.source import parse_quietly, read_source
from gradcheck.loading.usages import folder_of, trees
from gradcheck.resets import resets


def zeroed_by_others(obj: Any, grads: Mapping[str, Place]) -> Callable[[Live], None] | None:
    """A reset that fills the gradients with zeros, where other code of the project does so."""
    kept = [p for p in grads.values() if p[0] == ("attr", "obj")]
    names = {str(key) for p in kept for kind, key in p[1:] if kind == "attr"}
    names = {n for n in names if re.search(r"grad|^d[A-Z_]|^d(w|b)", n)}
    if not names:
        return None
    holders = [places.read(Live(obj), p[:-1]) for p in kept]
    own = any(h is not obj and h is not None and resets(h, gradients=True) for h in holders)
    if not own and not zeroed_near(file_of(obj), frozenset(names)):
        return None

    def reset(live: Live) -> None:
        for place in kept:
            held = places.read(live, place)
            if isinstance(held, np.ndarray):
                held.fill(0.0)

    return reset


def file_of(obj: Any) -> str:
    """The file of an object's class, or ""."""
    module = sys.modules.get(type(obj).__module__)
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not Path(file).is_file():
        file = getattr(getattr(type(obj).__init__, "__code__", None), "co_filename", "")
    return str(file) if Path(str(file)).is_file() else ""


@functools.lru_cache(maxsize=128)
def zeroed_near(file: str, names: frozenset[str]) -> bool:
    """Whether a file, one that imports it, or one beside it there, sets such an attribute to zeros."""
    return bool(file) and any(resets_in(tree, set(names)) for tree in near(Path(file)))


def near(path: Path) -> Iterator[ast.Module]:
    """The trees of a file, of those that import it, and of what these import."""
    try:
        yield parse_quietly(read_source(path), str(path))
    except (OSError, SyntaxError, ValueError):
        return
    folder = folder_of({"__file__": str(path)})
    beside: set[str] = set()
    for _, tree in trees(folder, path.stem):
        names = {n for node in ast.walk(tree) for n in imported(node)}
        if path.stem in names:
            beside |= names
            yield tree
    yield from (tree for _, tree in trees(folder, stems=beside))


def imported(node: ast.AST) -> set[str]:
    """The last names of the modules that a statement imports."""
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").rpartition(".")[2], *(a.name for a in node.names)}
    if isinstance(node, ast.Import):
        return {a.name.rpartition(".")[2] for a in node.names}
    return set()


def resets_in(tree: ast.Module, names: set[str]) -> bool:
    """Whether a file sets an attribute of such a name of another object to zeros."""
    return any(sets_zero(node, names) for node in ast.walk(tree))


def sets_zero(node: ast.AST, names: set[str]) -> bool:
    """``p.grad = 0``, ``p.grad[...] = 0``, ``p.grad = np.zeros_like(p.value)``, ``p.grad.fill(0)``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return (
            node.func.attr == "fill"
            and isinstance(owner, ast.Attribute)
            and of_another(owner, names)
        )
    if not isinstance(node, ast.Assign):
        return False
    if not re.match(r"^(0|0\.0?|None|np\.zeros.*)$", ast.unparse(node.value)):
        return False
    owners = [t.value if isinstance(t, ast.Subscript) else t for t in node.targets]
    return any(isinstance(o, ast.Attribute) and of_another(o, names) for o in owners)


def of_another(node: ast.Attribute, names: set[str]) -> bool:
    """``layer.dW``, not ``self.dW``."""
    return node.attr in names and getattr(node.value, "id", "") != "self"
