"""The rule of older checkers, to compare with: h = 1e-4, mean absolute difference below 1e-6.

One point, the parameters as the constructor leaves them, upstream gradients of ones, central
differences of the book's code. What raises counts as rejected. Optimizers, accuracies and
numerical gradients are outside its reach.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np

from gradcheck import cases, run, targets
from gradcheck.conventions import Refused, ops_for
from gradcheck.laws import group
from gradcheck.numdiff import numerical_gradient
from gradcheck.types import Array, Case, Op

LIMIT = 1e-6
SERIAL = itertools.count(1)
STEP = 1e-4


def rejects(source: str, stem: str, target: str) -> bool:
    """Whether the old rule finds fault with a subject of a source text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{stem}_old{next(SERIAL)}.py"
        path.write_text(source, encoding="utf-8")
        loaded = targets.load(targets.parse(str(path))[0])
        planned = next((p for p in run.plan(loaded) if run.is_asked_for(p, target)), None)
        if planned is None or planned.reason:
            return False
        try:
            op = ops_for(run.source_of(loaded, planned, run.Options()), planned.kind)[0]
        except Refused:
            return True
    return group(op) in {"vjp", "model"} and wrong(op)


def wrong(op: Op) -> bool:
    """Whether a gradient's mean absolute difference is above the limit, or anything raises."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    try:
        inputs, labels = cases.draw(op, case)
        slots = {s.name for s in op.slots}
        held = op.parameters(op.make())
        primals = {k: np.array(held[k]) if k in held else v for k, v in inputs.items()}
        output, pullback = op.vjp(primals, labels)
        claimed = pullback(np.ones(np.shape(output)))
        names = [
            k
            for k, v in primals.items()
            if v.dtype.kind == "f" and (k in claimed or k not in slots)
        ]
        return any(
            mean_difference(op, primals, labels, name, claimed.get(name)) >= LIMIT for name in names
        )
    except Exception:  # an exception is the plainest way for a backward to be wrong
        return True


def mean_difference(
    op: Op, primals: dict[str, Array], labels: Array | None, name: str, claimed: Array | None
) -> float:
    """The mean of |claimed - measured| over one gradient."""
    if claimed is None:
        return float("inf")

    def total(x: Array) -> float:
        return float(np.sum(op.vjp({**primals, name: x}, labels)[0]))

    measured = numerical_gradient(total, primals[name].astype(np.float64), STEP)
    return float(np.mean(np.abs(np.asarray(claimed) - measured)))
