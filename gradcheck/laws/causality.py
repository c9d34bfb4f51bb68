"""What ``causal=True`` promises: no position of the output sees a later position of the input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import differs, evaluate, numbers_differ
from gradcheck.types import Array, Case, Op, Primals, Verdict

FLAGS = ("causal", "is_causal", "autoregressive")


def promises(op: Op) -> bool:
    """Whether an object is told to be causal and takes sequences."""
    inner = getattr(op.make(), "obj", None)
    told = any(getattr(inner, f, None) is True or op.options.get(f) is True for f in FLAGS)
    return told and bool(op.slots) and all("T" in s.shape for s in op.slots)


def causal(op: Op, case: Case) -> Iterator[Verdict]:
    """The output up to a position is the same whatever comes after it."""
    if not promises(op):
        return
    primals, _ = cases.draw(op, case)
    axis, length = op.slots[0].shape.index("T"), dict(case.sizes)["T"]
    plain = np.asarray(evaluate(op, case, primals).output)
    if plain.ndim <= axis or plain.shape[axis] != length or length < 3:
        return
    here = length // 2
    early, late = slice(0, here), slice(here, length)
    future = part(changed(op, case, primals, late), early, axis)
    past = part(changed(op, case, primals, early), late, axis)
    if not differs(future, part(plain, early, axis)):
        return
    seen = differs(past, part(plain, late, axis))
    text = f"it is causal, but the first {here} positions of the output change with the later ones of the input"
    yield numbers_differ("roles", "fail", op, case, "output", future, part(plain, early, axis), text,
                         detail={"past_seen": seen})  # fmt: skip


def changed(op: Op, case: Case, primals: Primals, positions: slice) -> Array:
    """The output with other numbers at some positions of every input."""
    other = {}
    for s in op.slots:
        value = primals[s.name].copy()
        mine = part(value, positions, s.shape.index("T"))
        mine[...] = 1 - mine if value.dtype.kind in "iu" else mine + 0.75
        other[s.name] = value
    return np.asarray(evaluate(op, case, {**primals, **other}).output)


def part(array: Array, positions: slice, axis: int) -> Array:
    """Some positions along an axis."""
    return array[(*(slice(None),) * axis, positions)]
