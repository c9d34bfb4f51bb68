"""Diagnosis: causes that an experiment confirmed, and nothing said where none did."""

from __future__ import annotations

import argparse
import ast
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gradcheck import explain, repro, run, targets
from gradcheck.conventions import ops_for
from gradcheck.diagnose import diagnose_all, reinterpret
from gradcheck.diagnose.causes import CAUSES
from gradcheck.diagnose.edits import changes, made
from gradcheck.diagnose.factors import ratio
from gradcheck.diagnose.measure import agrees, jacobian
from gradcheck.diagnose.pieces import pieces
from gradcheck.diagnose.rules import GRADIENT_RULES, OTHER_RULES
from gradcheck.types import Op, Verdict

STUDENT = Path(__file__).parent / "student" / "nnfs_style.py"


def diagnosed(
    path: Path, name: str, laws: tuple[str, ...] = ("contract", "gradient")
) -> list[Verdict]:
    """All verdicts of one name of a file, reinterpreted and diagnosed as `run` does it."""
    loaded = targets.load(targets.parse(f"{path}::{name}")[0])
    planned = run.plan(loaded, name)[0]
    options = run.Options(laws=laws, examples=0)
    subject = run.check(loaded, planned.name, options)
    ops = ops_for(run.source_of(loaded, planned, options), planned.kind)
    verdicts = [
        v
        for i, op in enumerate(ops)
        for v in reinterpret(op, [v for v in subject.verdicts if v.case and v.case.config == i])
    ]
    return diagnose_all(ops, verdicts, source=loaded.source, tree=loaded.tree, path=str(path))


def written(tmp_path: Path, text: str) -> Path:
    """A user's file."""
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n\n\n" + textwrap.dedent(text), encoding="utf-8")
    return path


def causes_of(verdicts: list[Verdict]) -> dict[tuple[str, str], str]:
    """Law and gradient of every failure with the id of its cause."""
    return {
        (v.law, v.wrt): v.cause.id if v.cause else ""
        for v in verdicts
        if v.status in {"fail", "error"}
    }


# ---- the brief's three bugs, as a newcomer reads them -------------------------------------------


def test_uint8_negation_reads_right():
    found = diagnosed(STUDENT, "Loss_BinaryCrossentropy", ("label_formats",))
    (failure,) = [v for v in found if v.status == "fail"]
    assert failure.cause is not None
    assert failure.cause.id == "label-dtype-wrap"
    assert failure.cause.text.startswith(
        "labels are uint8, -1 became 255; with float64 labels the gradient agrees to "
    )
    assert "-y_true / clipped_dvalues" in failure.cause.source
    assert failure.cause.line == STUDENT.read_text().splitlines().index(
        "        self.dinputs = (-y_true / clipped_dvalues +") + 1  # fmt: skip


def test_softmax_broadcasting_reads_right():
    found = diagnosed(STUDENT, "Activation_Softmax_v2", ("contract",))
    (failure,) = [v for v in found if v.status == "fail"]
    assert failure.cause is not None
    assert failure.cause.id == "softmax-broadcast"
    assert "keepdims=True" in failure.cause.text
    assert failure.cause.source == "self.output = exp_values / np.sum(exp_values, axis=1)"
    assert "axis=1, keepdims=True)" in failure.cause.fix


def test_bias_gradient_of_the_wrong_size_reads_right():
    found = diagnosed(STUDENT, "Layer_Output", ("contract",))
    (failure,) = [v for v in found if v.status == "fail"]
    assert failure.cause is not None
    assert failure.cause.id == "bias-shape"
    assert "the gradient has shape (5,), the bias (1, 5)" in failure.cause.text
    assert failure.cause.source == "self.dbiases = np.sum(dvalues, axis=0)"


# ---- causes by prediction and by a change of the code -------------------------------------------

LAYER = """
    class Dense:
        def __init__(self, n_in, n_out):
            self.W = np.random.randn(n_in, n_out)
            self.b = np.zeros(n_out)

        def forward(self, x):
            self.x = x.copy()
            return x @ self.W + self.b

        def backward(self, dout):
            self.dW = {dW}
            self.db = {db}
            return {dx}
"""
RIGHT = {"dW": "self.x.T @ dout", "db": "dout.sum(axis=0)", "dx": "dout @ self.W.T"}


@pytest.mark.parametrize(
    ("changed", "wrt", "cause"),
    [
        ({"dW": "-self.x.T @ dout"}, "W", "sign-flipped"),
        ({"dW": "3 * self.x.T @ dout / 4"}, "W", "constant-factor"),
        ({"db": "dout.mean(axis=0)"}, "b", "extra-mean"),
        ({"dx": "dout @ (2 * self.W).T"}, "x", "constant-factor"),
        ({"dx": "np.zeros(self.x.shape)"}, "x", "zero-gradient"),
        ({"dW": "self.x.T @ np.ones_like(dout)"}, "W", "upstream-ignored"),
    ],
)  # fmt: skip
def test_a_wrong_dense_layer_gets_its_cause(tmp_path, changed, wrt, cause):
    path = written(tmp_path, LAYER.format(**{**RIGHT, **changed}))
    found = diagnosed(path, "Dense")
    assert causes_of(found) == {("gradient", wrt): cause}
    (failure,) = [v for v in found if v.status == "fail"]
    assert failure.cause is not None and failure.cause.line is not None
    assert next(iter(changed.values())) in failure.cause.source
    assert "smallest" in failure.detail and "yours = " in failure.detail.get("smallest", "")


def test_right_code_is_left_alone(tmp_path):
    path = written(tmp_path, LAYER.format(**RIGHT))
    found = diagnosed(path, "Dense")
    assert {v.status for v in found} == {"pass"}
    assert all(v.cause is None for v in found)


def test_an_unknown_cause_is_said_to_be_unknown(tmp_path):
    text = """
    class Odd:
        def forward(self, x):
            self.x = x.copy()
            return x ** 3

        def backward(self, dout):
            return dout * np.cosh(self.x + 0.3) * 1.7
    """
    (failure,) = [v for v in diagnosed(written(tmp_path, text), "Odd") if v.status == "fail"]
    assert failure.cause is not None and failure.cause.id == "unknown"
    assert failure.cause.fix == ""
    assert (
        "mine.py:11 assigns it: `return dout * np.cosh(self.x + 0.3) * 1.7`" in failure.cause.text
    )
    assert "not confirmed: wrong-derivative" in failure.cause.text
    assert "constant-factor by " in failure.cause.text
    assert "its prediction misses by " in failure.cause.text
    nearest = failure.detail["nearest"]
    assert len(nearest) == 2
    assert all(name in CAUSES and miss > 1e-3 for name, miss in nearest)


# ---- conventions that are not bugs --------------------------------------------------------------


def test_parameter_gradients_averaged_throughout_are_a_note(tmp_path):
    text = LAYER.format(dW="self.x.T @ dout / len(dout)", db="dout.mean(axis=0)", dx=RIGHT["dx"])
    found = diagnosed(written(tmp_path, text), "Dense")
    notes = {v.wrt: v for v in found if v.status == "note"}
    assert set(notes) == {"W", "b"}
    assert "divided by the batch size inside the layer, all of them. Verified" in notes["W"].message
    assert notes["W"].resolution is not None and notes["W"].resolution < 1e-3
    assert not causes_of(found)


def test_one_averaged_gradient_among_whole_ones_stays_a_failure(tmp_path):
    text = LAYER.format(**{**RIGHT, "db": "dout.mean(axis=0)"})
    assert causes_of(diagnosed(written(tmp_path, text), "Dense")) == {
        ("gradient", "b"): "extra-mean"
    }


def test_a_gradient_at_the_logits_is_a_note(tmp_path):
    text = """
    class CrossEntropyLoss:
        def forward(self, y_pred, y_true):
            self.p, self.y = y_pred.copy(), y_true
            return -np.mean(np.log(y_pred[np.arange(len(y_pred)), y_true]))

        def backward(self):
            d = self.p.copy()
            d[np.arange(len(d)), self.y] -= 1
            return d / len(d)
    """
    found = diagnosed(written(tmp_path, text), "CrossEntropyLoss", ("gradient",))
    (note,) = [v for v in found if v.law == "gradient"]
    assert note.status == "note"
    assert "the gradient at the logits in front of softmax (p - y)" in note.message


def test_a_softmax_that_hands_on_alone_stays_a_failure(tmp_path):
    text = """
    class Softmax:
        def forward(self, x):
            e = np.exp(x - x.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)

        def backward(self, dout):
            return dout.copy()
    """
    assert causes_of(diagnosed(written(tmp_path, text), "Softmax")) == {
        ("gradient", "x"): "identity-backward"
    }


# ---- the parts ----------------------------------------------------------------------------------


def test_every_change_puts_the_tree_back(tmp_path):
    path = written(tmp_path, LAYER.format(**RIGHT))
    loaded = targets.load(targets.parse(f"{path}::Dense")[0])
    (planned,) = run.plan(loaded)
    op: Op = ops_for(run.source_of(loaded, planned, run.Options()), planned.kind)[0]
    found = pieces(op, loaded.tree)
    assert [p.role for p in found if p.node.name in {"forward", "backward"}] == [
        "backward",
        "forward",
    ]
    before = ast.dump(loaded.tree)
    codes = 0
    for piece in found:
        for change in changes(piece, (*GRADIENT_RULES, *OTHER_RULES)):
            codes += made(piece, change) is not None
    assert codes > 100
    assert ast.dump(loaded.tree) == before


def test_a_function_with_a_while_loop_is_never_changed(tmp_path):
    text = """
    class Halver:
        def forward(self, x):
            self.x = x.copy()
            return 0.5 * x

        def backward(self, dout):
            n = 3
            while n > 0:
                n -= 1
            return 0.25 * dout
    """
    path = written(tmp_path, text)
    (failure,) = [v for v in diagnosed(path, "Halver") if v.status == "fail"]
    assert failure.cause is not None and failure.cause.id == "constant-factor"
    assert "0.5 times the measured one" in failure.cause.text
    assert "tried" not in failure.cause.evidence


def test_weights_updated_too_early_are_moved_behind_their_last_use(tmp_path):
    text = """
    class FC:
        def __init__(self, n_in, n_out):
            self.weights = np.random.rand(n_in, n_out) - 0.5

        def forward(self, x):
            self.x = x.copy()
            return x @ self.weights

        def backward(self, grad, learning_rate):
            dw = self.x.T @ grad
            self.weights = self.weights - learning_rate * dw
            dx = grad @ self.weights.T
            return dx
    """
    found = diagnosed(written(tmp_path, text), "FC", ("gradient",))
    assert causes_of(found) == {("gradient", "x"): "updated-weights-used"}


def test_the_measured_jacobian_is_that_of_a_known_function():
    x = np.array([[0.3, -1.2], [2.0, 0.7]])
    measured = jacobian(lambda v: np.sin(v) * v.sum(), x, until=np.inf)
    wanted = np.diag(np.cos(x).ravel() * x.sum()) + np.sin(x).ravel()[:, None]
    np.testing.assert_allclose(measured.reshape(4, 4), wanted, rtol=0, atol=1e-10)


def test_the_measured_jacobian_has_a_hole_at_a_kink():
    measured = jacobian(np.abs, np.array([0.4, 0.0003]), until=np.inf)
    assert measured[0, 0] == pytest.approx(1.0, abs=1e-10)
    assert np.isnan(measured[1, 1])


def test_a_ratio_must_hold_in_every_entry():
    truth = np.array([1.0, 2.0, -3.0])
    assert ratio(0.25 * truth, truth) == pytest.approx(0.25)
    assert ratio(np.array([0.25, 0.5, -0.7]), truth) is None
    assert ratio(truth, truth) is None


def test_a_prediction_must_explain_the_defect():
    truth, claimed = np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-8])
    assert not agrees(truth * 1.00001, claimed, truth)
    assert agrees(claimed, claimed, truth)


# ---- explain and repro --------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_every_cause_is_explained(name):
    about = CAUSES[name]
    assert about.what and about.why and about.taught
    assert all(1 <= len(fix.splitlines()) <= 2 for fix in about.fix.values())
    assert "any" in about.fix or set(about.fix) & {"nnfs", "fish"}


def test_explain_prints_one_cause_and_refuses_an_unknown_one(capsys):
    parser = argparse.ArgumentParser()
    explain.add_arguments(parser)
    assert explain.main(parser.parse_args(["bias-shape"])) == 0
    assert "keepdims=True" in capsys.readouterr().out
    assert explain.main(parser.parse_args(["bias-shap"])) == 2
    assert "nearest: bias-shape" in capsys.readouterr().err


def test_repro_fails_until_the_bug_is_fixed(tmp_path, capsys):
    wrong = {**RIGHT, "dW": "-self.x.T @ dout"}
    path = written(tmp_path, LAYER.format(**wrong))
    out = tmp_path / "test_mine.py"
    parser = argparse.ArgumentParser()
    repro.add_arguments(parser)
    args = parser.parse_args([f"{path}::Dense", "--replay", "seed=0", "-o", str(out)])
    assert repro.main(args) == 0
    space: dict[str, object] = {"__file__": str(out)}
    exec(compile(out.read_text(), str(out), "exec"), space)
    rows = [tuple(p.values) for p in space["FAILURES"]]  # type: ignore[attr-defined]
    assert ("Dense", "gradient", "W", "seed=0") in rows
    with pytest.raises(AssertionError, match=r"dW\[.*but should be"):
        space["test_is_fixed"]("Dense", "gradient", "W", "seed=0")  # type: ignore[operator]
    path.write_text("import numpy as np\n\n\n" + textwrap.dedent(LAYER.format(**RIGHT)))
    space["test_is_fixed"]("Dense", "gradient", "W", "seed=0")  # type: ignore[operator]
    assert repro.main(args) == 1
    assert "nothing fails" in capsys.readouterr().err
