"""Cells whose state is a tuple, taken apart inside; pools whose options stand in a dict."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


class LSTMCell:
    def __init__(self, n_in, n_hidden):
        self.weight = np.random.randn(n_in + n_hidden, 4 * n_hidden) * 0.1
        self.bias = np.zeros(4 * n_hidden)
        self.n_hidden = n_hidden

    def forward(self, x, state):
        h, c = state
        z = np.concatenate([x, h], axis=1)
        gates = np.split(z @ self.weight + self.bias, 4, axis=1)
        i, f, o = (sigmoid(a) for a in gates[:3])
        g = np.tanh(gates[3])
        c_next = f * c + i * g
        self.kept = z, i, f, o, g, c, c_next
        return o * np.tanh(c_next), c_next

    def carried(self, dc_next, f):
        return dc_next * f

    def backward(self, dh_next, dc_next):
        z, i, f, o, g, c, c_next = self.kept
        t = np.tanh(c_next)
        dc = dc_next + dh_next * o * (1 - t**2)
        da = np.concatenate(
            [
                dc * g * i * (1 - i),
                dc * c * f * (1 - f),
                dh_next * t * o * (1 - o),
                dc * i * (1 - g**2),
            ],
            axis=1,
        )
        self.dweight = z.T @ da
        self.dbias = da.sum(axis=0)
        dz = da @ self.weight.T
        n = dz.shape[1] - self.n_hidden
        return dz[:, :n], (dz[:, n:], self.carried(dc, f))


class LSTMCellForgets(LSTMCell):
    """The gradient of the old cell state lacks the forget gate."""

    def carried(self, dc_next, f):
        return dc_next


class MinimalCell:
    """One tuple in, one tuple out, and the same way back."""

    def __init__(self, n):
        self.weight = np.random.randn(n, n)

    def forward(self, x, state):
        fast, slow = state
        out = np.tanh(fast @ self.weight + x)
        self.kept = fast, out
        return out, 0.5 * slow + 0.5 * out

    def backward(self, d_state):
        d_fast, d_slow = d_state
        fast, out = self.kept
        da = (d_fast + 0.5 * d_slow) * (1 - out**2)
        self.d_weight = fast.T @ da
        return da, (da @ self.weight.T, 0.5 * d_slow)


def pool_forward(x, options):
    f, stride = options["f"], options["stride"]
    n, h, w, c = x.shape
    rows, columns = (h - f) // stride + 1, (w - f) // stride + 1
    out = np.zeros((n, rows, columns, c))
    for i in range(rows):
        for j in range(columns):
            window = x[:, i * stride : i * stride + f, j * stride : j * stride + f]
            out[:, i, j] = window.mean(axis=(1, 2))
    return out, (x.shape, options)


def pool_backward(d_out, cache):
    shape, options = cache
    f, stride = options["f"], options["stride"]
    dx = np.zeros(shape)
    for i in range(d_out.shape[1]):
        for j in range(d_out.shape[2]):
            part = d_out[:, i, j][:, None, None] / f**2
            dx[:, i * stride : i * stride + f, j * stride : j * stride + f] += part
    return dx


def sum_pool_forward(x, options):
    f, stride = options["f"], options["stride"]
    n, h, w, c = x.shape
    rows, columns = (h - f) // stride + 1, (w - f) // stride + 1
    out = np.zeros((n, rows, columns, c))
    for i in range(rows):
        for j in range(columns):
            window = x[:, i * stride : i * stride + f, j * stride : j * stride + f]
            out[:, i, j] = window.sum(axis=(1, 2))
    return out, (x.shape, options)


def sum_pool_backward(d_out, cache):
    shape, options = cache
    f, stride = options["f"], options["stride"]
    dx = np.zeros(shape)
    for i in range(d_out.shape[1]):
        for j in range(d_out.shape[2]):
            part = d_out[:, i, j][:, None, None] / f**2
            dx[:, i * stride : i * stride + f, j * stride : j * stride + f] += part
    return dx
