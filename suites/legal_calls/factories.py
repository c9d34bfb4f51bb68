"""Layers that are given their arrays: the file's own factories and calls say what shapes these have."""

import numpy as np


class Dense:
    """right"""

    def __init__(self, w, b):
        self.w, self.b = w, b

    @classmethod
    def initialize(cls, n_in, n_out):
        return cls(np.random.randn(n_in, n_out) / np.sqrt(n_in), np.zeros((1, n_out)))

    def forward(self, x):
        self.x = x.copy()
        return self.x @ self.w + self.b

    def backward(self, grad):
        self.dw = self.x.T @ grad
        self.db = grad.sum(axis=0, keepdims=True)
        return grad @ self.w.T


class ColumnDense:
    """right"""

    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    @staticmethod
    def create(sizes):
        n_in, n_out = sizes
        return ColumnDense(np.random.randn(n_out, n_in), np.zeros((n_out, 1)))

    def forward(self, x):
        self.x = x.copy()
        return self.weight @ self.x + self.bias

    def backward(self, dout):
        self.dweight = dout @ self.x.T
        self.dbias = dout.sum(axis=1, keepdims=True)
        return self.weight.T @ dout


class FlatBiasDense(Dense):
    """wrong: contract"""

    @classmethod
    def initialize(cls, n_in, n_out):
        return cls(np.random.randn(n_in, n_out), np.zeros(n_out))


class FromAFunction(Dense):
    """right"""

    initialize = None


def make_layer(n_in, n_out):
    layer = FromAFunction(np.random.randn(n_in, n_out), np.zeros((1, n_out)))
    return layer


class FromACall(Dense):
    """right"""

    initialize = None


class FlatFromACall(Dense):
    """wrong: contract"""

    initialize = None


class Network:
    def __init__(self, n_in, n_hidden, n_out):
        self.params = {"W1": 0.01 * np.random.randn(n_in, n_hidden), "b1": np.zeros((1, n_hidden))}
        self.params["W2"] = 0.01 * np.random.randn(n_hidden, n_out)
        self.params["b2"] = np.zeros((1, n_out))
        self.last = FromACall(self.params["W2"], self.params["b2"])
        self.flat_b = np.zeros(n_out)
        self.other = FlatFromACall(self.params["W2"], self.flat_b)


class ColumnBias:
    """right"""

    def __init__(self, weights, bias):
        self.weights, self.bias = weights, bias

    def forward(self, x):
        self.x = x.copy()
        return self.weights @ self.x + self.bias

    def backward(self, dy):
        self.dweights = dy @ self.x.T
        self.dbias = dy.sum(axis=1, keepdims=True)
        return self.weights.T @ dy
