import numpy as np


def sigm(z):
    return 0.5 * (1 + np.tanh(z / 2))


class Embedding:
    def __init__(self, vocab_size, embedding_dim):
        self.W = np.random.randn(vocab_size, embedding_dim) * 0.01
        self.dW = np.zeros_like(self.W)

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW[...] = 0
        np.add.at(self.dW, self.idx, dout)
        return None


class EmbeddingRows:
    def __init__(self, vocab_size, embedding_dim):
        self.weights = np.random.randn(vocab_size, embedding_dim)

    def forward(self, token_ids):
        self.token_ids = token_ids
        return self.weights[token_ids]

    def backward(self, grad):
        self.grad_weights = np.zeros_like(self.weights)
        self.grad_weights[self.token_ids] = grad


class SimpleRNN:
    """x (batch, time, input_size) -> all hidden states."""

    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) * 0.1
        self.Wh = np.random.randn(hidden_size, hidden_size) * 0.1
        self.b = np.zeros(hidden_size)

    def forward(self, x):
        n, t, _ = x.shape
        self.x = x
        self.hs = np.zeros((n, t + 1, self.b.size))
        for i in range(t):
            self.hs[:, i + 1] = np.tanh(x[:, i] @ self.Wx + self.hs[:, i] @ self.Wh + self.b)
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dx = np.zeros(self.x.shape)
        carry = np.zeros_like(dhs[:, 0])
        for i in reversed(range(self.x.shape[1])):
            da = (dhs[:, i] + carry) * (1 - self.hs[:, i + 1] ** 2)
            self.dWx += self.x[:, i].T @ da
            self.dWh += self.hs[:, i].T @ da
            self.db += da.sum(axis=0)
            dx[:, i] = da @ self.Wx.T
            carry = da @ self.Wh.T
        return dx


class ShortMemoryRNN:
    """x (batch, time, input_size) -> last hidden state."""

    def __init__(self, input_size, hidden_size):
        self.U = np.random.randn(input_size, hidden_size) * 0.1
        self.V = np.random.randn(hidden_size, hidden_size) * 0.1

    def forward(self, x):
        self.x = x
        h = np.zeros((x.shape[0], self.V.shape[0]))
        self.hs = [h]
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ self.U + h @ self.V)
            self.hs.append(h)
        return h

    def backward(self, dh):
        self.dU = np.zeros_like(self.U)
        self.dV = np.zeros_like(self.V)
        dx = np.zeros_like(self.x)
        t = self.x.shape[1] - 1
        da = dh * (1 - self.hs[t + 1] ** 2)
        self.dU += self.x[:, t].T @ da
        self.dV += self.hs[t].T @ da
        dx[:, t] = da @ self.U.T
        return dx


class GRU:
    def __init__(self, input_dim, hidden_dim):
        d, h = input_dim, hidden_dim
        self.Wz, self.Wr, self.Wn = (np.random.randn(d + h, h) * 0.1 for _ in range(3))
        self.h_dim = h

    def forward(self, x):
        n, T, d = x.shape
        h = np.zeros((n, self.h_dim))
        self.steps = []
        self.d = d
        out = np.zeros((n, T, self.h_dim))
        for t in range(T):
            xh = np.hstack([x[:, t], h])
            z, r = sigm(xh @ self.Wz), sigm(xh @ self.Wr)
            xrh = np.hstack([x[:, t], r * h])
            cand = np.tanh(xrh @ self.Wn)
            self.steps.append((xh, xrh, h, z, r, cand))
            h = (1 - z) * h + z * cand
            out[:, t] = h
        return out

    def backward(self, dout):
        self.dWz, self.dWr, self.dWn = np.zeros_like(self.Wz), np.zeros_like(self.Wr), np.zeros_like(self.Wn)
        dx = np.zeros((dout.shape[0], dout.shape[1], self.d))
        dh = np.zeros((dout.shape[0], self.h_dim))
        for t in reversed(range(dout.shape[1])):
            xh, xrh, h, z, r, cand = self.steps[t]
            dh = dh + dout[:, t]
            dcand = dh * z * (1 - cand**2)
            dz = dh * (cand - h) * z * (1 - z)
            dxrh = dcand @ self.Wn.T
            drh = dxrh[:, self.d:]
            dr = drh * h * r * (1 - r)
            self.dWn += xrh.T @ dcand
            self.dWz += xh.T @ dz
            self.dWr += xh.T @ dr
            dxh = dz @ self.Wz.T + dr @ self.Wr.T
            dx[:, t] = dxh[:, :self.d] + dxrh[:, :self.d]
            dh = dh * (1 - z) + drh * r + dxh[:, self.d:]
        return dx


class SelfAttention:
    def __init__(self, d_model):
        self.Wq, self.Wk, self.Wv = (np.random.randn(d_model, d_model) / d_model for _ in range(3))
        self.scale = 1 / np.sqrt(d_model)

    def forward(self, x):
        if x.ndim != 3:
            raise ValueError("x must be (batch, time, d_model)")
        self.x = x
        self.q, self.k, self.v = x @ self.Wq, x @ self.Wk, x @ self.Wv
        s = self.scale * self.q @ self.k.transpose(0, 2, 1)
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        self.a = e / e.sum(axis=-1, keepdims=True)
        return self.a @ self.v

    def backward(self, g):
        xt = self.x.transpose(0, 2, 1)
        da = g @ self.v.transpose(0, 2, 1)
        ds = self.a * (da - (da * self.a).sum(-1, keepdims=True)) * self.scale
        dq, dk, dv = ds @ self.k, ds.transpose(0, 2, 1) @ self.q, self.a.transpose(0, 2, 1) @ g
        self.dWq, self.dWk, self.dWv = (xt @ dq).sum(0), (xt @ dk).sum(0), (xt @ dv).sum(0)
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T


class DotAttention:
    """softmax(q k^T / sqrt(d)) v for q, k, v of shape (batch, time, d)."""

    def forward(self, q, k, v):
        if not q.ndim == k.ndim == v.ndim == 3:
            raise ValueError("q, k and v must be (batch, time, d)")
        self.q, self.k, self.v = q, k, v
        s = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        self.p = e / e.sum(axis=-1, keepdims=True)
        return self.p @ v

    def backward(self, g):
        dp = g @ self.v.swapaxes(1, 2)
        ds = self.p * (dp - (dp * self.p).sum(-1, keepdims=True))
        return ds @ self.k, ds.swapaxes(1, 2) @ self.q, self.p.swapaxes(1, 2) @ g


class TimeAffine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):
        n, t, d = x.shape
        W, b = self.params
        self.x = x
        return (x.reshape(n * t, d) @ W + b).reshape(n, t, -1)

    def backward(self, dout):
        n, t, d = self.x.shape
        W, b = self.params
        flat = dout.reshape(n * t, -1)
        self.grads[0][...] = self.x.reshape(n * t, d).T @ flat
        self.grads[1][...] = flat.sum(axis=0)
        return (flat @ W.T).reshape(n, t, d)


class CarryingRNN:
    """Keeps its state from batch to batch until reset_state()."""

    def __init__(self, input_size, hidden_size, stateful=True):
        self.Wx = np.random.randn(input_size, hidden_size) * 0.1
        self.Wh = np.random.randn(hidden_size, hidden_size) * 0.1
        self.h = None
        self.stateful = stateful

    def reset_state(self):
        self.h = None

    def forward(self, xs):
        n, t, _ = xs.shape
        self.xs = xs
        if not self.stateful or self.h is None or len(self.h) != n:
            self.h = np.zeros((n, self.Wh.shape[0]))
        self.trace = [self.h]
        for i in range(t):
            self.h = np.tanh(xs[:, i] @ self.Wx + self.h @ self.Wh)
            self.trace.append(self.h)
        return np.stack(self.trace[1:], axis=1)

    def backward(self, dhs):
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        dxs = np.empty_like(self.xs)
        dh = 0
        for i in reversed(range(dhs.shape[1])):
            da = (dhs[:, i] + dh) * (1 - self.trace[i + 1] ** 2)
            self.dWx += self.xs[:, i].T @ da
            self.dWh += self.trace[i].T @ da
            dxs[:, i] = da @ self.Wx.T
            dh = da @ self.Wh.T
        return dxs
