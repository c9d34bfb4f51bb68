"""Activation layers. Every layer has forward(z) and backward(delta); both return arrays."""
import math

import numpy as np


class Activation:
    def forward(self, z):
        raise NotImplementedError

    def backward(self, delta):
        raise NotImplementedError


class Tanh(Activation):
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, delta):
        return delta * (1 - self.a ** 2)


class Softplus(Activation):
    def forward(self, z):
        self.z = z
        return np.logaddexp(0, z)

    def backward(self, delta):
        return delta / (1 + np.exp(-self.z))


class LeakyRelu(Activation):
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, z):
        self.z = z
        return np.where(z > 0, z, self.slope * z)

    def backward(self, delta):
        return delta * (self.z > 0)


class Gelu(Activation):
    def forward(self, z):
        self.z = z
        u = math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3)
        return 0.5 * z * (1 + np.tanh(u))

    def backward(self, delta):
        # Phi(z) + z * phi(z)
        cdf = 0.5 * (1 + np.vectorize(math.erf)(self.z / math.sqrt(2)))
        pdf = np.exp(-0.5 * self.z ** 2) / math.sqrt(2 * math.pi)
        return delta * (cdf + self.z * pdf)


class Swish(Activation):
    def __init__(self, beta=1.5):
        self.beta = beta

    def forward(self, z):
        self.z = z
        self.s = 1 / (1 + np.exp(-self.beta * z))
        return z * self.s

    def backward(self, delta):
        return delta * (self.s + self.beta * self.z * self.s * (1 - self.s))


class Elu(Activation):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, z):
        self.z = z
        self.out = np.where(z > 0, z, self.alpha * (np.exp(np.minimum(z, 0)) - 1))
        return self.out

    def backward(self, delta):
        return delta * np.where(self.z > 0, 1.0, self.out + self.alpha)


class SoftmaxLayer(Activation):
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, delta):
        return delta * self.p * (1 - self.p)


class LogSoftmaxLayer(Activation):
    def forward(self, z):
        m = z.max(axis=1, keepdims=True)
        self.logp = z - m - np.log(np.exp(z - m).sum(axis=1, keepdims=True))
        return self.logp

    def backward(self, delta):
        return delta - np.exp(self.logp) * delta.sum(axis=1, keepdims=True)
