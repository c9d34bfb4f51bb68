"""Gated units, residual and highway blocks, bilinear, low-rank and maxout layers."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class GLU:
    """Splits the last axis in two halves: a * sigmoid(b)."""

    def forward(self, inputs):
        half = inputs.shape[-1] // 2
        self.a = inputs[..., :half]
        self.gate = sigmoid(inputs[..., half:])
        self.output = self.a * self.gate
        return self.output

    def backward(self, dvalues):
        da = dvalues * self.gate
        db = dvalues * self.a * self.gate * (1 - self.gate)
        self.dinputs = np.concatenate([da, db], axis=-1)
        return self.dinputs


class SwiGLU:
    """(silu(x W1) * (x W3)) W2"""

    def __init__(self, dim, hidden):
        self.params = {
            "W1": np.random.randn(dim, hidden) / np.sqrt(dim),
            "W2": np.random.randn(hidden, dim) / np.sqrt(hidden),
            "W3": np.random.randn(dim, hidden) / np.sqrt(dim),
        }
        self.grads = {}

    def forward(self, x):
        self.x = x
        self.u = x @ self.params["W1"]
        self.s = sigmoid(self.u)
        self.v = x @ self.params["W3"]
        self.h = self.u * self.s * self.v
        return self.h @ self.params["W2"]

    def backward(self, dout):
        self.grads["W2"] = self.h.T @ dout
        dh = dout @ self.params["W2"].T
        dsilu = self.s * (1 + self.u * (1 - self.s))
        du = dh * self.v * dsilu
        dv = dh * self.u * self.s
        self.grads["W1"] = self.x.T @ du
        self.grads["W3"] = self.x.T @ dv
        return du @ self.params["W1"].T + dv @ self.params["W3"].T


class ResidualBlock:
    """x + dropout(relu(x W1 + b1) W2 + b2), inverted dropout with the share `rate`."""

    def __init__(self, dim, hidden, rate=0.0):
        self.W1 = np.random.randn(dim, hidden) * np.sqrt(2.0 / dim)
        self.b1 = np.zeros(hidden)
        self.W2 = np.random.randn(hidden, dim) * np.sqrt(2.0 / hidden)
        self.b2 = np.zeros(dim)
        self.rate = rate

    def forward(self, x, training=True):
        self.x = x
        self.z1 = x @ self.W1 + self.b1
        self.h = np.maximum(self.z1, 0)
        z2 = self.h @ self.W2 + self.b2
        if training and self.rate > 0:
            self.mask = (np.random.rand(*z2.shape) >= self.rate) / (1.0 - self.rate)
        else:
            self.mask = np.ones_like(z2)
        return x + z2 * self.mask

    def backward(self, dout):
        dz2 = dout * self.mask
        self.dW2 = self.h.T @ dz2
        self.db2 = dz2.sum(axis=0)
        dz1 = (dz2 @ self.W2.T) * (self.z1 > 0)
        self.dW1 = self.x.T @ dz1
        self.db1 = dz1.sum(axis=0)
        return dout + dz1 @ self.W1.T


class Highway:
    """t * tanh(x WH + bH) + (1 - t) * x with t = sigmoid(x WT + bT)"""

    def __init__(self, dim):
        self.WH = np.random.randn(dim, dim) * 0.1
        self.bH = np.zeros(dim)
        self.WT = np.random.randn(dim, dim) * 0.1
        self.bT = np.full(dim, -1.0)

    def forward(self, x):
        self.x = x
        self.h = np.tanh(x @ self.WH + self.bH)
        self.t = sigmoid(x @ self.WT + self.bT)
        return self.t * self.h + (1 - self.t) * x

    def backward(self, dout):
        dh = dout * self.t * (1 - self.h ** 2)
        dt = dout * (self.h - self.x) * self.t * (1 - self.t)
        self.dWH, self.dbH = self.x.T @ dh, dh.sum(axis=0)
        self.dWT, self.dbT = self.x.T @ dt, dt.sum(axis=0)
        return dout * (1 - self.t) + dh @ self.WH.T + dt @ self.WT.T


def bilinear_forward(x1, x2, W, b):
    """out[n, k] = x1[n] . W[k] . x2[n] + b[k]; W: (K, I, J)."""
    out = np.einsum("ni,kij,nj->nk", x1, W, x2) + b
    return out, (x1, x2, W)


def bilinear_backward(dout, cache):
    x1, x2, W = cache
    dx1 = np.einsum("nk,kij,nj->ni", dout, W, x2)
    dx2 = np.einsum("nk,kij,ni->nj", dout, W, x1)
    dW = np.einsum("nk,ni,nj->kij", dout, x1, x2)
    db = dout.sum(axis=0)
    return dx1, dx2, dW, db


class LowRankDense:
    """x U V + b with U (n_in, rank), V (rank, n_out); backward takes the step itself."""

    def __init__(self, n_in, n_out, rank):
        self.U = np.random.randn(n_in, rank) / np.sqrt(n_in)
        self.V = np.random.randn(rank, n_out) / np.sqrt(rank)
        self.b = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        self.xu = x @ self.U
        return self.xu @ self.V + self.b

    def backward(self, grad, learning_rate):
        dxu = grad @ self.V.T
        dx = dxu @ self.U.T
        dV = self.xu.T @ grad
        dU = self.x.T @ dxu
        self.V = self.V - learning_rate * dV
        self.U = self.U - learning_rate * dU
        self.b = self.b - learning_rate * grad.sum(axis=0, keepdims=True)
        return dx


class Maxout:
    """The greatest of `pieces` affine maps: W (pieces, n_in, n_out), b (pieces, n_out)."""

    def __init__(self, n_in, n_out, pieces=2):
        self.W = np.random.randn(pieces, n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros((pieces, n_out))

    def forward(self, x):
        self.x = x
        z = np.einsum("ni,pio->pno", x, self.W) + self.b[:, None, :]
        self.winner = z.argmax(axis=0)
        return z.max(axis=0)

    def backward(self, dout):
        pieces = np.arange(self.W.shape[0])[:, None, None]
        dz = (self.winner[None] == pieces) * dout[None]
        self.dW = np.einsum("ni,pno->pio", self.x, dz)
        self.db = dz.sum(axis=1)
        return np.einsum("pno,pio->ni", dz, self.W)
