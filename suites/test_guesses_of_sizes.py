"""The sizes a constructor is tried with: no two of them alike, so that no mix-up of axes is hidden."""

import itertools

import pytest

from gradcheck import run, targets
from gradcheck.conventions.sources import recipes


class Dense:
    def __init__(self, n_prev, n):
        pass


class Attention:
    def __init__(self, d_model, d_k):
        pass


class GroupNorm:
    def __init__(self, num_groups, num_channels):
        pass


class BatchNorm:
    def __init__(self, gamma, beta, momentum=0.9):
        pass


ARRAY = "np.random.randn(4)"


@pytest.mark.parametrize(
    ("cls", "text"), [(Dense, "Dense(4, 5)"), (Attention, "Attention(4, 5)"), (GroupNorm, "GroupNorm(2, 4)"),
     (BatchNorm, f"BatchNorm({ARRAY}, {ARRAY})")],
)  # fmt: skip
def test_first_sizes_differ(cls, text):
    found = [r.text for r in itertools.islice(recipes(cls, cls.__name__, {}), 1)]
    assert found == [text]


POLYNOMIAL = """
import numpy as np


def polynomial(x, coeffs):
    return coeffs[0] + coeffs[1] * x + coeffs[2] * x**2


def polynomial_vjp(g, x, coeffs):
    sums = np.array([np.sum(g * x**k) for k in range(3)])
    return g * (coeffs[1] + 2 * coeffs[2] * x), sums
"""


def test_shapes_that_fit_nothing_are_an_error_and_no_fail(tmp_path):
    file = tmp_path / "polynomial.py"
    file.write_text(POLYNOMIAL, encoding="utf-8")
    subject = run.check(targets.load(targets.parse(str(file))[0]), "polynomial", run.Options())
    assert subject.status == "error" and "no shapes were found" in subject.reason
