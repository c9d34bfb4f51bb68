"""`gradcheck diff`: two arrays, two objects, two optimizers side by side."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gradcheck import diffing, targets
from gradcheck.diffing import engine
from gradcheck.diffing.roles import role_name
from gradcheck.diffing.tables import compare_arrays, first_parting, ulps
from gradcheck.types import Subject

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


@pytest.mark.filterwarnings("error")
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


# --- objects


STUDENT = """
import numpy as np

class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases
    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = {dbiases}
        self.dinputs = np.dot(dvalues, self.weights.T){dinputs}

class Activation_Softmax:
    def forward(self, inputs):
        e = np.exp(inputs - np.max(inputs, axis={axis}, keepdims=True))
        self.output = e / np.sum(e, axis=1, keepdims=True)
    def backward(self, dvalues):
        inner = np.sum(dvalues * self.output, axis=1, keepdims=True)
        self.dinputs = self.output * (dvalues - inner)

class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum, self.v, self.t = lr, momentum, None, 0
    def update(self, params, grads):
        if self.v is None:
            self.v = {{k: np.zeros_like(p) for k, p in params.items()}}
        self.t += 1
        for k in params:
            self.v[k] = self.momentum * self.v[k] - self.lr * grads[k]
            params[k] += self.v[k] * (2.0 if self.t == {bad_step} else 1.0)

class Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate
    def forward(self, inputs):
        self.mask = (np.random.rand(*inputs.shape) < self.rate) / {scale}
        self.output = inputs * self.mask
    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask

class Raises:
    def forward(self, x):
        return x / np.zeros(3).reshape(7)
    def backward(self, dout):
        return dout

class Cubed:
    def forward(self, x):
        self.x = x
        return x ** 3
    def backward(self, dout):
        return 3 * self.x ** 2 * dout

class Hangs(Cubed):
    def forward(self, x):
        while True:
            pass
"""
RIGHT = {
    "dbiases": "np.sum(dvalues, axis=0, keepdims=True)", "dinputs": "", "axis": 1,
    "bad_step": 0, "scale": "self.rate",
}  # fmt: skip


def _file(tmp_path: Path, **changes: Any) -> Path:
    path: Path = tmp_path / "student.py"
    path.write_text(STUDENT.format(**(RIGHT | changes)))
    return path


def _check(path: Path, name: str, **options: Any) -> Subject:
    loaded = targets.load(targets.parse(f"{path}::{name}")[0])
    try:
        return engine.check(loaded, name, engine.Options(**options))
    finally:
        loaded.close()


def _tables(subject: Subject) -> dict[str, Any]:
    return {v.wrt: v.detail["diff"] for v in subject.verdicts}


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("Dense", "gradcheck_reference.nnfs:Layer_Dense"),
        ("Activation_Softmax", "gradcheck_reference.nnfs:Activation_Softmax"),
        ("Momentum", "gradcheck_reference.fish:Momentum"),
        ("Dropout", "gradcheck_reference.nnfs:Layer_Dropout"),
    ],
)
def test_right_code_is_the_same_as_the_reference_of_its_role(
    tmp_path: Path, name: str, reference: str
) -> None:
    subject = _check(_file(tmp_path), name)
    assert subject.status == "pass", [v.message for v in subject.verdicts]
    assert {v.detail["reference"] for v in subject.verdicts} == {reference}


def test_a_wrong_gradient_is_found_with_its_pattern(tmp_path: Path) -> None:
    path = _file(tmp_path, dbiases="np.mean(dvalues, axis=0, keepdims=True)", dinputs=" * -1")
    tables = _tables(_check(path, "Dense"))
    assert tables["output"]["pattern"] == "identical"
    assert tables["dweights"]["pattern"] == "identical"
    assert tables["dbiases"]["pattern"] == "every entry; mine = 0.333333 × reference (1/N, N = 3)"
    assert tables["dinputs"]["pattern"].endswith("mine = -1 × reference (the sign is flipped)")
    assert tables["dinputs"]["count"] == tables["dinputs"]["size"] == 12


def test_a_gradient_of_another_shape_is_found(tmp_path: Path) -> None:
    subject = _check(_file(tmp_path, dbiases="np.sum(dvalues, axis=0)"), "Dense")
    pattern = _tables(subject)["dbiases"]["pattern"]
    assert pattern == "shape (5,), but the reference has (1, 5): the same values in another shape"


def test_trajectories_part_at_the_step_of_the_bug(tmp_path: Path) -> None:
    subject = _check(_file(tmp_path, bad_step=4), "Momentum", steps=9)
    assert subject.status == "fail"
    assert [v.detail["diff"]["step"] for v in subject.verdicts] == [4, 4]
    subject = _check(_file(tmp_path, bad_step=9), "Momentum", steps=5)
    assert subject.status == "pass"


def test_settings_are_handed_to_the_reference(tmp_path: Path) -> None:
    subject = _check(_file(tmp_path), "Momentum", init=("Momentum(lr=0.5, momentum=0.25)",))
    assert subject.status == "pass"
    built = subject.verdicts[0].detail["reference_built"]
    assert built == "Momentum(lr=0.5, momentum=0.25)"


def test_dropout_masks_may_differ_but_the_scale_may_not(tmp_path: Path) -> None:
    subject = _check(_file(tmp_path, scale="(2 * self.rate)"), "Dropout")
    pattern = _tables(subject)["output"]["pattern"]
    assert "mine = 0.5 × reference (half)" in pattern and "where both masks keep" in pattern


def test_a_named_reference_is_used(tmp_path: Path) -> None:
    path = _file(tmp_path)
    subject = _check(path, "Dense", reference="gradcheck_reference.fish:Affine")
    assert subject.status == "pass"
    subject = _check(path, "Dense", reference=f"{path}::Activation_Softmax")
    assert subject.status == "error" and "no counterpart" in subject.reason


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    path = _file(tmp_path)
    subject = _check(path, "Cubed")
    assert subject.status == "skipped" and "name one: gradcheck diff" in subject.reason
    subject = _check(path, "Raises")
    assert subject.status == "error" and "ValueError" in subject.reason
    subject = _check(path, "Dense", reference="gradcheck_reference.nnfs:Layer_Densse")
    assert subject.status == "error" and "Layer_Densse" in subject.reason


def test_role_names() -> None:
    pairs = [("Affine", "Layer_Dense"), ("MyConv2D", "Convolution"), ("SGD", "Optimizer_SGD"),
             ("SoftmaxWithLoss", "Activation_Softmax_Loss_CategoricalCrossentropy"),
             ("BatchNorm", "BatchNormalization"), ("Layer", "Layer")]  # fmt: skip
    for a, b in pairs:
        assert role_name(a) == role_name(b)
    assert role_name("Sigmoid") != role_name("Softmax")


# --- the command


def _command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    diffing.add_arguments(parser)
    return diffing.main(parser.parse_args(words))


def test_command_prints_tables_and_says_it_differs(tmp_path: Path, capsys: Any) -> None:
    path = _file(tmp_path, dbiases="2 * np.sum(dvalues, axis=0, keepdims=True)")
    assert _command(f"{path}::Dense", "--entries", "2") == 1
    text = capsys.readouterr().out
    assert text.startswith("DIFFERENT  ") and "(1 of 4 arrays differ)" in text
    assert "every entry; mine = 2 × reference (twice)" in text
    assert "index" in text and "ULPs" in text and "and 3 more" in text


def test_command_on_the_same_is_0_and_on_nothing_3(tmp_path: Path, capsys: Any) -> None:
    path = _file(tmp_path)
    assert _command(f"{path}::Dense") == 0
    assert capsys.readouterr().out.startswith("same  ")
    assert _command(f"{path}::Cubed") == 3
    assert "not compared" in capsys.readouterr().out


def test_command_in_markdown_is_one_table_an_array(tmp_path: Path, capsys: Any) -> None:
    path = _file(tmp_path, dinputs=" * 3")
    _command(f"{path}::Dense", "--format", "markdown")
    text = capsys.readouterr().out
    assert text.startswith("## DIFFERENT `") and text.count("|---") >= 2


def test_command_survives_code_that_hangs(tmp_path: Path, capsys: Any) -> None:
    assert _command(f"{_file(tmp_path)}::Hangs", "--timeout", "1") == 1
    assert "ERROR" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("absent.py",), "absent.py"),
        (("{path}::Densse",), "did you mean Dense"),
        (("{path}::Dense", "--replay", "nonsense"), "nonsense"),
    ],
)
def test_command_usage_errors(
    tmp_path: Path, capsys: Any, words: tuple[str, ...], said: str
) -> None:
    path = _file(tmp_path)
    assert _command(*(w.format(path=path) for w in words)) == 2
    assert said in capsys.readouterr().err
