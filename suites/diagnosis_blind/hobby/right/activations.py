"""Activation layers: forward(x) returns the output, backward(grad) the gradient of x."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class LeakyReLU:
    def __init__(self, alpha=0.01):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, grad):
        return grad * np.where(self.x > 0, 1.0, self.alpha)


class PReLU:
    """One learnable slope for each feature."""

    def __init__(self, features, init=0.25):
        self.params = {"alpha": np.full(features, init)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0) + self.params["alpha"] * np.minimum(x, 0)

    def backward(self, grad):
        self.grads["alpha"] = (grad * np.minimum(self.x, 0)).sum(axis=0)
        return np.where(self.x > 0, grad, self.params["alpha"] * grad)


class ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        self.out = np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))
        return self.out.copy()

    def backward(self, grad):
        return np.where(self.x > 0, grad, grad * (self.out + self.alpha))


class GELU:
    """The tanh approximation."""

    C = float(np.sqrt(2.0 / np.pi))

    def forward(self, x):
        self.x = x
        self.t = np.tanh(self.C * (x + 0.044715 * x ** 3))
        return 0.5 * x * (1.0 + self.t)

    def backward(self, grad):
        du = self.C * (1.0 + 3 * 0.044715 * self.x ** 2)
        return grad * (0.5 * (1.0 + self.t) + 0.5 * self.x * (1.0 - self.t ** 2) * du)


class Softplus:
    def forward(self, x):
        self.x = x
        return np.logaddexp(0, x)

    def backward(self, grad):
        return grad * sigmoid(self.x)


class Swish:
    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, x):
        self.x = x
        self.s = sigmoid(self.beta * x)
        return x * self.s

    def backward(self, grad):
        return grad * (self.s + self.beta * self.x * self.s * (1 - self.s))


class Hardtanh:
    def __init__(self, min_val=-1.0, max_val=1.0):
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, x):
        self.x = x
        return np.clip(x, self.min_val, self.max_val)

    def backward(self, grad):
        inside = (self.x > self.min_val) & (self.x < self.max_val)
        return grad * inside


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.out = e / e.sum(axis=-1, keepdims=True)
        return self.out.copy()

    def backward(self, grad):
        dot = (grad * self.out).sum(axis=-1, keepdims=True)
        return self.out * (grad - dot)


class LogSoftmax:
    def forward(self, x):
        z = x - x.max(axis=-1, keepdims=True)
        self.out = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
        return self.out.copy()

    def backward(self, grad):
        return grad - np.exp(self.out) * grad.sum(axis=-1, keepdims=True)
