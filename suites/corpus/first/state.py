"""Layers that remember more than one call."""
import numpy as np


class AccumLinear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW += self.x.T @ dout
        self.db += dout.sum(axis=0)
        return dout @ self.W.T


class AccumLinearReset(AccumLinear):
    def zero_grads(self):
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)


class Centre:
    """takes the row mean away"""

    def forward(self, x):
        x -= x.mean(axis=1, keepdims=True)
        return x

    def backward(self, dout):
        return dout - dout.mean(axis=1, keepdims=True)


class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dout):
        self.y *= 1 - self.y
        return dout * self.y


class StackedTanh:
    """used several times in one network: remembers every call, last in first out"""

    def __init__(self):
        self.ys = []

    def forward(self, x):
        self.ys.append(np.tanh(x))
        return self.ys[-1]

    def backward(self, dout):
        y = self.ys.pop()
        return dout * (1 - y * y)


class DropoutOnce:
    """mask drawn at the first call"""

    def __init__(self, p=0.3):
        self.p = p
        self.mask = None

    def forward(self, x):
        if self.mask is None:
            self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SharedSquare:
    cache = {}

    def forward(self, x):
        self.cache['x'] = x
        return x ** 2

    def backward(self, dout):
        return 2 * self.cache['x'] * dout
