"""Which entries are wrong, in words."""

from __future__ import annotations

import numpy as np

from gradcheck.diagnose.measure import Point
from gradcheck.types import Array, Op

AXES = {
    1: ("entry",),
    2: ("row", "column"),
    3: ("sample", "row", "column"),
    4: ("sample", "channel", "row", "column"),
}


def wrong_entries(claimed: Array, truth: Array) -> Array:
    """Where two gradients differ by more than 1e-6 of the largest entry (unknown ones: not)."""
    scale = float(np.nanmax(np.abs(truth), initial=0.0)) or 1.0
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(claimed - truth) > 1e-6 * scale) | ~np.isfinite(claimed)


def describe_pattern(op: Op, point: Point, wrt: str) -> str:
    """The wrong entries of one gradient as a pattern, the simplest that fits exactly.

    All; one index of an axis (row, column, channel, sample, last one, border); the diagonal; every
    k-th; where the input is negative or above 1; where the label is c; "" where nothing is wrong.
    """
    claimed, truth = point.claimed[wrt], point.truth[wrt]
    wrong = wrong_entries(claimed, truth)
    count, size = int(wrong.sum()), wrong.size
    if not count:
        return ""
    head = f"{count} of {size} entries"
    if count == size:
        return f"all {size} entries" if size > 1 else "the only entry"
    for words, mask in candidates(op, point, wrt, wrong.shape):
        if mask.shape == wrong.shape and np.array_equal(mask, wrong):
            return f"{head}: {words}"
    for words, mask in candidates(op, point, wrt, wrong.shape):
        if mask.shape == wrong.shape and not np.any(wrong & ~mask) and count > 0.5 * mask.sum():
            return f"{head}, all of them {within(words)}"
    return head


def within(words: str) -> str:
    """``only where x < 0`` -> ``where x < 0``; ``row 2`` -> ``in row 2``."""
    return words.removeprefix("only ") if words.startswith("only ") else f"in {words}"


def candidates(op: Op, point: Point, wrt: str, shape: tuple[int, ...]) -> list[tuple[str, Array]]:
    """Patterns with the entries each of them means."""
    found: list[tuple[str, Array]] = []
    names = AXES.get(len(shape), tuple(f"axis-{i}" for i in range(len(shape))))
    grid = np.indices(shape)
    for axis, n in enumerate(shape):
        for k in range(n if n > 1 else 0):
            last = " (the last)" if k == n - 1 else ""
            found.append((f"{names[axis]} {k}{last}", grid[axis] == k))
            found.append((f"every {names[axis]} but {k}{last}", grid[axis] != k))
    if len(shape) == 2 and min(shape) > 1:
        found.append(("the diagonal", grid[0] == grid[1]))
        found.append(("everything off the diagonal", grid[0] != grid[1]))
    if len(shape) >= 2 and shape[-1] > 2 and shape[-2] > 2:
        border = (
            (grid[-1] == 0)
            | (grid[-1] == shape[-1] - 1)
            | (grid[-2] == 0)
            | (grid[-2] == shape[-2] - 1)
        )
        found.append(("the border", border))
        found.append(("the inside, without the border", ~border))
    x = point.primals[wrt]
    found += by_label(point, shape) + by_index(op, point, shape)
    if x.shape == shape:
        found += [
            (f"only where {wrt} < 0", x < 0),
            (f"only where {wrt} > 0", x > 0),
            (f"only where |{wrt}| > 1", np.abs(x) > 1),
            (f"only where |{wrt}| < 1", np.abs(x) < 1),
        ]
    return found + every_kth(shape)


def every_kth(shape: tuple[int, ...]) -> list[tuple[str, Array]]:
    """Regular sequences of the flat order."""
    size = int(np.prod(shape))
    flat = np.arange(size).reshape(shape)
    words = {2: "second", 3: "third"}
    return [
        (f"every {words.get(k, f'{k}th')} entry, from {start}", flat % k == start)
        for k in range(2, min(size, 9))
        for start in range(k)
    ]


def by_label(point: Point, shape: tuple[int, ...]) -> list[tuple[str, Array]]:
    """Entries, or samples, where the label is a given number."""
    labels = point.labels
    if labels is None:
        return []
    found = []
    values = np.unique(labels)[:8]
    for c in values:
        where = labels == c
        shown = (
            f"only where the label is {c:g}"
            if labels.dtype.kind in "fiu"
            else f"only where the label is {c}"
        )
        if labels.shape == shape:
            found.append((shown, where))
        elif labels.ndim and labels.size == shape[0]:
            rows = where.reshape(-1, *[1] * (len(shape) - 1))
            found.append((shown, np.broadcast_to(rows, shape)))
    if labels.dtype.kind in "iu" and len(shape) == 2 and labels.size == shape[0]:
        classes = labels.ravel()[:, None] == np.arange(shape[1])[None, :]
        found.append(("only the labelled class of each sample", classes))
        found.append(("only the classes that are not the label", ~classes))
    return found


def by_index(op: Op, point: Point, shape: tuple[int, ...]) -> list[tuple[str, Array]]:
    """Rows whose index occurs more than once among the index inputs."""
    found = []
    for slot in op.slots:
        if slot.domain.startswith("index") and slot.name in point.primals and shape:
            values, counts = np.unique(point.primals[slot.name], return_counts=True)
            rows = np.isin(np.arange(shape[0]), values[counts > 1])
            mask = np.broadcast_to(rows.reshape(-1, *[1] * (len(shape) - 1)), shape)
            found.append((f"only rows whose index occurs more than once in {slot.name}", mask))
    return found
