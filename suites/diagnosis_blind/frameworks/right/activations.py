"""Activations of a small framework.

Each is a class with fn(x) and derivative(x); forward keeps the input, backward multiplies the derivative in.
Softmax (whose Jacobian is not diagonal) and PReLU (which learns its slope) have a backward of their own.
"""
import numpy as np


class Activation:
    def __init__(self):
        self.x = None

    def fn(self, x):
        raise NotImplementedError

    def derivative(self, x):
        raise NotImplementedError

    def forward(self, x):
        self.x = x
        return self.fn(x)

    def backward(self, grad):
        return grad * self.derivative(self.x)


class Sigmoid(Activation):
    def fn(self, x):
        return 0.5 * (1.0 + np.tanh(0.5 * x))

    def derivative(self, x):
        s = self.fn(x)
        return s * (1.0 - s)


class Tanh(Activation):
    def fn(self, x):
        return np.tanh(x)

    def derivative(self, x):
        t = np.tanh(x)
        return 1.0 - t ** 2


class LeakyReLU(Activation):
    def __init__(self, alpha=0.01):
        super().__init__()
        self.alpha = alpha

    def fn(self, x):
        return np.where(x > 0, x, self.alpha * x)

    def derivative(self, x):
        d = np.ones_like(x)
        d[x <= 0] = self.alpha
        return d


class ELU(Activation):
    def __init__(self, alpha=1.0):
        super().__init__()
        self.alpha = alpha

    def fn(self, x):
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def derivative(self, x):
        return np.where(x > 0, 1.0, self.alpha * np.exp(np.minimum(x, 0)))


class SELU(Activation):
    ALPHA = 1.6732632423543772
    SCALE = 1.0507009873554805

    def fn(self, x):
        return self.SCALE * np.where(x > 0, x, self.ALPHA * np.expm1(np.minimum(x, 0)))

    def derivative(self, x):
        neg = self.ALPHA * np.exp(np.minimum(x, 0))
        return self.SCALE * np.where(x > 0, 1.0, neg)


class Softplus(Activation):
    """log(1 + exp(beta x)) / beta"""

    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = beta

    def fn(self, x):
        return np.logaddexp(0.0, self.beta * x) / self.beta

    def derivative(self, x):
        return 0.5 * (1.0 + np.tanh(0.5 * self.beta * x))


class GELU(Activation):
    """The tanh form."""

    C = np.sqrt(2.0 / np.pi).item()

    def fn(self, x):
        return 0.5 * x * (1.0 + np.tanh(self.C * (x + 0.044715 * x ** 3)))

    def derivative(self, x):
        t = np.tanh(self.C * (x + 0.044715 * x ** 3))
        dinner = self.C * (1.0 + 3 * 0.044715 * x ** 2)
        return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t ** 2) * dinner


class Swish(Activation):
    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = beta

    def gate(self, x):
        return 0.5 * (1.0 + np.tanh(0.5 * self.beta * x))

    def fn(self, x):
        return x * self.gate(x)

    def derivative(self, x):
        s = self.gate(x)
        return s + self.beta * x * s * (1.0 - s)


class HardSigmoid(Activation):
    """clip(0.2 x + 0.5, 0, 1)"""

    def fn(self, x):
        return np.clip(0.2 * x + 0.5, 0.0, 1.0)

    def derivative(self, x):
        return np.where(np.abs(x) < 2.5, 0.2, 0.0)


class PReLU(Activation):
    """One learned slope for each feature; x is (batch, features)."""

    def __init__(self, n_features, init=0.25):
        super().__init__()
        self.alpha = np.full(n_features, init)
        self.dalpha = np.zeros(n_features)

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0) + self.alpha * np.minimum(x, 0)

    def backward(self, grad):
        self.dalpha = np.sum(grad * np.minimum(self.x, 0), axis=0)
        return grad * np.where(self.x > 0, 1.0, self.alpha)


class Softmax(Activation):
    """Over the last axis."""

    def forward(self, x):
        e = np.exp(x - np.max(x, axis=-1, keepdims=True))
        self.out = e / np.sum(e, axis=-1, keepdims=True)
        return self.out

    def backward(self, grad):
        inner = np.sum(grad * self.out, axis=-1, keepdims=True)
        return self.out * (grad - inner)
