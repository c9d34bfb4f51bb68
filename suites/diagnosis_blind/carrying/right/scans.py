"""Layers that run along the time axis of (N, T, D)."""
import numpy as np


class CumulativeSum:
    def forward(self, x):
        return np.cumsum(x, axis=1)

    def backward(self, dout):
        dx = np.zeros(dout.shape)
        running = 0
        for t in reversed(range(dout.shape[1])):
            running = running + dout[:, t]
            dx[:, t] = running
        return dx


class ExponentialAverage:
    """m_t = beta m_{t-1} + (1 - beta) x_t, m_0 = 0"""

    def __init__(self, beta=0.9):
        self.beta = beta

    def forward(self, x):
        out = np.zeros(x.shape)
        m = np.zeros(x[:, 0].shape)
        for t in range(x.shape[1]):
            m = self.beta * m + (1 - self.beta) * x[:, t]
            out[:, t] = m
        return out

    def backward(self, dout):
        dx = np.zeros(dout.shape)
        dm_prev = np.zeros(dout[:, 0].shape)
        for t in range(dout.shape[1] - 1, -1, -1):
            dm = dout[:, t] + dm_prev
            dx[:, t] = (1 - self.beta) * dm
            dm_prev = self.beta * dm
        return dx


class DiagonalSSM:
    """s_t = a * s_{t-1} + x_t B,   y_t = s_t C + D * x_t"""

    def __init__(self, dim, state_dim):
        self.a = np.random.uniform(0.3, 0.9, state_dim)
        self.B = np.random.randn(dim, state_dim) / np.sqrt(dim)
        self.C = np.random.randn(state_dim, dim) / np.sqrt(state_dim)
        self.D = np.random.randn(dim)

    def forward(self, x):
        n, T, _ = x.shape
        self.x = x.copy()
        self.s = np.zeros((T + 1, n, len(self.a)))
        y = np.zeros(x.shape)
        for t in range(T):
            self.s[t + 1] = self.a * self.s[t] + x[:, t] @ self.B
            y[:, t] = self.s[t + 1] @ self.C + self.D * x[:, t]
        return y

    def backward(self, dy):
        self.da, self.dB, self.dC = np.zeros_like(self.a), np.zeros_like(self.B), np.zeros_like(self.C)
        self.dD = np.sum(dy * self.x, axis=(0, 1))
        dx = dy * self.D
        ds = np.zeros(self.s[0].shape)
        for t in reversed(range(dy.shape[1])):
            self.dC += self.s[t + 1].T @ dy[:, t]
            ds = self.a * ds + dy[:, t] @ self.C.T
            self.da += np.sum(ds * self.s[t], axis=0)
            self.dB += self.x[:, t].T @ ds
            dx[:, t] += ds @ self.B.T
        return dx


class LeakyIntegrator:
    """h_t = (1 - k) h_{t-1} + k tanh(x_t W + h_{t-1} U), one rate k = sigmoid(leak) per unit."""

    def __init__(self, n_in, n_units):
        self.W = np.random.randn(n_in, n_units) / np.sqrt(n_in)
        self.U = np.random.randn(n_units, n_units) / np.sqrt(n_units)
        self.leak = np.zeros(n_units)

    def forward(self, x):
        h = np.zeros((x.shape[0], len(self.leak)))
        k = 0.5 * (1 + np.tanh(0.5 * self.leak))
        self.x, self.k, self.trace, out = x.copy(), k, [], []
        for t in range(x.shape[1]):
            c = np.tanh(x[:, t] @ self.W + h @ self.U)
            self.trace.append((h, c))
            h = (1 - k) * h + k * c
            out.append(h)
        return np.stack(out, axis=1)

    def backward(self, dout):
        self.dW, self.dU = np.zeros_like(self.W), np.zeros_like(self.U)
        dk = np.zeros_like(self.leak)
        dx = np.zeros(self.x.shape)
        dh_next = 0
        for t in reversed(range(dout.shape[1])):
            h, c = self.trace[t]
            dh = dout[:, t] + dh_next
            dk += np.sum(dh * (c - h), axis=0)
            da = dh * self.k * (1 - c ** 2)
            self.dW += self.x[:, t].T @ da
            self.dU += h.T @ da
            dx[:, t] = da @ self.W.T
            dh_next = dh * (1 - self.k) + da @ self.U.T
        self.dleak = dk * self.k * (1 - self.k)
        return dx


class TemporalConvNet:
    """Causal convolutions with two taps and dilations 1, 2, 4, ...

    Every block adds its output to the stream that the next block reads, and to the sum that the net returns.
    """

    def __init__(self, channels, n_blocks=3):
        scale = 1.0 / np.sqrt(2 * channels)
        self.params, self.grads = {}, {}
        for i in range(n_blocks):
            self.params[f"W{i}"] = np.random.randn(2, channels, channels) * scale
            self.params[f"b{i}"] = np.zeros(channels)
        self.n_blocks = n_blocks

    @staticmethod
    def _delay(x, d):
        out = np.zeros(x.shape)
        out[:, d:] = x[:, :max(x.shape[1] - d, 0)]
        return out

    def forward(self, x):
        stream, total = x.copy(), np.zeros(x.shape)
        self.saved = []
        for i in range(self.n_blocks):
            W, b = self.params[f"W{i}"], self.params[f"b{i}"]
            late = self._delay(stream, 2 ** i)
            y = np.tanh(stream @ W[0] + late @ W[1] + b)
            self.saved.append((stream, late, y))
            stream = stream + y
            total = total + y
        return total

    def backward(self, dout):
        dstream = np.zeros(dout.shape)
        for i in reversed(range(self.n_blocks)):
            stream, late, y = self.saved[i]
            W, d = self.params[f"W{i}"], 2 ** i
            dy = dout + dstream
            dz = dy * (1 - y ** 2)
            self.grads[f"W{i}"] = np.stack([np.einsum("ntc,ntk->ck", stream, dz), np.einsum("ntc,ntk->ck", late, dz)])
            self.grads[f"b{i}"] = dz.sum(axis=(0, 1))
            dlate = dz @ W[1].T
            dstream = dstream + dz @ W[0].T
            dstream[:, :max(dout.shape[1] - d, 0)] += dlate[:, d:]
        return dstream
