"""Sequence models: embedding, GRU, LSTM and a tied language-model head. Arrays are (batch, time, features)."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class Embedding:
    """Lookup table; rows of padding_idx are zero and receive no gradient."""

    def __init__(self, vocab_size, dim, padding_idx=None):
        self.W = np.random.randn(vocab_size, dim) * 0.1
        self.padding_idx = padding_idx
        if padding_idx is not None:
            self.W[padding_idx] = 0
        self.dW = None

    def forward(self, ids):
        self.ids = np.array(ids)
        return self.W[self.ids]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.ids, dout)
        if self.padding_idx is not None:
            self.dW[self.padding_idx] = 0
        return None


class GRU:
    """h_t = (1 - z) * n + z * h_{t-1}; n = tanh(x Wn + r * (h Un) + bn)."""

    def __init__(self, input_size, hidden_size):
        s = 1.0 / np.sqrt(hidden_size)
        self.H = hidden_size
        self.W = np.random.uniform(-s, s, (input_size, 3 * hidden_size))
        self.U = np.random.uniform(-s, s, (hidden_size, 3 * hidden_size))
        self.b = np.zeros(3 * hidden_size)
        self.dW = self.dU = self.db = self.dh0 = None

    def forward(self, x, h0=None):
        N, T, _ = x.shape
        H = self.H
        h = np.zeros((N, H)) if h0 is None else h0
        self.x = x.copy()
        self.steps = []
        hs = np.empty((N, T, H))
        for t in range(T):
            gx = x[:, t] @ self.W + self.b
            gh = h @ self.U
            r = sigmoid(gx[:, :H] + gh[:, :H])
            z = sigmoid(gx[:, H:2 * H] + gh[:, H:2 * H])
            hn = gh[:, 2 * H:]
            n = np.tanh(gx[:, 2 * H:] + r * hn)
            self.steps.append((h.copy(), r, z, n, hn))
            h = (1 - z) * n + z * h
            hs[:, t] = h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        self.dW = np.zeros_like(self.W)
        self.dU = np.zeros_like(self.U)
        self.db = np.zeros_like(self.b)
        dx = np.zeros_like(self.x, dtype=float)
        dh_next = np.zeros((N, H))
        for t in reversed(range(T)):
            h_prev, r, z, n, hn = self.steps[t]
            dh = dhs[:, t] + dh_next
            dn = dh * (1 - z) * (1 - n ** 2)
            dz = dh * (h_prev - n) * z * (1 - z)
            dr = dn * hn * r * (1 - r)
            dgx = np.concatenate([dr, dz, dn], axis=1)
            dgh = np.concatenate([dr, dz, dn * r], axis=1)
            self.dW += self.x[:, t].T @ dgx
            self.db += dgx.sum(axis=0)
            self.dU += h_prev.T @ dgh
            dx[:, t] = dgx @ self.W.T
            dh_next = dgh @ self.U.T + dh * z
        self.dh0 = dh_next
        return dx


class LSTM:
    """Gates in the order i, f, g, o; stateful keeps (h, c) from call to call until reset_state."""

    def __init__(self, input_size, hidden_size, stateful=False):
        D, H = input_size, hidden_size
        self.Wx = np.random.randn(D, 4 * H) / np.sqrt(D)
        self.Wh = np.random.randn(H, 4 * H) / np.sqrt(H)
        self.b = np.zeros(4 * H)
        self.b[H:2 * H] = 1.0
        self.stateful = stateful
        self.h = self.c = None

    def reset_state(self):
        self.h = self.c = None

    def forward(self, x):
        N, T, D = x.shape
        H = self.Wh.shape[0]
        if not self.stateful or self.h is None:
            self.h, self.c = np.zeros((N, H)), np.zeros((N, H))
        self.cache = []
        out = np.zeros((N, T, H))
        for t in range(T):
            a = x[:, t] @ self.Wx + self.h @ self.Wh + self.b
            i, f = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H])
            g, o = np.tanh(a[:, 2 * H:3 * H]), sigmoid(a[:, 3 * H:])
            c_new = f * self.c + i * g
            tc = np.tanh(c_new)
            self.cache.append((x[:, t].copy(), self.h, self.c, i, f, g, o, tc))
            self.h, self.c = o * tc, c_new
            out[:, t] = self.h
        return out

    def backward(self, dout):
        N, T, H = dout.shape
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dx = np.zeros((N, T, self.Wx.shape[0]))
        dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
        for t in range(T - 1, -1, -1):
            x_t, h_prev, c_prev, i, f, g, o, tc = self.cache[t]
            dh = dout[:, t] + dh_next
            dc = dc_next + dh * o * (1 - tc * tc)
            da = np.hstack([dc * g * i * (1 - i), dc * c_prev * f * (1 - f),
                            dc * i * (1 - g * g), dh * tc * o * (1 - o)])
            self.dWx += x_t.T @ da
            self.dWh += h_prev.T @ da
            self.db += da.sum(axis=0)
            dx[:, t] = da @ self.Wx.T
            dh_next = da @ self.Wh.T
            dc_next = dc * f
        return dx


class TiedBagOfWords:
    """Mean of the context's embeddings, scored against the same table: logits = mean(E[ids]) E^T + b."""

    def __init__(self, vocab_size, dim):
        self.E = np.random.randn(vocab_size, dim) * 0.1
        self.b = np.zeros(vocab_size)

    def loss(self, ids, targets):
        """ids (N, L), targets (N,); returns the mean cross entropy and {"E": dE, "b": db}."""
        N, L = ids.shape
        ctx = self.E[ids].mean(axis=1)
        logits = ctx @ self.E.T + self.b
        shifted = logits - logits.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -logp[np.arange(N), targets].mean()
        d = np.exp(logp)
        d[np.arange(N), targets] -= 1
        d /= N
        dE = d.T @ ctx
        dctx = d @ self.E
        np.add.at(dE, ids, np.repeat(dctx[:, None] / L, L, axis=1))
        return loss, {"E": dE, "b": d.sum(axis=0)}
