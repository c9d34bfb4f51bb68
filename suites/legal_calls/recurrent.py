"""Recurrent layers that are given their weights, and what they keep from call to call."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class LSTM:
    """right: one step; its weights are given, of four gates side by side"""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        size = h_prev.shape[1]
        a = x @ Wx + h_prev @ Wh + b
        f, i, o = (sigmoid(a[:, k * size : (k + 1) * size]) for k in (0, 2, 3))
        g = np.tanh(a[:, size : 2 * size])
        c_next = f * c_prev + g * i
        self.cache = (x.copy(), h_prev.copy(), c_prev.copy(), i, f, g, o, c_next)
        return o * np.tanh(c_next), c_next

    def backward(self, dh_next, dc_next):
        x, h_prev, c_prev, i, f, g, o, c_next = self.cache
        tanh_c = np.tanh(c_next)
        ds = dc_next + dh_next * o * (1 - tanh_c**2)
        parts = [
            ds * c_prev * f * (1 - f),
            ds * i * (1 - g**2),
            ds * g * i * (1 - i),
            dh_next * tanh_c * o * (1 - o),
        ]
        da = np.hstack(parts)
        for held, grad in zip(self.grads, (x.T @ da, h_prev.T @ da, da.sum(axis=0)), strict=True):
            held[...] = grad
        return da @ self.params[0].T, da @ self.params[1].T, self.carried(ds, f)

    def carried(self, ds, f):
        return ds * f


class LSTMWithoutForgetGate(LSTM):
    """wrong: gradient"""

    def carried(self, ds, f):
        return ds


class TimeRNN:
    """right: with stateful=True the next call goes on from the state of the last one, as asked"""

    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.stateful, self.h = stateful, None

    def keeps(self):
        return self.stateful

    def forward(self, xs):
        Wx, Wh, b = self.params
        n, steps, _ = xs.shape
        if self.h is None or not self.keeps():
            self.h = np.zeros((n, len(Wh)))
        self.xs, self.states = xs.copy(), [self.h]
        for t in range(steps):
            self.h = np.tanh(xs[:, t] @ Wx + self.h @ Wh + b)
            self.states.append(self.h)
        return np.stack(self.states[1:], axis=1)

    def backward(self, dhs):
        Wx, Wh, _ = self.params
        dxs, dh = np.zeros_like(self.xs), 0.0
        for grad in self.grads:
            grad[...] = 0
        for t in reversed(range(dhs.shape[1])):
            da = (dhs[:, t] + dh) * (1 - self.states[t + 1] ** 2)
            self.grads[0] += self.xs[:, t].T @ da
            self.grads[1] += self.states[t].T @ da
            self.grads[2] += da.sum(axis=0)
            dxs[:, t], dh = da @ Wx.T, da @ Wh.T
        return dxs


class TimeRNNAlwaysStateful(TimeRNN):
    """wrong: repeatable"""

    def keeps(self):
        return self.h.shape[0] == self.n

    def forward(self, xs):
        self.n = len(xs)
        return super().forward(xs)
