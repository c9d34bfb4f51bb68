"""Right code that looks like the bugs of `test_diagnose_opened`: none of it may fail."""

from __future__ import annotations

import pytest

from gradcheck import run, targets

HEAD = "import numpy as np\n\n\n"
COSINE = """
def cosine_loss(a, b):
    na, nb = np.linalg.norm(a, axis=1, keepdims=True), np.linalg.norm(b, axis=1, keepdims=True)
    u, v = a / na, b / nb
    return np.mean(1 - np.sum(u * v, axis=1)), u, v
"""
CENTERED = """
class Centered:
    def __init__(self, n=4):
        self.params = {"W": np.random.randn(n, 5), "mean": np.random.randn(n)}
        self.grads = {}

    def forward(self, x):
        self.c = x - self.params["mean"]
        return self.c @ self.params["W"]

    def backward(self, dout):
        self.grads["W"] = self.c.T @ dout
        return dout @ self.params["W"].T
"""
SHIFTED = """
import torch


class Shifted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * 2 + torch.floor(b)

    @staticmethod
    def backward(ctx, grad):
        return 2 * grad, None
"""
RIDGE = """
def ridge_loss(w, X, t, lam=0.5):
    assert lam > 0
    residual = X.dot(w) - t
    return 0.5 * np.mean(residual ** 2) + lam * np.sum(w ** 2), X.T.dot(residual) / len(t) + 2 * lam * w
"""
ODD = """
class OddPool:
    def __init__(self, size=3):
        self.size = size

    def forward(self, x):
        assert self.size % 2 == 1
        self.shape, k = x.shape, self.size
        h, w = x.shape[2] - k + 1, x.shape[3] - k + 1
        return np.stack([x[:, :, i:i + k, j:j + k].mean(axis=(2, 3)) for i in range(h) for j in range(w)], -1).reshape(*x.shape[:2], h, w)

    def backward(self, dout):
        dx, k = np.zeros(self.shape), self.size
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                dx[:, :, i:i + k, j:j + k] += dout[:, :, i, j, None, None] / k ** 2
        return dx
"""
LOOKALIKES = {
    "a parameter called mean is kept, not trained": (CENTERED, "Centered"),
    "None for an input b that has no gradient": (SHIFTED, "Shifted"),
    "a cost that takes no strength of 0": (RIDGE, "ridge_loss"),
    "a window that must be odd": (ODD, "OddPool"),
}


@pytest.mark.parametrize("looks", LOOKALIKES)
def test_right_code_does_not_fail(tmp_path, looks):
    code, name = LOOKALIKES[looks]
    if "torch" in code:
        pytest.importorskip("torch")
    path = tmp_path / "code.py"
    path.write_text(HEAD + code.strip() + "\n", encoding="utf-8")
    subject = run.check(targets.load(targets.parse(str(path))[0]), name, run.Options())
    assert subject.status in {"pass", "note"}
    assert any(v.law in {"gradient", "model_gradient"} for v in subject.verdicts)


def test_other_results_beside_a_loss_are_no_gradients(tmp_path):
    path = tmp_path / "code.py"
    path.write_text(HEAD + COSINE.strip() + "\n", encoding="utf-8")
    found = run.plan(targets.load(targets.parse(str(path))[0]))
    assert "cosine_loss" not in {f.name for f in found}
