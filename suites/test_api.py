"""The checker as functions, used as a reader of the README would use it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import gradcheck

ROOT = Path(__file__).parents[1]


class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.W = np.random.randn(n_inputs, n_neurons)
        self.b = np.zeros(n_neurons)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class HalfDense(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.dW / 2
        return dx


def test_check_takes_a_class():
    found = gradcheck.check(Dense)
    assert found.ok, str(found)
    (subject,) = found
    measured = {v.wrt for v in subject.verdicts if v.law == "gradient" and v.status == "pass"}
    assert measured == {"x", "W", "b"}


def test_assert_correct_names_the_wrong_gradient():
    gradcheck.assert_correct(Dense, init="Dense(4, 3)")
    with pytest.raises(AssertionError, match=r"dW\[\d, \d\] = .*but should be"):
        gradcheck.assert_correct(HalfDense, laws=["gradient"])


def test_a_law_that_is_not_about_it_is_no_failure():
    found = gradcheck.check(Dense, laws=["model_gradient"])
    assert [v for s in found for v in s.verdicts if v.status != "skipped"] == []


@pytest.mark.parametrize("target", [3, Dense(4, 3)])
def test_an_instance_is_refused_in_one_line(target):
    with pytest.raises(TypeError, match="should be a class, a function or a text such as"):
        gradcheck.check(target)


def test_numerical_gradient_is_the_books():
    x = np.array([3.0, 4.0])
    gradient = gradcheck.numerical_gradient(lambda v: np.sum(v**2), x)
    np.testing.assert_allclose(gradient, [6.0, 8.0], rtol=1e-9)
    np.testing.assert_array_equal(x, [3.0, 4.0])


GRADED = {
    "mine/layers.py": "class Half:\n    factor = 0.5\n",
    "anna/layers.py": "class Half:\n    factor = 2.0\n",
    "anna/net.py": """
        from layers import Half

        class Scale:
            def forward(self, x):
                return x * Half.factor

            def backward(self, dout):
                return dout * 0.5
        """,
}


@pytest.mark.parametrize("first", ["imported", "checked"])
def test_a_students_file_imports_the_students_files(tmp_path, monkeypatch, first):
    """Not the grader's module of that name, nor that of a student who was checked before."""
    for name, text in GRADED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path / "mine")
    own = importlib.import_module("layers") if first == "imported" else None
    if own is None:
        gradcheck.check(tmp_path / "mine" / "layers.py")
    finders = list(sys.meta_path)
    (subject,) = gradcheck.check(f"{tmp_path}/anna/net.py::Scale", laws=["gradient"])
    assert subject.status == "fail"
    assert sys.meta_path == finders
    assert sys.modules.pop("layers", None) is own


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        gradcheck.nothing_of_the_kind  # noqa: B018


SUITE = """
import numpy as np
from gradcheck import parametrize_checks

class Double:
    def forward(self, x):
        return 2.0 * x
    def backward(self, dout):
        return {factor} * dout

@parametrize_checks([Double], laws=["contract", "gradient"], expected_failures={failures})
def test_layers(check):
    check()
"""


README_SUITE = """
import numpy as np
from gradcheck import parametrize_checks

class Unit:
    def forward(self, x):
        self.n = np.linalg.norm(x, axis=1, keepdims=True)
        self.y = x / self.n
        return self.y.copy()
    def backward(self, dout):
        return (dout - self.y * (dout * self.y).sum(axis=1, keepdims=True)) / self.n

@parametrize_checks([Unit], expected_failures={"Unit:extremes": "0 / 0 for a row of zeros"})
def test_layers(check):
    check()
"""


def test_every_law_may_be_parametrised_and_one_expected_to_fail(tmp_path):
    """The README's example; laws about optimizers or models are skipped, not failed."""
    outcome = pytest_on(tmp_path, README_SUITE)
    assert "1 xfailed" in outcome and "failed," not in outcome and "error" not in outcome, outcome


@pytest.mark.parametrize(
    ("factor", "failures", "outcome"),
    [
        ("2.0", "{}", "2 passed"),
        ("3.0", "{}", "1 failed, 1 passed"),
        ("3.0", "{'Double:gradient': 'known'}", "1 passed, 1 xfailed"),
        ("2.0", "{'Double:gradient': 'mended since'}", "1 failed, 1 passed"),
        ("2.0", "{'Double:grdient': 'misspelt'}", "1 error"),
    ],
)
def test_parametrize_checks_in_another_suite(tmp_path, factor, failures, outcome):
    found = pytest_on(tmp_path, SUITE.format(factor=factor, failures=failures))
    assert outcome in found, found


def pytest_on(folder, text):
    """What pytest prints for a suite of this text."""
    (folder / "test_mine.py").write_text(textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        capture_output=True, text=True, cwd=folder, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "reference")))},
    )  # fmt: skip
    return done.stdout + done.stderr
