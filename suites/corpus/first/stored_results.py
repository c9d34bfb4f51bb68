import numpy as np


class LinearLayer:
    """Z = W A_prev + b in the other order: rows are samples. Results stay on the layer."""

    def __init__(self, size_in, size_out):
        self.W = np.random.randn(size_in, size_out) * 0.01
        self.b = np.zeros((1, size_out))

    def forward(self, A_prev):
        self.A_prev = A_prev
        self.Z = A_prev.dot(self.W) + self.b

    def backward(self, dZ):
        self.dW = self.A_prev.T.dot(dZ)
        self.db = dZ.sum(axis=0, keepdims=True)
        self.dA_prev = dZ.dot(self.W.T)


class SigmoidLayer:
    def forward(self, Z):
        self.A = 1 / (1 + np.exp(-Z))

    def backward(self, upstream_grad):
        self.dZ = upstream_grad * self.A * (1 - self.A)


class TanhLayer:
    def forward(self, Z):
        self.Z = Z
        self.A = np.tanh(Z)

    def backward(self, upstream_grad):
        # derivative of the function is 1 - tanh^2
        self.dZ = upstream_grad * (1 - np.tanh(self.A) ** 2)


class Square:
    def forward(self, x):
        self._input = x
        self._output = x * x
        return self._output

    def backward(self, grad_output):
        self._grad_input = 2 * self._input * grad_output
        return self._grad_input


class Normalize:
    """each row divided by its length"""

    def forward(self, x):
        self.n = np.sqrt((x ** 2).sum(axis=1, keepdims=True) + 1e-12)
        self.output = x / self.n

    def backward(self, dout):
        self.dx = dout / self.n


class MeanPoolRows:
    """mean over the last axis, kept"""

    def forward(self, x):
        self.shape = x.shape
        self.output = x.mean(axis=-1, keepdims=True)

    def backward(self, dout):
        self.dx = np.broadcast_to(dout, self.shape) / self.shape[-1]


class Clip:
    def __init__(self, low=-0.8, high=1.2):
        self.low, self.high = low, high

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.clip(inputs, self.low, self.high)

    def backward(self, dvalues):
        if self.inputs.min() < self.low:
            self.dinputs = dvalues * (self.inputs > self.low) * (self.inputs < self.high)
