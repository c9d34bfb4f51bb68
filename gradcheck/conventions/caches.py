"""What a forward function leaves for its backward, and backwards that take nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.conventions.calls import applied
from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.signature import plain, returned_names
from gradcheck.types import Array

CACHES = {"cache", "caches", "memory", "saved", "stored", "tape", "cached", "ctx", "intermediates"}


def is_cache(name: str) -> bool:
    """``cache``, ``caches``, ``linear_cache``: what a forward leaves for its backward."""
    return plain(name) in CACHES or plain(name).endswith(("cache", "caches"))


def left_behind(live: Live, forward: Any, many: int) -> Any:
    """What a forward returned beside its `many` outputs; the last where that can only be a cache."""
    result = live.memory["result"]
    if not isinstance(result, tuple):
        return result
    names = returned_names(forward)
    if len(result) == many + 1:
        return result[many]
    called = len(names) == len(result) and is_cache(names[-1])
    if len(result) > many + 1 and (called or isinstance(result[-1], (tuple, list, dict))):
        return result[-1]
    return result[many:]


def local(result: Any, cot: Array) -> Any:
    """Derivatives of the output's entries, which a backward without an upstream gradient gives, times it.

    Raises
    ------
    Refused
        They have another shape than the output: what is differentiated cannot be told.
    """
    if isinstance(result, dict):
        return {k: local(v, cot) for k, v in result.items()}
    if isinstance(result, (tuple, list)):
        return tuple(local(v, cot) for v in result)
    if cot.size > 1 and np.shape(result) not in {cot.shape, (), (*cot.shape, *cot.shape[-1:])}:
        raise Refused(
            f"backward takes no upstream gradient and gives an array of shape {np.shape(result)} "
            f"for an output of shape {cot.shape}: what it is the derivative of cannot be told"
        )
    return applied(result, cot)
