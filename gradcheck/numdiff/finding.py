"""What is found about one gradient, and the probes it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gradcheck.numdiff.direction import Directional
from gradcheck.types import Array, Entry


@dataclass(frozen=True)
class Finding:
    """What was found about the gradient of one primal.

    Attributes
    ----------
    resolution
        Of a pass: the smallest relative error that would have been caught: of any entry that is
        not counted in ``unresolved`` where every entry was checked, otherwise of the gradient as
        a whole (norm of the error over norm of the gradient, entries weighted by their scale).
    reason
        Why it is inconclusive, or "".
    entries
        The wrong entries with the largest differences, at most 16.
    wrong, wrong_indices
        How many entries are wrong and which (flat), where that is known exactly.
    unresolved
        Entries checked alone whose derivative is too small to be told from rounding.
    kinks
        What was claimed at a kink and which values are allowed there, or "".
    cotangent, mask
        The upstream gradient used, and the outputs left out of it (None: none).
    """

    status: Literal["pass", "fail", "inconclusive"]
    resolution: float | None = None
    reason: str = ""
    entries: tuple[Entry, ...] = ()
    wrong: int | None = None
    size: int = 0
    wrong_indices: tuple[int, ...] = ()
    unresolved: int = 0
    kinks: str = ""
    forward_calls: int = 0
    backward_calls: int = 0
    cotangent: Array | None = None
    mask: Array | None = None


@dataclass
class Evidence:
    """Everything probed about one gradient."""

    dense: list[Directional] = field(default_factory=list)
    slices: list[tuple[Array, Directional]] = field(default_factory=list)
    entries: dict[int, Directional] = field(default_factory=dict)
    exhaustive: bool = False

    def failing(self) -> Iterator[Array | None]:
        """Index sets of failing probes, the most specific first (None: all entries)."""
        single = [i for i, r in self.entries.items() if r.state == "fail"]
        yield from (np.asarray([i], np.intp) for i in single)
        yield from (flat for flat, r in self.slices if r.state == "fail")
        if any(r.state == "fail" for r in self.dense):
            yield None
