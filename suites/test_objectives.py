"""Losses with their gradients as plain functions: how arguments are told apart, what a call leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import run, targets
from gradcheck.conventions.objective_roles import cost_and_gradient, roles_of
from gradcheck.conventions.objectives import totals
from gradcheck.conventions.scalar_functions import entry_by_entry, takes_numbers_only
from gradcheck.conventions.word_vectors import matched

CHARACTERS = """
import numpy as np
with open("no_such_text.txt") as f:
    data = f.read()
chars = sorted(set(data))
size = len(chars)
Wxh = np.random.randn(8, size) * 0.01
Why = np.random.randn(size, 8) * 0.01
bh = np.zeros((8, 1))


def lossFun(inputs, targets):
    loss, dWxh, dWhy, dbh = 0, np.zeros_like(Wxh), np.zeros_like(Why), np.zeros_like(bh)
    for i, t in zip(inputs, targets):
        x = np.zeros((size, 1))
        x[i] = 1
        h = np.tanh(Wxh @ x + bh)
        p = np.exp(Why @ h)
        p /= p.sum()
        loss -= np.log(p[t, 0])
        dy = p.copy()
        dy[t] -= 1
        dWhy += dy @ h.T
        dh = Why.T @ dy * (1 - h * h)
        dWxh += dh @ x.T
        dbh += dh
    for d in (dWxh, dWhy, dbh):
        np.clip(d, -0.01, 0.01, out=d)
    return loss, dWxh, dWhy, dbh
"""


def loaded(tmp_path, text):
    file = tmp_path / "code.py"
    file.write_text(text)
    return targets.load(targets.parse(str(file))[0])


def defined(text):
    space = {}
    exec(text, space)
    return space


def test_text_that_is_missing_is_supplied_and_what_was_changed_is_put_back(tmp_path):
    file = loaded(tmp_path, CHARACTERS)
    own = np.clip
    found = run.check(file, "lossFun", run.Options(laws=("model_gradient",), diagnose=False))
    assert found.status == "pass", [v.message for v in found.verdicts]
    assert any("no_such_text.txt is not there" in note for note in found.notes)
    assert any("before they are clipped" in note for note in found.notes)
    assert np.clip is own
    assert "open" not in file.namespace
    assert (
        np.abs(file.namespace["Wxh"]).max() < 0.1
    )  # the file's own value, not one of the checker's


def test_gradients_over_variables_of_the_file_are_measured(tmp_path):
    file = loaded(tmp_path, CHARACTERS.replace("(1 - h * h)", "(1 - h)"))
    found = run.check(file, "lossFun", run.Options(laws=("model_gradient",), diagnose=False))
    assert {v.wrt for v in found.verdicts if v.status == "fail"} == {"Wxh", "bh"}


def test_without_its_parameters_the_error_names_what_is_missing(tmp_path):
    text = CHARACTERS.replace("sorted(set(data))", "load_vocabulary(data)")
    found = run.check(loaded(tmp_path, text), "lossFun", run.Options())
    assert found.status == "error"
    assert "load_vocabulary" in found.reason


def test_features_and_strengths_are_no_sizes(tmp_path):
    text = (
        "def loss(features, labels, weights, regularization_strength):\n    return 0.0, weights\n"
    )
    text = text.replace("0.0, weights", "cost, weight_gradient")
    roles = roles_of(loaded(tmp_path, text).namespace["loss"])
    assert (roles.data, roles.labels, dict(roles.sizes)) == ("features", "labels", {})
    assert dict(roles.gradients) == {"weights": 1}
    assert roles.fixed == {"regularization_strength": 0.1}


def test_number_of_labels_is_a_size_and_no_label(tmp_path):
    text = "def cost(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_):\n    return J, grad\n"
    roles = roles_of(loaded(tmp_path, text).namespace["cost"])
    assert roles.labels == "y"
    assert list(roles.sizes.values()) == [4, 6, 5]
    assert roles.flat


@pytest.mark.parametrize("wanted", [65, 4 * 6 + 6 * 5, 4 * 6 + 6 + 6 * 5 + 5 + 4])
def test_totals_count_biases_or_leave_them_out(wanted):
    assert wanted in set(totals([4, 6, 5]))


def test_cost_is_paired_with_the_gradient_of_its_own_arguments(tmp_path):
    text = "\n".join(
        f"def {name}({args}):\n    return {value}\n"
        for name, args, value in (
            ("cost", "theta, X, y", "J"), ("gradient", "theta, X, y", "grad"),
            ("costReg", "theta, X, y, lam", "J"), ("gradientReg", "theta, X, y, lam", "grad"),
            ("cost_of_tea", "price", "price"),
        )
    )  # fmt: skip
    space = loaded(tmp_path, text).namespace
    assert cost_and_gradient(space, "costReg")[1].__name__ == "gradientReg"
    assert cost_and_gradient(space, "cost")[1].__name__ == "gradient"
    assert cost_and_gradient(space, "cost_of_tea") is None


def test_gradients_of_vectors_are_matched_by_words_else_in_order():
    returned = ["gradCenterVecs", "gradOutsideVectors"]
    assert dict(matched(["outsideVectors", "centerWordVectors"], returned)) == {
        "outsideVectors": 2, "centerWordVectors": 1,
    }  # fmt: skip
    assert dict(matched(["predicted", "outputVectors"], ["gradPred", "grad"])) == {
        "predicted": 1, "outputVectors": 2,
    }  # fmt: skip


def test_a_loop_of_training_is_no_optimizer(tmp_path):
    text = "def optimize(w, b, X, Y, num_iterations, learning_rate):\n    return {}, {}, []\n"
    assert run.plan(loaded(tmp_path, text)) == []


NUMBERS = """
import math


class Power:
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a ** b

    @staticmethod
    def backward(ctx, d):
        a, b = ctx.saved_values
        return d * b * a ** (b - 1), d * a ** b * math.log(a)
"""


def test_functions_of_numbers_are_applied_to_every_entry():
    cls = defined(NUMBERS)["Power"]
    assert takes_numbers_only(cls)
    from gradcheck.conventions.stand_ins import Context

    spread, held = entry_by_entry(cls), Context()
    a, b = np.array([[2.0, 3.0]]), np.array([[3.0, 2.0]])
    assert np.array_equal(spread.forward(held, a, b), a**b)
    da, db = spread.backward(held, np.array([[1.0, 10.0]]))
    assert np.allclose(da, [[12.0, 60.0]])
    assert np.allclose(db, [[8 * np.log(2), 90 * np.log(3)]])
    assert spread.forward(Context(), np.array([1e300]), np.array([2.0])) == np.inf


LAYERS = """
class Momentum:
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None

    def step(self, grads, params):
        flat = [g for layer in grads for g in layer.values()]
        self.v = self.v or [0.0] * len(flat)
        self.v = [self.momentum * v - self.lr * g for v, g in zip(self.v, flat)]
        steps = iter(self.v)
        for layer in params:
            for key in layer:
                layer[key] += next(steps)
"""


def test_optimizer_over_a_dict_for_each_layer_is_checked(tmp_path):
    right = run.check(loaded(tmp_path, LAYERS), "Momentum", run.Options())
    assert right.status in {"pass", "note"}, (right.reason, [v.message for v in right.verdicts])
    (tmp_path / "wrong").mkdir()
    text = LAYERS.replace("next(steps)", "next(steps) * 2")
    wrong = run.check(loaded(tmp_path / "wrong", text), "Momentum", run.Options(diagnose=False))
    assert "optimizer_steps" in {v.law for v in wrong.verdicts if v.status == "fail"}


QUANTILE = """
import numpy as np

class QuantileLoss:
    def __init__(self, q=0.7):
        self.q = q

    def forward(self, pred, target):
        self.e = target - pred
        return np.mean(np.maximum(self.q * self.e, (self.q - 1) * self.e))

    def backward(self):
        return np.where(self.e > 0, -self.q, 1 - self.q) / self.e.size
"""


def test_a_loss_right_for_one_output_only_is_told_so(tmp_path):
    right = run.check(loaded(tmp_path, QUANTILE), "QuantileLoss", run.Options())
    assert (right.status, right.notes) == ("pass", ())
    (tmp_path / "one").mkdir()
    text = QUANTILE.replace("self.e.size", "len(self.e)")
    one = run.check(loaded(tmp_path / "one", text), "QuantileLoss", run.Options())
    assert one.status == "note" and any("wrong for (n, k)" in told for told in one.notes)
