"""Activation layers: `forward(x)` returns the output, `backward(dout)` returns dx; the NNFS ones keep both as attributes."""
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


class Activation_Softmax:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        weighted = np.sum(dvalues * self.output, axis=1, keepdims=True)
        self.dinputs = self.output * (dvalues - weighted)


class Activation_ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, inputs):
        self.inputs = np.array(inputs)
        negative = self.alpha * np.expm1(np.minimum(self.inputs, 0))
        self.output = np.where(self.inputs > 0, self.inputs, negative)

    def backward(self, dvalues):
        slope = self.alpha * np.exp(np.minimum(self.inputs, 0))
        self.dinputs = dvalues * np.where(self.inputs > 0, 1.0, slope)


class Activation_Tanh:
    def forward(self, inputs):
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1.0 - self.output ** 2)


class Softplus:
    def forward(self, x):
        self.x = x.copy()
        self.out = np.logaddexp(0.0, x)
        return self.out.copy()

    def backward(self, dout):
        return dout * sigmoid(self.x)


class Swish:
    """x * sigmoid(beta * x) with one learned number beta."""

    def __init__(self, beta=1.0):
        self.beta = np.array(beta, dtype=float)
        self.dbeta = np.zeros_like(self.beta)

    def forward(self, x):
        self.x = x.copy()
        self.s = sigmoid(self.beta * x)
        return x * self.s

    def backward(self, dout):
        slope = self.s * (1 - self.s)
        self.dbeta = np.sum(dout * self.x ** 2 * slope)
        return dout * (self.s + self.beta * self.x * slope)


class Mish:
    def forward(self, x):
        self.x = x.copy()
        self.sp = np.logaddexp(0.0, x)
        self.t = np.tanh(self.sp)
        return x * self.t

    def backward(self, dout):
        dsp = self.x * (1 - self.t ** 2)
        return dout * (self.t + dsp * sigmoid(self.x))


class Softsign:
    def forward(self, x):
        self.denom = 1.0 + np.abs(x)
        return x / self.denom

    def backward(self, dout):
        return dout / self.denom ** 2


class HardSwish:
    """x * clip(x + 3, 0, 6) / 6"""

    def forward(self, x):
        self.x = x.copy()
        return x * np.clip(x + 3, 0, 6) / 6

    def backward(self, dout):
        grad = np.where(self.x <= -3, 0.0, np.where(self.x >= 3, 1.0, (2 * self.x + 3) / 6))
        return dout * grad


class PReLU:
    """Images (N, H, W, C), one slope per channel."""

    def __init__(self, channels, init=0.25):
        self.alpha = np.full(channels, init)
        self.dalpha = np.zeros_like(self.alpha)

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        negative = np.minimum(self.x, 0)
        self.dalpha = np.sum(dout * negative, axis=(0, 1, 2))
        return dout * np.where(self.x > 0, 1.0, self.alpha)


class LogSoftmax:
    def forward(self, x):
        shifted = x - x.max(axis=1, keepdims=True)
        self.out = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return self.out.copy()

    def backward(self, dout):
        return dout - np.exp(self.out) * dout.sum(axis=1, keepdims=True)
