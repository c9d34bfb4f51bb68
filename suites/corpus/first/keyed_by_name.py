"""Classes whose constructor looks a name up in a dict that is written in the class."""

import numpy as np


class LiteralKey:
    def __init__(self, name):
        self.f, self.df = {
            "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
            "square": (np.square, lambda x: 2 * x),
        }[name]

    def forward(self, x):
        self.x = x
        return self.f(x)

    def backward(self, grad):
        return grad * self.df(self.x)


class KeyOfAClassTable:
    table = {"square": (np.square, lambda x: x)}  # wrong: half of the derivative

    def __init__(self, kind):
        self.f, self.df = self.table.get(kind)

    def forward(self, x):
        self.x = x
        return self.f(x)

    def backward(self, grad):
        return grad * self.df(self.x)


class KeyOfALocalTable:
    def __init__(self, shape, n_in, n_out):
        slopes = {"half": 0.5, "full": 1.0}
        self.slope = slopes[shape]
        self.W = np.random.randn(n_in, n_out)

    def forward(self, x):
        self.x = x
        return self.slope * (x @ self.W)

    def backward(self, grad):
        self.dW = self.slope * self.x.T @ grad
        return self.slope * grad @ self.W.T


class KeyOfALocalTableWrong:
    def __init__(self, shape, n_in, n_out):
        slopes = {"half": 0.5, "full": 1.0}
        self.slope = slopes.get(shape)
        self.W = np.random.randn(n_in, n_out)

    def forward(self, x):
        self.x = x
        return self.slope * (x @ self.W)

    def backward(self, grad):
        self.dW = self.x.T @ grad  # wrong: the slope is missing
        return self.slope * grad @ self.W.T
