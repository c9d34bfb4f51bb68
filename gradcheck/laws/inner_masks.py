"""Masks that a layer or a model draws inside itself: a block, a recurrent layer, a network with dropout.

Srivastava et al. 2014, *Dropout*, section 10: what is kept is divided by the share that is kept, so
that the mean of a unit is what it is without dropout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.guard import one_seed
from gradcheck.laws.common import start, verdict
from gradcheck.laws.dropout import SIGMAS, asked_share, independent, other_share
from gradcheck.types import Array, Case, Op, Verdict

#: Passes in training; a unit that none of them keeps is switched off by something else than chance.
PASSES = 32
#: Samples of a pass, and units without which a share is not told.
SAMPLES, FEWEST = 16, 1000
#: The share of units that may be kept by no pass.
NEVER = 0.01
#: How far objects, lists and dicts inside each other are searched.
DEPTH = 4


@dataclass(frozen=True)
class Mask:
    """What an array of zeros and one other value is like over many passes."""

    name: str
    scale: float
    share: float
    spread: float


def inner_masks(op: Op, case: Case) -> Iterator[Verdict]:
    """Kept units times their scale have a mean of one, and as many are kept as was asked for."""
    asked = asked_share(op)
    if asked is None or op.construct is None:
        return
    for mask in masks(op, case):
        mean = mask.scale * mask.share
        if mask.scale != 1 and abs(mean - 1) > mask.scale * mask.spread:
            text = (
                f"training keeps {mask.share:.3f} of the units in {mask.name}, times {mask.scale:.6g}: a mean of "
                f"{mean:.4g} (± {mask.scale * mask.spread:.2g}), but it should be 1: the scale does not fit the share that is kept"
            )
            yield verdict("train_eval", "fail", op, case, mask.name, text, claimed=mean,
                          measured=1.0, bound=mask.scale * mask.spread)  # fmt: skip
            return
        if abs(mask.share - asked) > mask.spread >= abs(mask.share - (1 - asked)):
            where = ("train_eval", mask.name, mask.name)
            yield other_share(op, case, where, mask.share, asked, mask.spread)
            return


def masks(op: Op, case: Case) -> list[Mask]:
    """The arrays of 0 and one other value that an object keeps and draws anew in every pass."""
    seen: dict[str, list[Array]] = {}
    for seed in range(PASSES):
        live, inputs, _, labels = start(op, case.replace(N=SAMPLES))
        with one_seed(seed), np.errstate(all="ignore"):
            op.forward(live, inputs, labels, True)
        for name, array in held_arrays(getattr(live, "obj", live), "", DEPTH):
            seen.setdefault(name, []).append(array.copy())
    found = []
    for name, draws in seen.items():
        mask = drawn(name, draws)
        if mask is not None:
            found.append(mask)
    return found


def drawn(name: str, draws: list[Array]) -> Mask | None:
    """What the draws of one array are like, if they are those of a mask."""
    if len(draws) < PASSES or len({a.shape for a in draws}) > 1:
        return None
    every = np.array(draws, float)
    values = np.unique(every)
    if len(values) != 2 or values[0] != 0 or values[1] <= 0:
        return None
    kept = every != 0
    count = independent(kept)
    if np.all(kept == kept[:1]) or count < FEWEST or np.mean(~kept.any(axis=0)) > NEVER:
        return None
    share = float(kept.mean())
    return Mask(name, float(values[1]), share, SIGMAS * float(np.sqrt(share * (1 - share) / count)))


def held_arrays(holder: Any, name: str, depth: int) -> Iterator[tuple[str, Array]]:
    """The arrays of numbers that an object, and what it holds, keeps: by the path to them."""
    if isinstance(holder, np.ndarray):
        if holder.dtype.kind in "fbiu" and holder.size:
            yield name, holder
        return
    if depth == 0:
        return
    if isinstance(holder, dict):
        parts = [(f"{name}[{k!r}]", v) for k, v in holder.items()]
    elif isinstance(holder, (list, tuple)):
        parts = [(f"{name}[{i}]", v) for i, v in enumerate(holder)]
    else:
        dot = f"{name}." if name else ""
        parts = [(f"{dot}{k}", v) for k, v in getattr(holder, "__dict__", {}).items()]
    for path, part in parts:
        yield from held_arrays(part, path, depth - 1)
