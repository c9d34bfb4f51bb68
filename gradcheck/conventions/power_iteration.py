"""Spectral normalisation: every forward in training goes one step further with a power iteration.

The gradient holds the vectors of the iteration fixed, as Miyato et al. (2018) do, so it is that of
the forward in evaluation, where nothing is iterated.  In training no difference can measure it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions.live import Live, Skipped
from gradcheck.conventions.signature import tree_of
from gradcheck.types import Array, Case, Op, Primals

NAMED = re.compile(r"spectral_?norm|power_?iter", re.IGNORECASE)
WHY = (
    "spectral normalisation: forward goes on with a power iteration, whose vectors the gradient holds fixed, "
    "and it has no mode in which they are; so it cannot be measured"
)


def with_fixed_vectors(op: Op) -> Op:
    """The Op of a spectral normalisation in evaluation, where its vectors stay; any other as it is.

    Raises
    ------
    Skipped
        Its vectors never stay.
    """
    tree = tree_of(op.obj)
    if not NAMED.search(op.name) and not NAMED.search("" if tree is None else ast.unparse(tree)):
        return op
    if stays(op, True):
        return op
    if not op.has_mode or not stays(op, False):
        raise Skipped(WHY)
    inner = op.forward

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Any:
        return inner(live, inputs, labels, False)

    reading = "in evaluation: in training the power iteration of the forward goes on"
    return replace(op, forward=forward, has_mode=False, reading=reading)


def stays(op: Op, train: bool) -> bool:
    """Whether a second identical forward gives the same."""
    primals, labels = cases.draw(op, Case())
    inputs = {s.name: primals[s.name] for s in op.slots}
    live = op.with_parameters({k: v for k, v in primals.items() if k not in inputs})
    first = np.array(op.forward(live, {k: v.copy() for k, v in inputs.items()}, labels, train))
    again = op.forward(live, {k: v.copy() for k, v in inputs.items()}, labels, train)
    return bool(np.array_equal(first, again))
