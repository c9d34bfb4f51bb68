"""`gradcheck diff`: two arrays, two objects, two optimizers side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gradcheck.diffing.tables import compare_arrays, first_parting, ulps

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 5)) + 3.0


# --- ULPs


def test_ulps_counts_representable_numbers() -> None:
    one = np.float64(1.0)
    assert ulps(one, np.nextafter(one, 2)) == 1
    assert ulps(one, np.nextafter(one, 0)) == 1
    assert ulps(1.0, 2.0) == 2.0**52
    tiny = np.nextafter(0.0, 1)
    assert ulps(tiny, -tiny) == 2
    assert ulps(0.0, -0.0) == 0
    assert ulps(-np.inf, np.inf) == pytest.approx(2.0 * 0x7FF0000000000000)


def test_ulps_of_nan() -> None:
    assert ulps(math.nan, math.nan) == 0
    assert ulps(math.nan, 1.0) == math.inf


def test_ulps_in_float32_where_one_side_is_float32() -> None:
    x = np.float32(1.0)
    assert ulps(np.nextafter(x, np.float32(2)), np.float64(1.0)) == 1


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_ulps_is_symmetric_and_zero_only_for_equals(a: float, b: float) -> None:
    assert ulps(a, b) == ulps(b, a)
    assert (ulps(a, b) == 0) == (a == b)


# --- patterns


def _with(change: Any) -> np.ndarray:
    x = X.copy()
    change(x)
    return x


def _set(index: Any, value: Any) -> Any:
    def change(x: np.ndarray) -> None:
        x[index] = value(x[index]) if callable(value) else value

    return _with(change)


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        (X, "identical"),
        (np.nextafter(X, np.inf), "rounding only, at most 1 ULP"),
        (2 * X, "every entry; mine = 2 × reference (twice)"),
        (-X, "every entry; mine = -1 × reference (the sign is flipped)"),
        (32 * X, "every entry; mine = 32 × reference (N)"),
        (X / 7, "every entry; mine = 0.142857 × reference"),
        (X + 0.5, "every entry; mine = reference +0.5"),
        (0 * X, "every entry; mine is 0"),
        (X * np.nan, "every entry; mine is nan"),
        (_set((2, 3), 9.0), "one entry, [2, 3]; mine = {} × reference"),
        (_set(2, lambda r: 2 * r), "all of row 2; mine = 2 × reference (twice)"),
        (_set((slice(None), 0), 0.0), "all of column 0 (the first); mine is 0"),
        (_set((slice(None), 4), lambda c: -c),
         "all of column 4 (the last); mine = -1 × reference (the sign is flipped)"),
        (_set((slice(1, 3), 4), 0.0), "2 entries in column 4 (the last); mine is 0"),
        (_set(([0, 1], [2, 3]), 0.0), "2 of 20 entries; mine is 0"),
    ],
)  # fmt: skip
def test_pattern_in_words(mine: np.ndarray, expected: str) -> None:
    table = compare_arrays(mine, X, names={32.0: "N"})
    assert table.pattern == expected.format(f"{9.0 / X[2, 3]:.6g}")
    assert table.same == (expected in ("identical", "rounding only, at most 1 ULP"))


def test_pattern_of_a_square_transpose_and_a_flipped_kernel() -> None:
    square = RNG.normal(size=(4, 4))
    assert "mine is the transpose" in compare_arrays(square.T, square).pattern
    kernel = RNG.normal(size=(2, 3, 3, 3))
    flipped = compare_arrays(kernel[..., ::-1, ::-1], kernel).pattern
    assert flipped.endswith("mine is flipped along the last two axes")


def test_pattern_of_one_slice_in_more_axes() -> None:
    x = RNG.normal(size=(2, 3, 4))
    y = x.copy()
    y[:, 2, :] += 1
    assert compare_arrays(y, x).pattern.startswith("all of index 2 of axis 1 (the last); mine =")


@pytest.mark.parametrize(
    ("mine", "reference", "expected"),
    [
        (X.T, X, "transposed"),
        (X[0], X[:1], "the same values in another shape"),
        (X, X.sum(axis=0), "the reference is the sum over axis 0"),
        (X, X.sum(axis=0, keepdims=True), "the reference is the sum over axis 0 (kept)"),
        (X[0], X[0].mean(), "the reference is the mean"),
    ],
)
def test_different_shapes_say_how_they_are_related(
    mine: np.ndarray, reference: np.ndarray, expected: str
) -> None:
    table = compare_arrays(mine, reference)
    assert not table.same
    assert table.pattern.startswith(f"shape {mine.shape}, but the reference has")
    assert table.pattern.endswith(f": {expected}")


def test_rows_are_the_largest_first_with_ulps() -> None:
    mine = X.copy()
    mine[0, 1] += 1.0
    mine[3, 2] -= 4.0
    table = compare_arrays(mine, X)
    assert [row.index for row in table.rows] == [(3, 2), (0, 1)]
    assert table.count == 2 and table.size == 20
    assert table.largest == pytest.approx(4.0) and table.rows[0].difference == pytest.approx(-4.0)
    assert all(row.ulps > 1e12 for row in table.rows)


def test_not_finite_entries_are_wrong_unless_both_agree() -> None:
    a = np.array([np.nan, np.inf, np.nan, np.inf, 1.0])
    b = np.array([np.nan, np.inf, 1.0, -np.inf, 1.0])
    table = compare_arrays(a, b)
    assert [row.index for row in table.rows] == [(2,), (3,)]


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=4)))
def test_an_array_is_identical_to_itself(x: np.ndarray) -> None:
    table = compare_arrays(x, x)
    assert table.same and table.pattern == "identical" and table.ulps == 0 and not table.rows


@given(
    arrays(np.float64, array_shapes(max_dims=3, max_side=4)),
    arrays(np.float64, array_shapes(max_dims=3, max_side=4)),
)
def test_any_two_arrays_can_be_compared(x: np.ndarray, y: np.ndarray) -> None:
    table = compare_arrays(x, y)
    assert table.pattern
    assert table.same == (table.pattern == "identical" or table.pattern.startswith("rounding"))
    if x.shape == y.shape:
        assert len(table.rows) == table.count


# --- trajectories


def test_first_step_at_which_trajectories_part() -> None:
    reference = [{"W": np.full((2, 2), float(t)), "b": np.zeros(2)} for t in range(1, 6)]
    mine = [{k: v.copy() for k, v in step.items()} for step in reference]
    assert first_parting(mine, reference) is None
    mine[3]["W"][1, 0] += 0.5
    mine[4]["b"] += 1
    parting = first_parting(mine, reference)
    assert parting is not None
    assert (parting.step, parting.name) == (4, "W")
    assert [row.index for row in parting.table.rows] == [(1, 0)]
