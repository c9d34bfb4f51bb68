"""Layers and helpers that remember something between calls."""
import numpy as np


class Square:
    """x ** 2; may be followed by in-place code, so the input is copied"""

    def forward(self, x):
        self.x = np.array(x, copy=True)
        return self.x ** 2

    def backward(self, dout):
        return 2 * self.x * dout


class Layer_Dense:
    """Takes the arrays of its start values; update() is in place."""

    def __init__(self, weights, biases):
        self.weights = np.array(weights, dtype=float)
        self.biases = np.array(biases, dtype=float)

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)

    def update(self, learning_rate):
        self.weights -= learning_rate * self.dweights
        self.biases -= learning_rate * self.dbiases


class LeakyRNN:
    """h += leak * (tanh(x W + h U) - h) over (time, batch, n_in), from h = 0"""

    def __init__(self, n_in, n_hidden, leak=0.5):
        self.W = np.random.randn(n_in, n_hidden) * 0.5
        self.U = np.random.randn(n_hidden, n_hidden) * 0.5
        self.leak = leak

    def forward(self, xs):
        self.xs = xs
        h = np.zeros((xs.shape[1], self.U.shape[0]))
        self.states, self.acts = [h.copy()], []
        for x in xs:
            a = np.tanh(x @ self.W + h @ self.U)
            h += self.leak * (a - h)
            self.acts.append(a)
            self.states.append(h.copy())
        return np.stack(self.states[1:])

    def backward(self, dhs):
        self.dW, self.dU = np.zeros_like(self.W), np.zeros_like(self.U)
        dxs = np.zeros(self.xs.shape)
        dh = np.zeros(dhs.shape[1:])
        for t in reversed(range(len(self.xs))):
            dh = dh + dhs[t]
            da = self.leak * dh * (1 - self.acts[t] ** 2)
            self.dW += self.xs[t].T @ da
            self.dU += self.states[t].T @ da
            dxs[t] = da @ self.W.T
            dh = (1 - self.leak) * dh + da @ self.U.T
        return dxs


class WeightAverage:
    """Exponential moving average of a dict of parameters"""

    def __init__(self, params, decay=0.99):
        self.decay = decay
        self.shadow = {k: v.copy() for k, v in params.items()}

    def update(self, params):
        for k in self.shadow:
            self.shadow[k] *= self.decay
            self.shadow[k] += (1 - self.decay) * params[k]


def embed_forward(W, idx):
    """The batch buffer of ids may be filled anew by the caller before backward runs."""
    rows = np.array(idx)
    return W[rows], (W.shape, rows)


def embed_backward(dout, cache):
    shape, rows = cache
    dW = np.zeros(shape)
    np.add.at(dW, rows, dout)
    return dW


class ReLU:
    def forward(self, x, train=True):
        out = np.maximum(x, 0)
        self.mask = x > 0
        return out

    def backward(self, dout):
        return dout * self.mask


class Flatten:
    def forward(self, x):
        self.original_shape = x.shape
        return x.reshape(x.shape[0], -1).copy()

    def backward(self, dout):
        return dout.reshape(self.original_shape).copy()


class MaxPool1D:
    """(batch, length), windows side by side; a remainder is cut off"""

    def __init__(self, size=2):
        self.size = size
        self.argmax = None

    def forward(self, x):
        self.shape = x.shape
        n, k = x.shape[0], x.shape[1] // self.size
        win = x[:, :k * self.size].reshape(n, k, self.size)
        self.argmax = win.argmax(axis=2)
        return win.max(axis=2)

    def backward(self, dout):
        dx = np.zeros(self.shape)
        n, k = dout.shape
        cols = np.arange(k) * self.size + self.argmax
        dx[np.arange(n)[:, None], cols] = dout
        return dx


class CausalSelfAttention:
    """One head without projections on x (batch, length, d): softmax over the past of x x^T / sqrt(d), times x"""

    def __init__(self):
        self.mask = None

    def forward(self, x):
        n = x.shape[1]
        if self.mask is None or self.mask.shape[0] != n:
            self.mask = np.triu(np.ones((n, n), dtype=bool), 1)
        s = np.where(self.mask, -1e30, x @ x.transpose(0, 2, 1) / np.sqrt(x.shape[2]))
        e = np.exp(s - s.max(axis=2, keepdims=True))
        self.x, self.a = x, e / e.sum(axis=2, keepdims=True)
        return self.a @ x

    def backward(self, dout):
        da = dout @ self.x.transpose(0, 2, 1)
        ds = self.a * (da - (da * self.a).sum(axis=2, keepdims=True)) / np.sqrt(self.x.shape[2])
        return self.a.transpose(0, 2, 1) @ dout + ds @ self.x + ds.transpose(0, 2, 1) @ self.x


class SoftmaxWithLoss:
    def __init__(self):
        self.y = self.t = None

    def forward(self, x, t):
        z = x - x.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.y = np.exp(logp)
        self.t = np.eye(x.shape[1])[t] if t.ndim == 1 else t.astype(float)
        return -(self.t * logp).sum() / x.shape[0]

    def backward(self, dout=1):
        return dout * (self.y - self.t) / self.t.shape[0]


class MaskedMeanPool:
    """Mean over the first `lengths` steps of (batch, time, dim)"""

    def forward(self, x, lengths):
        lengths = np.asarray(lengths, dtype=int)
        steps = np.arange(x.shape[1])
        self.weight = (steps < lengths[:, None]) / np.maximum(lengths, 1)[:, None]
        return np.einsum("nt,ntd->nd", self.weight, x)

    def backward(self, dout):
        return self.weight[:, :, None] * dout[:, None, :]
