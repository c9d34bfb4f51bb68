"""The form in which the numerics suite keeps functions with known derivatives.

`functions.py` (the engine was tuned on these) and `heldout.py` (it was not) each hold a module-level
``FUNCTIONS: dict[str, Function]``. Both start with ``from registry import Function``, which needs
this folder on ``sys.path``; `load` puts it there, so tests and benchmarks load all three with::

    spec = importlib.util.spec_from_file_location("registry", ".../suites/numerics/registry.py")

or, simpler, by inserting ``suites/numerics`` into ``sys.path`` and ``import registry``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Function(NamedTuple):
    """A differentiable function of one array, with its hand-derived vjp.

    ``f`` and ``vjp`` keep the dtype they are given (float64 in, float64 out; float32 in, float32
    out), so that one entry serves both precisions; constants must be cast to ``x.dtype``.
    """

    sample: Callable[[np.random.Generator], Any]  # rng -> x, float64, moderate size (<= ~100)
    f: Callable[[Any], Any]  # x -> y, any shape, 0-d included
    vjp: Callable[[Any, Any], Any]  # (x, gy) -> gx, the shape and dtype of x


def load(name: str) -> dict[str, Function]:
    """The ``FUNCTIONS`` of ``functions`` or ``heldout``.

    Raises
    ------
    ModuleNotFoundError
        There is no such file in this folder.
    """
    folder = str(Path(__file__).resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    functions: dict[str, Function] = importlib.import_module(name).FUNCTIONS
    return functions
