"""Layers that hold an optimizer and hand it their parameters with the gradients in backward."""

import numpy as np


class Descent:
    def __init__(self, lr=0.01):
        self.lr = lr
        self.squares = None

    def update(self, parameters, gradients):
        if self.squares is None:
            self.squares = [np.zeros_like(p) for p in parameters]
        for s, p, g in zip(self.squares, parameters, gradients, strict=True):
            s += g**2
            p -= self.lr * g / (np.sqrt(s) + 1e-8)


class Layer:
    def __init__(self, optimizer=None):
        self._own = optimizer

    @property
    def optimizer(self):
        if self._own is None:
            self._own = Descent()
        return self._own

    @optimizer.setter
    def optimizer(self, value):
        self._own = value


class HeldDense(Layer):
    """lists in place, the optimizer behind a property"""

    def __init__(self, in_features, out_features, optimizer=None):
        super().__init__(optimizer)
        self.weight = np.random.randn(out_features, in_features)
        self.bias = np.zeros(out_features)

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, upstream):
        dx = upstream @ self.weight
        self.optimizer.update([self.weight, self.bias], [upstream.T @ self.x, upstream.sum(axis=0)])
        return dx


class HeldDenseMean(HeldDense):
    """the bias is averaged, the weight is summed"""

    def backward(self, upstream):
        dx = upstream @ self.weight
        self.optimizer.update([self.weight, self.bias], [upstream.T @ self.x, upstream.mean(axis=0)])
        return dx


class AdaptiveDense:
    """an adaptive step in backward itself: only the gradient of the input can be seen"""

    def __init__(self, in_features, out_features):
        self.W = np.random.randn(in_features, out_features)
        self.squares = np.zeros_like(self.W)

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, delta, learning_rate):
        back = delta @ self.W.T
        g = self.x.T @ delta
        self.squares += g**2
        self.W -= learning_rate * g / (np.sqrt(self.squares) + 1e-8)
        return back


class AdaptiveDenseAfter(AdaptiveDense):
    """the updated weights are used for the gradient of the input"""

    def backward(self, delta, learning_rate):
        g = self.x.T @ delta
        self.squares += g**2
        self.W -= learning_rate * g / (np.sqrt(self.squares) + 1e-8)
        return delta @ self.W.T


class TwoHeld:
    """layers inside that update themselves"""

    def __init__(self, width):
        self.parts = [HeldDense(width, width), HeldDense(width, width)]

    def forward(self, x):
        y = x
        for part in self.parts:
            y = part.forward(y)
        return x + y

    def backward(self, upstream):
        back = upstream
        for part in reversed(self.parts):
            back = part.backward(back)
        return upstream + back


class TwoHeldNoShortcut(TwoHeld):
    """the gradient of the shortcut is forgotten"""

    def backward(self, upstream):
        back = upstream
        for part in reversed(self.parts):
            back = part.backward(back)
        return back
