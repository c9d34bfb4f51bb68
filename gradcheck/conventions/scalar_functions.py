"""Functions of single numbers, ``forward(ctx, a, b)`` with ``math.log``: applied to every entry of arrays."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradcheck.conventions.argument_roles import CONTEXT_NAMES
from gradcheck.conventions.live import call_quietly
from gradcheck.conventions.signature import arguments, plain, verbs
from gradcheck.conventions.stand_ins import Context
from gradcheck.types import Array

#: Numbers on which any function of the kind is defined.
SAMPLES = (0.6, 0.7, 0.8)


def takes_numbers_only(cls: Any) -> bool:
    """Whether a class of ``forward(ctx, ...)`` and ``backward(ctx, d)`` runs on numbers, not on arrays."""
    pair = verbs(cls)
    if pair is None:
        return False
    both = [arguments(getattr(cls, method)) for method in pair]
    if not all(args and plain(args[0].name) in CONTEXT_NAMES for args in both):
        return False
    count = len([a for a in both[0][1:] if a.required])
    forward = getattr(cls, pair[0])
    try:
        value = call_quietly(forward, Context(), *SAMPLES[:count])
    except Exception:  # not for numbers
        return False
    if not isinstance(value, (int, float)) or not 0 < count <= len(SAMPLES):
        return False
    held = Context()
    try:
        out = call_quietly(forward, held, *(np.full((2, 3), s) for s in SAMPLES[:count]))
        call_quietly(getattr(cls, pair[1]), held, np.ones_like(out))
    except (TypeError, ValueError):
        return True
    except Exception:  # wrong for arrays and numbers alike: the laws tell it
        return False
    return False


def entry_by_entry(cls: Any) -> Any:
    """The class with both functions applied to every entry of the arrays that they are given."""
    one, other = verbs(cls) or ("", "")
    forward, backward = getattr(cls, one), getattr(cls, other)

    @functools.wraps(forward)
    def over_entries(ctx: Any, *arrays: Any) -> Array:
        spread = np.broadcast_arrays(*arrays)
        ctx.inputs, ctx.entries = len(arrays), [Context() for _ in range(spread[0].size)]
        values = zip(*(a.ravel().tolist() for a in spread), strict=True)
        found = []
        for held, given in zip(ctx.entries, values, strict=True):
            try:
                found.append(forward(held, *given))
            except OverflowError:  # where an array would hold infinity
                found.append(np.inf)
        return np.array(found, dtype=np.float64).reshape(spread[0].shape)

    @functools.wraps(backward)
    def back_over_entries(ctx: Any, upstream: Any) -> Any:
        found = []
        for held, g in zip(ctx.entries, np.ravel(upstream).tolist(), strict=True):
            try:
                found.append(backward(held, g))
            except OverflowError:
                found.append((np.inf,) * ctx.inputs if ctx.inputs > 1 else np.inf)
        several = isinstance(found[0], tuple)
        columns = zip(*found, strict=True) if several else [found]
        arrays = [np.array(c, dtype=np.float64).reshape(np.shape(upstream)) for c in columns]
        return tuple(arrays) if several else arrays[0]

    return type(
        cls.__name__, (cls,),
        {one: staticmethod(over_entries), other: staticmethod(back_over_entries), "__module__": cls.__module__},
    )  # fmt: skip
