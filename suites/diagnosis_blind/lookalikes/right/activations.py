"""Elementwise activations and log-softmax: forward(x) returns the output, backward(dout) returns dx."""
import numpy as np

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class Tanh:
    def __init__(self):
        self.out = None

    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out ** 2)


class Softplus:
    """log(1 + exp(x))"""

    def __init__(self):
        self.x = None
        self.out = None

    def forward(self, x):
        self.x = np.array(x)
        self.out = np.logaddexp(0.0, self.x)
        return self.out

    def backward(self, dout):
        # sigmoid(x), written with the output
        return dout * -np.expm1(-self.out)


class LeakyReLU:
    def __init__(self, alpha=0.01):
        self.alpha = alpha
        self.mask = None

    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, self.alpha * x)

    def backward(self, dout):
        return np.where(self.mask, dout, self.alpha * dout)


class ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha
        self.positive = None
        self.out = None

    def forward(self, x):
        self.positive = x > 0
        self.out = np.where(self.positive, x, self.alpha * np.expm1(np.minimum(x, 0.0)))
        return self.out

    def backward(self, dout):
        slope = np.where(self.positive, 1.0, self.out + self.alpha)
        return dout * slope


class SELU:
    def __init__(self):
        self.slope = None

    def forward(self, x):
        e = np.exp(np.minimum(x, 0.0))
        self.slope = SELU_SCALE * np.where(x > 0, 1.0, SELU_ALPHA * e)
        return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * (e - 1.0))

    def backward(self, dout):
        return dout * self.slope


class HardTanh:
    def __init__(self, low=-1.0, high=1.0):
        self.low = low
        self.high = high
        self.saturated = None

    def forward(self, x):
        self.saturated = (x <= self.low) | (x >= self.high)
        return np.clip(x, self.low, self.high)

    def backward(self, dout):
        dx = dout.copy()
        dx[self.saturated] = 0
        return dx


class SiLU:
    """x * sigmoid(x)"""

    def __init__(self):
        self.x = None
        self.s = None

    def forward(self, x):
        self.x = x.copy()
        self.s = sigmoid(self.x)
        return self.x * self.s

    def backward(self, dout):
        return dout * (self.s + self.x * self.s * (1.0 - self.s))


class LogSoftmax:
    """Over the last axis."""

    def __init__(self):
        self.prob = None

    def forward(self, x):
        shifted = x - np.max(x, axis=-1, keepdims=True)
        log_sum = np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
        log_prob = shifted - log_sum
        self.prob = np.exp(log_prob)
        return log_prob

    def backward(self, dout):
        return dout - self.prob * np.sum(dout, axis=-1, keepdims=True)
