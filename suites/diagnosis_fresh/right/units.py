"""Small operations: elementwise functions, products, reductions, losses as plain functions."""

import numpy as np


class ELU:
    def __init__(self, alpha=0.8):
        self.alpha = alpha

    def __call__(self, z):
        return np.where(z > 0, z, self.alpha * (np.exp(z) - 1))

    def gradient(self, z):
        return np.where(z > 0, 1.0, self.alpha * np.exp(z))


class Sigmoid:
    def __call__(self, z):
        return 1 / (1 + np.exp(-z))

    def gradient(self, z):
        p = self(z)
        return p * (1 - p)


class Softsign:
    def __call__(self, z):
        return z / (1 + np.abs(z))

    def gradient(self, z):
        d = 1 + np.abs(z)
        return 1 / d**2


class MulLayer:
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


class DivLayer:
    def forward(self, a, b):
        self.a, self.b = a, np.abs(b) + 1.0
        self.sign = np.sign(b)
        return a / self.b

    def backward(self, dout):
        da = dout / self.b
        db = -dout * self.a / self.b**2 * self.sign
        return da, db


def row_norm_forward(x):
    out = np.sqrt((x**2).sum(axis=1) + 1.0)
    return out, (x, out)


def row_norm_backward(dout, cache):
    x, out = cache
    return dout[:, None] * x / out[:, None]


def log_sum_exp_forward(x):
    top = x.max(axis=1, keepdims=True)
    out = np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top
    return out, (x, out)


def log_sum_exp_backward(dout, cache):
    x, out = cache
    return dout * np.exp(x - out)


def affine_forward(x, w, b):
    flat = x.reshape(x.shape[0], -1)
    return flat @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


class Cumsum:
    def forward(self, x):
        return np.cumsum(x, axis=1)

    def backward(self, dout):
        return np.flip(np.cumsum(np.flip(dout, axis=1), axis=1), axis=1)


class GELU:
    c = np.sqrt(2 / np.pi)

    def forward(self, x):
        self.x = x
        self.u = np.tanh(self.c * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + self.u)

    def backward(self, dout):
        inner = self.c * (1 + 3 * 0.044715 * self.x**2)
        slope = 0.5 * (1 + self.u) + 0.5 * self.x * (1 - self.u**2) * inner
        return dout * slope
