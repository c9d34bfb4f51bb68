"""The shapes of the names in the user's functions, seen by running them once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np

from gradcheck.diagnose.measure import Point, again
from gradcheck.diagnose.pieces import Piece
from gradcheck.types import Op


def shapes_in(
    op: Op, point: Point, found: Sequence[Piece]
) -> dict[str, Mapping[str, tuple[int, ...]]]:
    """For each function its names, ``self.x`` included, with their shapes when it returned last.

    A name that held arrays of different shapes in different calls is left out.
    """
    seen: dict[str, dict[str, tuple[int, ...]]] = {}
    mixed: set[tuple[str, str]] = set()
    for name, held in returns(op, point, found):
        mine = seen.setdefault(name, {})
        for key, value in held.items():
            if mine.setdefault(key, np.shape(value)) != np.shape(value):
                mixed.add((name, key))
    return {f: {k: s for k, s in held.items() if (f, k) not in mixed} for f, held in seen.items()}


def returns(op: Op, point: Point, found: Sequence[Piece]) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each return of the user's functions in one call: the name, and the numbers it held.

    The attributes of its object are there as ``self.x``.
    """
    codes = {p.function.__code__: p.node.name for p in found}
    seen: list[tuple[str, dict[str, Any]]] = []

    def watch(frame: FrameType, event: str, arg: Any) -> None:
        name = codes.get(frame.f_code)
        if event != "return" or name is None or len(seen) > 500:
            return
        held = dict(frame.f_locals)
        me = held.get("self")
        held |= {f"self.{k}": v for k, v in getattr(me, "__dict__", {}).items()}
        kept = (np.ndarray, np.generic, int, float)
        seen.append((name, {k: v for k, v in held.items() if isinstance(v, kept)}))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        again(op, point)
    finally:
        sys.setprofile(before)
    yield from seen
