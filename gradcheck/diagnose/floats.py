"""Floating-point errors as exceptions, also inside code that silences NumPy's warnings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np


@contextlib.contextmanager
def callable_errors() -> Iterator[None]:
    """Make `np.errstate(all="ignore")` raise for a moment: user code is called under it."""
    original = np.errstate

    class Raising(original):  # type: ignore[misc,valid-type]
        def __init__(self, **_: Any) -> None:
            super().__init__(over="raise", divide="raise", invalid="raise", under="ignore")

    np.errstate = Raising  # type: ignore[misc]
    try:
        yield
    finally:
        np.errstate = original  # type: ignore[misc]
