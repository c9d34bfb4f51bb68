"""Costs taken in front of the activation, networks that keep lists, contexts and unused parameters."""

import itertools

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class SquaredCost:
    """right"""

    @staticmethod
    def fn(a, y):
        return 0.5 * np.sum((a - y) ** 2)

    @staticmethod
    def delta(z, a, y):
        return (a - y) * a * (1 - a)


class SquaredCostWithoutSlope:
    """wrong: gradient"""

    @staticmethod
    def fn(a, y):
        return 0.5 * np.sum((a - y) ** 2)

    @staticmethod
    def delta(z, a, y):
        return (a - y) * (1 - z * z)


class LogCost:
    """right"""

    @staticmethod
    def fn(a, y):
        y = np.asarray(y, dtype=float)
        return np.sum(np.nan_to_num(-y * np.log(a) - (1 - y) * np.log(1 - a)))

    @staticmethod
    def delta(z, a, y):
        return a - y


class ListNetwork:
    """right"""

    def __init__(self, sizes):
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]
        self.weights = [np.random.randn(n, m) for m, n in itertools.pairwise(sizes)]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights, strict=True):
            a = sigmoid(w @ a + b)
        return a

    def backprop(self, x, y):
        kept = [x]
        for b, w in zip(self.biases, self.weights, strict=True):
            kept.append(sigmoid(w @ kept[-1] + b))
        delta = kept[-1] - y
        slopes_b, slopes_w = [delta], [delta @ kept[-2].T]
        for layer in range(2, len(self.weights) + 1):
            delta = (self.weights[1 - layer].T @ delta) * kept[-layer] * (1 - kept[-layer])
            slopes_b.insert(0, delta)
            slopes_w.insert(0, delta @ self.input_of(kept, layer).T)
        return slopes_b, slopes_w

    def input_of(self, kept, layer):
        return kept[-layer - 1]


class ListNetworkOneLayerOff(ListNetwork):
    """wrong: contract"""

    def input_of(self, kept, layer):
        return kept[-layer]


class Memory:
    def __init__(self):
        self.saved_values = ()

    def save_for_backward(self, *values):
        self.saved_values = values


class Reciprocal:
    """right"""

    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return 1.0 / a

    @staticmethod
    def backward(ctx, grad_output):
        (a,) = ctx.saved_values
        return -grad_output / a**2


class BiasOnDemand:
    """right"""

    def __init__(self, n_in, n_out, use_bias=True):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)
        self.use_bias = use_bias

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b if self.use_bias else x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        if self.use_bias:
            self.db = dout.sum(axis=0)
        return dout @ self.W.T


class AveragedWithMode:
    """right"""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)

    def forward(self, x, training=True):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout / len(dout)
        return dout @ self.W.T


class SquaredCostLabelsFirst:
    """right"""

    @staticmethod
    def loss(y, y_pred):
        return 0.5 * np.linalg.norm(y_pred - y) ** 2

    @staticmethod
    def grad(y, y_pred, z, act_fn):
        return (y_pred - y) * act_fn.grad(z)


class SquaredCostLabelsFirstTwice:
    """wrong: gradient"""

    @staticmethod
    def loss(y, y_pred):
        return 0.5 * np.linalg.norm(y_pred - y) ** 2

    @staticmethod
    def grad(y, y_pred, z, act_fn):
        return 2 * (y_pred - y) * act_fn.grad(z)


class NetWithOptions:
    """right"""

    def __init__(self, n_in=4, n_hidden=6, n_out=3, dropout=1):
        self.params = {
            "W1": np.random.randn(n_in, n_hidden), "W2": np.random.randn(n_hidden, n_out),
        }  # fmt: skip
        self.use_dropout, self.dropout_param = dropout != 1, {}
        if self.use_dropout:
            self.dropout_param["p"] = dropout

    def mask(self, h):
        kept = self.dropout_param["p"]
        return (np.random.rand(*h.shape) < kept) / kept

    def loss(self, x, y):
        h = np.tanh(x @ self.params["W1"])
        mask = self.mask(h) if self.use_dropout else 1.0
        s = (mask * h) @ self.params["W2"]
        p = np.exp(s - s.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        rows = np.arange(len(y))
        ds = p.copy()
        ds[rows, y] -= 1
        dh = mask * (ds @ self.params["W2"].T) * self.slope(h)
        grads = {"W2": (mask * h).T @ ds / len(y), "W1": x.T @ dh / len(y)}
        return -np.log(p[rows, y]).mean(), grads

    def slope(self, h):
        return 1 - h**2


class NetWithOptionsAndAnotherSlope(NetWithOptions):
    """wrong: model_gradient"""

    def slope(self, h):
        return 1 - h
