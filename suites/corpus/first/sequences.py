"""(batch, time, features) and integer inputs."""
import numpy as np


class Embedding:
    def __init__(self, vocab_size, embed_dim):
        self.W = np.random.randn(vocab_size, embed_dim) * 0.01

    def forward(self, tokens):
        self.tokens = tokens
        return self.W[tokens]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.tokens, dout)


class EmbeddingPlus:
    def __init__(self, vocab_size, embed_dim):
        self.W = np.random.randn(vocab_size, embed_dim) * 0.01

    def forward(self, tokens):
        self.tokens = tokens
        return self.W[tokens]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        self.dW[self.tokens] += dout


class TimeRNN:
    """keeps no state between calls; x (N, T, D) -> (N, T, H)"""

    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) / np.sqrt(input_size)
        self.Wh = np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size)
        self.b = np.zeros(hidden_size)

    def forward(self, xs):
        N, T, D = xs.shape
        h = np.zeros((N, len(self.b)))
        self.xs, self.hs = xs, [h]
        for t in range(T):
            h = np.tanh(xs[:, t] @ self.Wx + h @ self.Wh + self.b)
            self.hs.append(h)
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dhs):
        N, T, H = dhs.shape
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        self.db = np.zeros_like(self.b)
        dxs = np.empty_like(self.xs)
        dh = np.zeros((N, H))
        for t in reversed(range(T)):
            da = (dhs[:, t] + dh) * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.xs[:, t].T @ da
            self.dWh += self.hs[t].T @ da
            self.db += da.sum(axis=0)
            dxs[:, t] = da @ self.Wx.T
            dh = da @ self.Wh.T
        return dxs


class TimeRNNShort:
    """the same, returns only the last state"""

    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) / np.sqrt(input_size)
        self.Wh = np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size)
        self.b = np.zeros(hidden_size)

    def forward(self, xs):
        N, T, D = xs.shape
        h = np.zeros((N, len(self.b)))
        self.xs, self.hs = xs, [h]
        for t in range(T):
            h = np.tanh(xs[:, t] @ self.Wx + h @ self.Wh + self.b)
            self.hs.append(h)
        return h

    def backward(self, dh):
        T = self.xs.shape[1]
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        self.db = np.zeros_like(self.b)
        dxs = np.zeros_like(self.xs)
        for t in reversed(range(T)):
            da = dh * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.xs[:, t].T @ da
            self.dWh += self.hs[t].T @ da
            self.db += da.sum(axis=0)
            dxs[:, t] = da @ self.Wx.T
            dh = da @ self.Wh.T
            return dxs


class TimeAffine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        N, T, D = x.shape
        W, b = self.params
        self.x = x
        return (x.reshape(N * T, -1) @ W + b).reshape(N, T, -1)

    def backward(self, dout):
        x = self.x
        N, T, D = x.shape
        W, b = self.params
        dout = dout.reshape(N * T, -1)
        self.grads[0][...] = x.reshape(N * T, -1).T @ dout
        self.grads[1][...] = dout.sum(axis=0)
        return (dout @ W.T).reshape(*x.shape)


class TimeLogSoftmaxLoss:
    """scores (N, T, V), targets (N, T); mean over everything"""

    def forward(self, xs, ts):
        N, T, V = xs.shape
        x = xs.reshape(N * T, V)
        z = x - x.max(axis=1, keepdims=True)
        self.logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.ts, self.shape = ts.reshape(-1), xs.shape
        return -self.logp[np.arange(N * T), self.ts].mean()

    def backward(self, dout=1):
        d = np.exp(self.logp)
        d[np.arange(len(d)), self.ts] -= 1
        return (dout * d / len(d)).reshape(self.shape)


class PositionalScale:
    """one factor per feature and a fixed table of positions added"""

    def __init__(self, max_len=50, dim=5):
        pos = np.arange(max_len)[:, None]
        self.table = np.sin(pos / 10 ** (np.arange(dim)[None] / dim))
        self.scale = np.ones(dim)

    def forward(self, x):
        self.x = x
        return x * self.scale + self.table[:x.shape[1]]

    def backward(self, dout):
        self.dscale = (dout * self.x).sum(axis=1)
        return dout * self.scale


class LastStep:
    """(N, T, D) -> (N, D)"""

    def forward(self, x):
        self.shape = x.shape
        return x[:, -1]

    def backward(self, dout):
        dx = np.zeros(self.shape)
        dx[:, -1] = dout
        return dx
