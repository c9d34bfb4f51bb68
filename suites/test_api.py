"""The checker as functions, used as a reader of the README would use it."""

from __future__ import annotations

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


def test_numerical_gradient_is_the_books():
    x = np.array([3.0, 4.0])
    gradient = gradcheck.numerical_gradient(lambda v: np.sum(v**2), x)
    np.testing.assert_allclose(gradient, [6.0, 8.0], rtol=1e-9)
    np.testing.assert_array_equal(x, [3.0, 4.0])


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
    (tmp_path / "test_mine.py").write_text(
        textwrap.dedent(SUITE.format(factor=factor, failures=failures))
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True, text=True, cwd=tmp_path, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "reference")))},
    )  # fmt: skip
    assert outcome in done.stdout, done.stdout + done.stderr
