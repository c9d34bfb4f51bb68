"""Where two runs from the same weights and batches part, and which link is the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.training.chain import Chain
from gradcheck.types import Array, Primals

#: Two links differ where their results are apart by more than this share of the norm. In float64
#: right code is some 1e-15 apart; an epsilon inside a logarithm makes 1e-7.
APART = 1e-9


@dataclass(frozen=True)
class Parting:
    """Where two runs part: the step, the parameter, how far, and the link that differs."""

    step: int
    parameter: str
    apart: float
    link: str
    what: str


def distances(a: Chain, b: Chain) -> dict[str, float]:
    """How far each parameter of one chain is from the other's, as a share of its norm."""
    pairs = enumerate(zip(a.parameters(), b.parameters(), strict=True))
    return {f"layer {i} {name}": _apart(x[name], y[name]) for i, (x, y) in pairs for name in y}


def find_parting(
    step: int,
    limit: float,
    mine: Chain,
    reference: Chain,
    before: list[Primals],
    X: Array,
    y: Array,
) -> Parting | None:
    """Whether some parameter is apart after this step, and the first link that differs."""
    apart = distances(mine, reference)
    worst = max(apart, key=lambda k: apart[k])
    if apart[worst] <= limit:
        return None
    link, what = blame(mine, reference, before, X, y)
    return Parting(step, worst, apart[worst], link, what)


def blame(
    mine: Chain, reference: Chain, before: list[Primals], X: Array, y: Array
) -> tuple[str, str]:
    """The first link that, given the reference's numbers, gives other numbers."""
    after = mine.parameters(), reference.parameters()
    mine.put(before)
    reference.put(before)
    try:
        return _first_difference(mine, reference, X, y)
    finally:
        mine.put(after[0])
        reference.put(after[1])


def _first_difference(mine: Chain, reference: Chain, X: Array, y: Array) -> tuple[str, str]:
    value = X
    for a, b in zip(mine.links, reference.links, strict=True):
        out = b.forward(value)
        if a.mine and _apart(a.forward(np.array(value)), out) > APART:
            return a.name, "forward"
        value = out
    loss, theirs = mine.loss.value(np.array(value), y), reference.loss.value(value, y)
    if mine.loss.mine and _apart(np.array(loss), np.array(theirs)) > APART:
        return mine.loss.name, f"loss {loss:.6g} in place of {theirs:.6g}"
    g = reference.loss.gradient(value, y)
    if mine.loss.mine and _apart(mine.loss.gradient(np.array(value), y), g) > APART:
        return mine.loss.name, "backward"
    for a, b in zip(reversed(mine.links), reversed(reference.links), strict=True):
        dx, own = a.backward(np.array(g)) if a.mine else (None, {})
        g, gradients = b.backward(g)
        wrong = [f"d{k}" for k in gradients if k in own and _apart(own[k], gradients[k]) > APART]
        if a.mine and (wrong or _apart(dx, g) > APART):
            return a.name, ", ".join(wrong or ["gradient of its input"])
    if mine.optimizer.mine:
        return mine.optimizer.name, "the step it makes from the same gradients"
    return "", "no single part: rounding that grew"


def _apart(a: Any, b: Array) -> float:
    a = np.asarray(a, np.float64)
    if a.size != b.size:
        return float("inf")
    size = float(np.linalg.norm(b))
    difference = float(np.linalg.norm(a.reshape(b.shape) - b))
    if not np.isfinite(difference):
        return float("inf")
    return difference / size if size else difference
