"""Attention layers, dropout and a pre-norm transformer block. Tensors are (batch, time, d_model)."""
import numpy as np


def softmax(a):
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.W + self.b

    def backward(self, dout):
        rows = dout.reshape(-1, dout.shape[-1])
        self.dW = self.x.reshape(-1, self.x.shape[-1]).T @ rows
        self.db = rows.sum(axis=0)
        return dout @ self.W.T


class Dropout:
    """Inverted dropout with one mask per (sample, feature), the same at every time step."""

    def __init__(self, rate):
        self.rate = rate
        self.training = True
        self.mask = None

    def forward(self, x):
        if not self.training or self.rate == 0:
            self.mask = None
            return x.copy()
        keep = np.random.rand(x.shape[0], 1, x.shape[2]) >= self.rate
        self.mask = keep / (1.0 - self.rate)
        return x * self.mask

    def backward(self, dout):
        if self.mask is None:
            return dout.copy()
        return dout * self.mask


class CausalSelfAttention:
    """Multi-head attention; position t attends to positions <= t."""

    def __init__(self, d_model, n_heads):
        self.h = n_heads
        self.qkv = Linear(d_model, 3 * d_model)
        self.proj = Linear(d_model, d_model)

    def _split(self, t):
        N, T, D = t.shape
        return t.reshape(N, T, self.h, D // self.h).transpose(0, 2, 1, 3)

    def _merge(self, t):
        N, h, T, d = t.shape
        return t.transpose(0, 2, 1, 3).reshape(N, T, h * d)

    def forward(self, x):
        T = x.shape[1]
        q, k, v = [self._split(t) for t in np.split(self.qkv.forward(x), 3, axis=-1)]
        self.scale = 1.0 / np.sqrt(q.shape[-1])
        scores = q @ k.transpose(0, 1, 3, 2) * self.scale
        future = np.triu(np.ones((T, T), dtype=bool), k=1)
        self.A = softmax(np.where(future, -np.inf, scores))
        self.q, self.k, self.v = q, k, v
        return self.proj.forward(self._merge(self.A @ v))

    def backward(self, dout):
        do = self._split(self.proj.backward(dout))
        dv = self.A.transpose(0, 1, 3, 2) @ do
        dA = do @ self.v.transpose(0, 1, 3, 2)
        dS = self.A * (dA - np.sum(dA * self.A, axis=-1, keepdims=True))
        dS = dS * self.scale
        dq = dS @ self.k
        dk = dS.transpose(0, 1, 3, 2) @ self.q
        d = np.concatenate([self._merge(dq), self._merge(dk), self._merge(dv)], axis=-1)
        return self.qkv.backward(d)


class AttentionPool:
    """Weighted mean over time: a = softmax(x w) over the valid steps, y = sum_t a_t x_t."""

    def __init__(self, dim):
        self.w = np.random.randn(dim) / np.sqrt(dim)

    def forward(self, x, lengths=None):
        self.x = x.copy()
        scores = x @ self.w
        if lengths is not None:
            valid = np.arange(x.shape[1]) < np.asarray(lengths)[:, None]
            scores = np.where(valid, scores, -1e30)
        self.a = softmax(scores)
        return np.einsum("nt,ntd->nd", self.a, x)

    def backward(self, dout):
        da = np.einsum("ntd,nd->nt", self.x, dout)
        ds = self.a * (da - (da * self.a).sum(axis=1, keepdims=True))
        self.dw = np.einsum("nt,ntd->d", ds, self.x)
        return self.a[:, :, None] * dout[:, None, :] + ds[:, :, None] * self.w


class HighwayLayer:
    """y = g * tanh(x Wh + bh) + (1 - g) * x with the gate g = sigmoid(x Wg + bg)."""

    def __init__(self, dim):
        self.hid, self.gate = Linear(dim, dim), Linear(dim, dim)
        self.gate.b = np.full(dim, -1.0)

    def forward(self, x):
        self.x = x.copy()
        self.t = np.tanh(self.hid.forward(x))
        self.g = 0.5 * (1 + np.tanh(0.5 * self.gate.forward(x)))
        return self.g * self.t + (1 - self.g) * x

    def backward(self, dout):
        dt = dout * self.g * (1 - self.t ** 2)
        dg = dout * (self.t - self.x) * self.g * (1 - self.g)
        dx = dout * (1 - self.g)
        dx = dx + self.hid.backward(dt)
        dx = dx + self.gate.backward(dg)
        return dx


class MLPBlock:
    """Residual feed-forward with a learned gain: y = x + alpha * drop(relu(x W1 + b1)^2 W2 + b2)."""

    def __init__(self, dim, hidden, rate=0.0):
        self.fc1, self.fc2 = Linear(dim, hidden), Linear(hidden, dim)
        self.drop = Dropout(rate)
        self.alpha = np.full(dim, 0.1)

    def train(self):
        self.drop.training = True

    def eval(self):
        self.drop.training = False

    def forward(self, x):
        self.r = np.maximum(self.fc1.forward(x), 0)
        self.branch = self.drop.forward(self.fc2.forward(self.r ** 2))
        return x + self.alpha * self.branch

    def backward(self, dout):
        self.dalpha = (dout * self.branch).sum(axis=(0, 1))
        d = self.drop.backward(dout * self.alpha)
        d = self.fc2.backward(d) * 2 * self.r
        return dout + self.fc1.backward(d)


class TransformerBlock:
    """x + attention(x), then x + mlp(x)."""

    def __init__(self, d_model, n_heads, d_ff):
        self.attn = CausalSelfAttention(d_model, n_heads)
        self.mlp = MLPBlock(d_model, d_ff)

    def forward(self, x):
        h = x + self.attn.forward(x)
        return self.mlp.forward(h)

    def backward(self, dout):
        dh = self.mlp.backward(dout)
        return dh + self.attn.backward(dh)
