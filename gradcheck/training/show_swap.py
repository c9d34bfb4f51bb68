"""What ``gradcheck train --layers`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradcheck.training.networks import Data
from gradcheck.training.presets import Setup
from gradcheck.training.run import sizes_of
from gradcheck.training.show import describe
from gradcheck.types import Subject

if TYPE_CHECKING:
    from gradcheck.training.swap import Comparison


def text(found: Comparison, setup: Setup, data: Data) -> str:
    """Both curves, where they part, and the checker's verdict on every part used."""
    from tabulate import tabulate

    lines = [describe(setup.replace(dtype="float64"), sizes_of(data))]
    lines.append(f"yours in it: {', '.join(found.used)}")
    lines += [f"  {note}" for note in found.notes]
    rows = curve_rows(found)
    lines.append(tabulate(rows, ["step", "your loss", "reference"], disable_numparse=True))
    mine, theirs = found.accuracy
    if theirs is not None:
        yours = "none" if mine is None else f"{mine:.4f}"
        lines.append(f"test accuracy: yours {yours}, reference {theirs:.4f}")
    lines += ["", parted(found), ""]
    lines += [f"{s.status:<12} {s.name}{verdict(s)}" for s in found.subjects]
    return "\n".join(lines)


def curve_rows(found: Comparison, count: int = 10) -> list[list[str]]:
    """About so many steps of both loss curves, the first and the last among them."""
    mine, theirs = found.mine.losses, found.reference.losses
    total = min(len(mine), len(theirs))
    chosen = sorted({int(i) for i in np.linspace(0, max(total - 1, 0), min(count, total))})
    return [[f"{i + 1:,}", f"{mine[i]:.6g}", f"{theirs[i]:.6g}"] for i in chosen]


def parted(found: Comparison) -> str:
    """One sentence on where the runs part."""
    parting = found.parting
    if found.error and parting is None:
        return f"Your network stopped: {found.error}"
    if parting is None:
        return f"The two runs stay together over all {len(found.mine.losses):,} steps."
    where = f"They part in step {parting.step}: {parting.parameter} is {parting.apart:.2g} apart"
    cause = f"{parting.link}: {parting.what}" if parting.link else parting.what
    stopped = f"; later {found.error}" if found.error else ""
    return f"{where} (share of its norm). First difference: {cause}{stopped}."


def verdict(subject: Subject) -> str:
    """What the checker says first about a part."""
    if subject.reason:
        return f"  {subject.reason}"
    bad = [v for v in subject.verdicts if v.status in ("fail", "error", "inconclusive")]
    return f"  {bad[0].message}" if bad else ""
