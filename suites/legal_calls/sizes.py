"""Bugs that only a size of one, an axis more or a tuple of inputs shows, and layers that look wrong."""

import numpy as np


class Dense:
    """right"""

    def __init__(self, n_in, n_out):
        self.w, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)

    def forward(self, x):
        self.x = x.copy()
        return self.x @ self.w + self.b

    def backward(self, d):
        x, g = self.x.reshape(-1, self.x.shape[-1]), d.reshape(-1, d.shape[-1])
        self.dw, self.db = x.T @ g, g.sum(0)
        return d @ self.w.T


class DenseOfTwoAxes(Dense):
    """right"""

    def backward(self, d):
        self.dw, self.db = self.x.T @ d, d.sum(axis=0)
        return d @ self.w.T


class DenseSqueezed(Dense):
    """wrong: contract"""

    def backward(self, d):
        dx = super().backward(d)
        self.dw = np.squeeze(self.dw)
        return dx


class DenseAveragedOverTime(Dense):
    """wrong: gradient"""

    def backward(self, d):
        dx = super().backward(d)
        if d.ndim == 3:
            self.dw = self.dw / d.shape[1]
        return dx


class SqueezedMSE:
    """wrong: batch"""

    def forward(self, pred, target):
        self.d = pred - target
        return np.mean(self.d**2)

    def backward(self):
        return 2 * np.squeeze(self.d) / self.d.size


class MultiplyTuples:
    """right"""

    def forward(self, inputs):
        a, b = inputs
        return (a * b,)

    def backward(self, inputs, grad_outputs):
        a, b = inputs
        (gy,) = grad_outputs
        return gy * b, gy * a


class MultiplyTuplesCrossed(MultiplyTuples):
    """wrong: gradient"""

    def backward(self, inputs, grad_outputs):
        a, b = inputs
        (gy,) = grad_outputs
        return gy * a, gy * b


class CosineLoss:
    """right"""

    def forward(self, y_pred, y_true):
        self.p, self.t = y_pred.copy(), y_true.copy()
        self.n_p = self.length(y_pred)
        self.n_t = self.length(y_true)
        self.cos = (y_pred * y_true).sum(1, keepdims=True) / (self.n_p * self.n_t)
        return np.mean(1 - self.cos)

    def length(self, rows):
        return np.sqrt((rows**2).sum(axis=1, keepdims=True) + 1e-12)

    def backward(self):
        d = self.t / (self.n_p * self.n_t) - self.cos * self.p / self.n_p**2
        return -d / len(self.p)


class CosineLossUnguarded(CosineLoss):
    """wrong: extremes"""

    def length(self, rows):
        return np.linalg.norm(rows, axis=1, keepdims=True)


class SpectralNormDense:
    """right"""

    def __init__(self, n_in, n_out):
        self.weight = np.random.randn(n_out, n_in)
        self.u = np.ones(n_out) / np.sqrt(n_out)
        self.training = True

    def forward(self, x):
        v = self.weight.T @ self.u
        v = v / np.linalg.norm(v)
        if self.training:
            u = self.weight @ v
            self.u, self.v = u / np.linalg.norm(u), v
        elif not hasattr(self, "v"):
            self.v = np.ones(len(v)) / np.sqrt(len(v))
        self.sigma = self.u @ self.weight @ self.v
        self.x, self.w_bar = x.copy(), self.weight / self.sigma
        return x @ self.w_bar.T

    def backward(self, grad):
        g = grad.T @ self.x
        self.grad_weight = (g - (g * self.w_bar).sum() * np.outer(self.u, self.v)) / self.sigma
        return grad @ self.w_bar


class SpectralNormDenseDetached(SpectralNormDense):
    """wrong: gradient"""

    def backward(self, grad):
        self.grad_weight = grad.T @ self.x / self.sigma
        return grad @ self.w_bar


class GainedSteps:
    """right"""

    def __init__(self, dim):
        self.gain = np.random.randn(dim)

    def forward(self, x):
        self.x, self.y = x.copy(), np.tanh(x)
        return x + self.gain * self.y

    def backward(self, dout):
        self.dgain = (dout * self.y).sum(axis=(0, 1))
        return dout * (1 + self.gain * (1 - self.y**2))


class GainedStepsOverTime(GainedSteps):
    """wrong: contract"""

    def backward(self, dout):
        self.dgain = (dout * self.y).sum(axis=1)
        return dout * (1 + self.gain * (1 - self.y**2))
