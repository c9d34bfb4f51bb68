"""A label is confirmed by its own experiment; a change that merely works is told as such."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from gradcheck_reference import bugs

from gradcheck import run, targets
from gradcheck.diagnose.causes import CAUSES
from gradcheck.diagnose.facts_steps import mistakes
from gradcheck.diagnose.known_bugs import changed_line, plain
from gradcheck.diagnose.norms import along, close
from gradcheck.diagnose.pieces import backward_name
from gradcheck.types import Verdict

FRESH = Path(__file__).parent / "diagnosis_fresh" / "bugs.py"


def failures(tmp_path: Path, text: str, name: str) -> list[Verdict]:
    """What fails in a file, diagnosed."""
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    loaded = targets.load(targets.parse(str(path))[0])
    found = run.check(loaded, name, run.Options(laws=("contract", "gradient")))
    return [v for v in found.verdicts if v.status == "fail"]


LAYER_NORM = """
import numpy as np


def norm_forward(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
    hat = centred / std
    return gamma * hat + beta, (hat, std, gamma)


def norm_backward(dout, cache):
    hat, std, gamma = cache
    d = dout * gamma
    first = d.mean(axis=1, keepdims=True)
    second = hat * (d * hat).mean(axis=1, keepdims=True)
    dx = ({dx}) / std
    return dx, (dout * hat).sum(axis=0), dout.sum(axis=0)
"""


@pytest.mark.parametrize(
    ("dx", "words"),
    [
        ("d - first", "the term of the variance is missing"),
        ("d - second", "the term of the mean is missing"),
        ("d", "the terms of the mean and of the variance are missing"),
    ],
)
def test_a_lost_term_of_a_normalisation_is_predicted(tmp_path, dx, words):
    (failure,) = failures(tmp_path, LAYER_NORM.format(dx=dx), "norm")
    assert failure.cause is not None
    assert (failure.cause.id, failure.cause.text) == ("missing-norm-term", words)


def test_a_term_of_the_wrong_size_is_no_lost_term(tmp_path):
    (failure,) = failures(tmp_path, LAYER_NORM.format(dx="d - 0.5 * first - second"), "norm")
    assert failure.cause is not None
    assert failure.cause.id == "unknown"
    assert failure.cause.fix.startswith("change `first = ")
    assert "does not show why" in failure.cause.text
    assert failure.detail["hypotheses"][0] == "wrong-derivative"


LEAKY = """
import numpy as np


class Leaky:
    def __init__(self, slope=0.3):
        self.slope = slope

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.slope * x)

    def backward(self, dout):
        return dout * {local}
"""


def test_an_option_that_backward_ignores_is_shown_by_changing_it(tmp_path):
    (failure,) = failures(tmp_path, LEAKY.format(local="(self.x > 0)"), "Leaky")
    assert failure.cause is not None and failure.cause.id == "option-ignored"
    assert "forward uses the option slope = 0.3" in failure.cause.text
    assert "with slope = 0.375 forward changes and the gradient stays" in failure.cause.evidence


def test_a_derivative_at_the_upstream_gradient_is_predicted(tmp_path):
    local = "np.where(dout > 0, 1.0, self.slope)"
    (failure,) = failures(tmp_path, LEAKY.format(local=local), "Leaky")
    assert failure.cause is not None and failure.cause.id == "derivative-at-wrong-point"
    assert (
        failure.cause.text
        == "the derivative is taken at the upstream gradient instead of the input"
    )


def test_no_fix_is_printed_that_was_not_tried(tmp_path):
    text = """
import numpy as np


class Cube:
    def forward(self, x):
        self.x = x.copy()
        return x**3

    def backward(self, dout):
        return np.array((3 * dout * self.x**2).tolist(), dtype=object)
"""
    (failure,) = failures(tmp_path, text, "Cube")
    assert failure.cause is not None and failure.cause.id == "gradient-dtype"
    assert "an array of dtype object" in failure.cause.text
    assert (
        failure.cause.fix
        == "no change was found by trying; gradcheck explain gradient-dtype shows the usual one"
    )


def test_a_factor_is_told_as_it_is_in_the_table(tmp_path):
    text = """
import numpy as np


class MSE:
    def forward(self, pred, target):
        self.d = pred - target.reshape(pred.shape)
        return np.mean(self.d**2)

    def backward(self):
        return 2 * self.d
"""
    (failure,) = failures(tmp_path, text, "MSE")
    assert failure.cause is not None and failure.claimed is not None and failure.measured
    assert failure.cause.id == "missing-mean"
    assert failure.cause.text.startswith(
        f"every entry is {failure.claimed / failure.measured:g} times"
    )
    assert failure.cause.fix == "change `return 2 * self.d` to `return 2 * self.d / self.d.size`"


@pytest.mark.parametrize(
    ("forward", "backward"),
    [("conv_forward_naive", "conv_backward_naive"), ("relu_fwd", "relu_bwd"), ("f", "f")],
)
def test_the_backward_of_a_pair_is_found_by_its_name(forward, backward):
    assert backward_name(forward) == backward


def test_each_wrong_bias_correction_predicts_the_length_of_the_first_step():
    found = {words: (cause, length) for cause, words, length in mistakes(0.9, 0.999, 1, False)}
    cause, length = found["neither average is corrected for its zero start"]
    assert cause == "bias-correction"
    assert math.isclose(length, 0.1 / math.sqrt(0.001))
    assert found["step 1 is corrected as if it were step 2"][0] == "step-counter"


def test_a_projection_leaves_nothing_along_its_direction():
    raw, ones = np.array([[3.0, 5.0, 1.0]]), np.ones((1, 3))
    rest = raw - along(raw, ones, (1,))
    assert close(rest, np.array([[0.0, 2.0, -2.0]]))
    assert not close(raw, rest)


def test_a_change_is_matched_with_the_catalogue_whatever_the_names():
    bug = next(b for b in bugs.load() if b.id == "dense-db-mean")
    pair = changed_line(bug.new, bug.old)
    assert pair is not None
    mine = (
        "self.db = np.mean(grad, axis=0, keepdims=True)",
        "self.db = np.sum(grad, axis=0, keepdims=True)",
    )
    assert plain(*pair) == plain(*mine)
    assert plain(*pair) != plain(mine[1], mine[0])


def test_every_unseen_bug_changes_one_line_and_names_causes_that_exist():
    spec = importlib.util.spec_from_file_location("fresh_bugs", FRESH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert len({b.id for b in module.BUGS}) == len(module.BUGS) >= 60
    for bug in module.BUGS:
        compile(bug.source(), bug.id, "exec")
        assert bug.causes and set(bug.causes) <= set(CAUSES), bug.id
