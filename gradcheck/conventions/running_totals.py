"""Losses that add what each call gives to a total, until a method sets it back."""

from __future__ import annotations

import ast
import functools
from typing import Any

import numpy as np

from gradcheck.conventions.live import Live, arrays_of
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import tree_of
from gradcheck.types import Array


@functools.lru_cache(maxsize=256)
def totals(cls: Any, forward: str) -> tuple[str, ...]:
    """Attributes that a forward adds to and that another method, not the constructor, sets anew."""
    added: set[str] = set()
    anew: set[str] = set()
    for owner in cls.__mro__[:-1]:
        for name, member in vars(owner).items():
            tree = tree_of(member) if callable(member) and not isinstance(member, type) else None
            for node in ast.walk(tree) if tree is not None else ():
                if isinstance(node, ast.AugAssign) and name == forward:
                    added |= attributes_in(node.target)
                if isinstance(node, ast.Assign) and name not in {"__init__", forward}:
                    anew |= {a for t in node.targets for a in attributes_in(t)}
    return tuple(sorted(added & anew))


def attributes_in(target: ast.expr) -> set[str]:
    """``loss`` of ``self.loss`` and of ``self.loss[:, 0]``."""
    while isinstance(target, ast.Subscript):
        target = target.value
    own = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self"
    return {target.attr} if own and isinstance(target, ast.Attribute) else set()


def remember(live: Live, method: Any) -> None:
    """Keep the totals as they are before a forward."""
    name = str(getattr(method, "__name__", ""))
    cls: Any = type(live.obj)
    names: tuple[str, ...] = () if live.obj is None else totals(cls, name)
    live.memory["totals"] = {
        n: np.array(getattr(live.obj, n)) for n in names if arrays_of(getattr(live.obj, n, None))
    }


def added(value: Array, live: Live, stored: Place | None) -> Array:
    """What a call added, where its value is a total: the total it stored, or the one it returned."""
    held = live.memory.get("totals") or {}
    for name, before in held.items():
        now = arrays_of(getattr(live.obj, name, None))
        here = stored is not None and stored[-1] == ("attr", name)
        if now and np.shape(before) == np.shape(now[0]) and (here or same(now[0], value)):
            return np.asarray(value - before)
    return value


def same(total: Any, value: Array) -> bool:
    """Whether a value is the total itself."""
    return np.shape(total) == np.shape(value) and bool(np.array_equal(total, value))
