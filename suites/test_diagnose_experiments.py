"""Experiments that confirm a cause, and words of a law that do not."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gradcheck import run, targets
from gradcheck.conventions import ops_for
from gradcheck.diagnose import diagnose_all
from gradcheck.diagnose.edits import changes
from gradcheck.diagnose.factors import whole_number
from gradcheck.diagnose.facts_shapes import subsets
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.rules_more import siblings, weighted
from gradcheck.types import Verdict


def failures(folder: Path, text: str, name: str, laws: tuple[str, ...]) -> list[Verdict]:
    """The diagnosed failures of one class of a user's file."""
    path = folder / "mine.py"
    path.write_text("import numpy as np\n\n\n" + textwrap.dedent(text), encoding="utf-8")
    loaded = targets.load(targets.parse(f"{path}::{name}")[0])
    planned = run.plan(loaded, name)[0]
    options = run.Options(laws=laws, examples=0, diagnose=False)
    subject = run.check(loaded, planned.name, options)
    ops = ops_for(run.source_of(loaded, planned, options), planned.kind)
    found = diagnose_all(
        ops, subject.verdicts, source=loaded.source, tree=loaded.tree, path=str(path)
    )
    return [v for v in found if v.status == "fail"]


def cause(found: list[Verdict], law: str, wrt: str = "") -> str:
    """The confirmed cause of the first failure of a law."""
    hit = next(v for v in found if v.law == law and (not wrt or v.wrt == wrt))
    assert hit.cause is not None
    return hit.cause.id


AFFINE = """
class Affine:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = {db}
        {before}
        return dout @ self.W.T
"""


@pytest.mark.parametrize("rate", [0.5, 0.001])
def test_weights_updated_before_dx_are_told_by_the_numbers(tmp_path, rate):
    text = AFFINE.format(db="dout.sum(axis=0)", before=f"self.W = self.W - {rate} * self.dW")
    found = failures(tmp_path, text, "Affine", ("contract", "gradient", "repeatable"))
    assert cause(found, "gradient", "x") == "updated-weights-used"
    assert cause(found, "repeatable") == "updated-weights-used"


def test_a_bias_gradient_is_held_to_the_numbers_not_to_its_shape(tmp_path):
    same = AFFINE.format(db="dout.sum(axis=0)[:, None]", before="")
    found = failures(tmp_path, same, "Affine", ("contract",))
    (verdict,) = found
    assert verdict.cause is not None and verdict.cause.id == "bias-shape"
    assert "its numbers are those of the measured gradient" in verdict.cause.evidence
    other = AFFINE.format(db="np.cbrt(dout.sum(axis=0))[:, None]", before="")
    (verdict,) = failures(tmp_path, other, "Affine", ("contract",))
    assert verdict.cause is not None and verdict.cause.id == "unknown"
    assert verdict.detail["hypotheses"][0] == "bias-shape"


def test_a_bias_gradient_of_each_sample_lacks_the_sum(tmp_path):
    text = AFFINE.format(db="dout", before="")
    (verdict,) = failures(tmp_path, text, "Affine", ("contract",))
    assert verdict.cause is not None and verdict.cause.id == "missing-broadcast-sum"
    assert verdict.detail["also"][0] == "bias-shape"


def test_an_option_that_backward_alone_ignores(tmp_path):
    text = """
    class Shift:
        def __init__(self, step=2):
            self.step = step

        def forward(self, x):
            return x[:, :: self.step].copy() * 2.0 if self.step > 0 else x

        def backward(self, dout):
            dx = np.zeros((dout.shape[0], self.width))
            dx[:, : dout.shape[1]] = 2.0 * dout
            return dx
    """
    text = text.replace("return x[:, ::", "self.width = x.shape[1]\n            return x[:, ::")
    found = failures(tmp_path, text, "Shift", ("contract", "gradient"))
    assert cause(found, "gradient") == "option-ignored"


RNN = """
class Recurrent:
    def __init__(self, n_in, n_h):
        self.U = np.random.randn(n_in, n_h)
        self.V = np.random.randn(n_h, n_h)

    def forward(self, x):
        n, steps, _ = x.shape
        self.x = x.copy()
        self.h = np.zeros((n, steps + 1, self.V.shape[0]))
        for t in range(steps):
            self.h[:, t + 1] = np.tanh(x[:, t] @ self.U + self.h[:, t] @ self.V)
        return self.h[:, 1:].copy()

    def backward(self, dout):
        dx, carry = np.zeros_like(self.x), 0.0
        self.dU, self.dV = np.zeros_like(self.U), np.zeros_like(self.V)
        for t in reversed(range(self.x.shape[1])):
            dz = (dout[:, t] + carry) * (1 - self.h[:, t + 1] ** 2)
            dx[:, t] = dz @ self.U.T
            self.dU += self.x[:, t].T @ dz
            self.dV += self.h[:, t].T @ dz
            carry = dz @ self.V.T
        return dx
"""


def test_a_lost_carry_is_told_by_the_numbers(tmp_path):
    text = RNN.replace("(dout[:, t] + carry)", "dout[:, t]")
    found = failures(tmp_path, text, "Recurrent", ("contract", "gradient"))
    assert cause(found, "gradient", "x") == "missing-carry"


@pytest.mark.slow
def test_a_matrix_that_the_carry_does_not_go_through(tmp_path):
    text = RNN.replace("carry = dz @ self.V.T", "carry = dz")
    found = failures(tmp_path, text, "Recurrent", ("contract", "gradient"))
    assert cause(found, "gradient", "x") == "missing-chain-factor"


def test_a_mixed_batch_is_a_hypothesis_where_nothing_more_is_known(tmp_path):
    text = """
    class ReLUMean:
        def forward(self, x):
            self.mask = x + x.mean() > 0
            return self.mask * (x + x.mean())

        def backward(self, dout):
            g = dout * self.mask
            return g + g.mean()
    """
    found = failures(tmp_path, text, "ReLUMean", ("contract", "gradient", "batch"))
    (verdict,) = found
    assert verdict.law == "batch" and verdict.cause is not None
    assert verdict.cause.id == "unknown"
    assert verdict.detail["hypotheses"][0] == "batch-mixed"


def test_overflow_is_told_with_the_line_of_forward_where_it_arises(tmp_path):
    text = """
    class Softplus:
        def forward(self, x):
            self.x = x.copy()
            grown = np.exp(x)
            return np.log(1 + grown)

        def backward(self, dout):
            return dout * 0.5 * (1 + np.tanh(0.5 * self.x))
    """
    found = failures(tmp_path, text, "Softplus", ("extremes",))
    assert cause(found, "extremes") == "overflow"
    assert found[0].cause is not None
    assert found[0].cause.source == "grown = np.exp(x)"


def test_what_an_earlier_call_left_is_stale(tmp_path):
    text = """
    class Relu:
        def __init__(self):
            self.mask = None

        def forward(self, x):
            if self.mask is None or self.mask.shape != x.shape:
                self.mask = x > 0
            return x * self.mask

        def backward(self, dout):
            return dout * self.mask
    """
    text = text.replace(" or self.mask.shape != x.shape", "")
    found = failures(tmp_path, text, "Relu", ("interleaved",))
    assert cause(found, "interleaved") == "stale-mask"


def piece_of(text: str) -> Piece:
    """A method of a class, parsed and live."""
    tree = ast.parse(textwrap.dedent(text))
    space: dict[str, object] = {"np": np}
    exec(compile(tree, "mine.py", "exec"), space)  # the test's own text
    owner = tree.body[0]
    assert isinstance(owner, ast.ClassDef)
    node = owner.body[-1]
    assert isinstance(node, ast.FunctionDef)
    function = getattr(space[owner.name], node.name)
    return Piece(function, node, owner, "backward")


def test_a_missing_sibling_and_a_missing_weight_are_proposed():
    piece = piece_of(
        """
        class Head:
            def __init__(self, weights):
                self.weights = weights
                self.Wq = self.Wk = self.Wv = self.labels = None

            def backward(self, dq, dk, dv):
                return dq @ self.Wq.T + dk @ self.Wk.T
        """
    )
    new = {ast.unparse(c.new) for c in changes(piece, (siblings,))}
    assert "dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T" in new
    new = {ast.unparse(c.new) for c in changes(piece, (weighted,))}
    assert any("self.weights[self.labels][:, None]" in text for text in new)


def test_helpers():
    assert list(subsets(2)) == [(0,), (1,), (0, 1)]
    assert whole_number("constant-factor", 42.0) == (False, False, "missing-mean")
    assert whole_number("constant-factor", 1 / 7) == (False, False, "extra-mean")
    assert whole_number("constant-factor", 2.0) == (False, True, "missing-chain-factor")
    assert whole_number("missing-mean", 3.0)[1]


DROPOUT = """
class Dropout:
    def __init__(self, rate=0.4):
        self.rate = rate
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.rate
            return x * self.mask
        self.mask = {mask}
        return x * {scale}

    def backward(self, dout):
        return dout * self.mask
"""


@pytest.mark.parametrize(
    ("mask", "scale", "wanted"),
    [
        ("1.0 if self.mask is None else self.mask", "(1.0 - self.rate)", "stale-mask"),
        ("1.0 - self.rate", "self.rate", "dropout-scale"),
    ],
)
def test_dropout_in_evaluation_stale_mask_against_wrong_scale(tmp_path, mask, scale, wanted):
    text = DROPOUT.format(mask=mask, scale=scale)
    found = failures(tmp_path, text, "Dropout", ("contract", "gradient", "train_eval"))
    told = [
        v.cause.id if v.cause and v.cause.id != "unknown" else v.detail["hypotheses"][0]
        for v in found
        if v.cause
    ]
    assert told[0] == wanted


def test_a_mask_drawn_in_backward_is_told_from_the_gradient(tmp_path):
    text = DROPOUT.format(mask="1.0", scale="1.0").replace(
        "return dout * self.mask", "return dout * (np.random.rand(*dout.shape) > self.rate)"
    )
    found = failures(tmp_path, text, "Dropout", ("contract", "gradient"))
    assert cause(found, "gradient") == "resampled-mask"


def test_precedence_of_a_difference_quotient(tmp_path):
    text = """
    def numerical_gradient(f, x):
        h = 1e-4
        grad = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            old = x[i]
            x[i] = old + h
            up = f(x)
            x[i] = old - h
            down = f(x)
            x[i] = old
            grad[i] = (up - down) / 2 * h
        return grad
    """
    found = failures(tmp_path, text, "numerical_gradient", ("numerical_gradient",))
    assert cause(found, "numerical_gradient") == "numerical-gradient-wrong"
    assert found[0].cause is not None and "(2 * h)" in found[0].cause.fix
