"""Activations: forward(inputs) sets self.output, backward(dvalues) sets self.dinputs."""
import numpy as np


class Activation_ReLU:
    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Activation_LeakyReLU:
    def __init__(self, alpha=0.01):
        self.alpha = alpha

    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.output = np.where(inputs > 0, inputs, self.alpha * inputs)

    def backward(self, dvalues):
        slope = np.where(self.inputs > 0, 1.0, self.alpha)
        self.dinputs = dvalues * slope


class Activation_ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.output = np.where(inputs > 0, inputs, self.alpha * np.expm1(np.minimum(inputs, 0)))

    def backward(self, dvalues):
        self.dinputs = dvalues * np.where(self.inputs > 0, 1.0, self.output + self.alpha)


class Activation_Sigmoid:
    def forward(self, inputs):
        e = np.exp(-np.abs(inputs))
        self.output = np.where(inputs >= 0, 1 / (1 + e), e / (1 + e))

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output) * self.output


class Activation_Tanh:
    def forward(self, inputs):
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output ** 2)


class Activation_Softplus:
    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.output = np.logaddexp(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * 0.5 * (1 + np.tanh(0.5 * self.inputs))


class Activation_Swish:
    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.sig = 0.5 * (1 + np.tanh(0.5 * inputs))
        self.output = inputs * self.sig

    def backward(self, dvalues):
        self.dinputs = dvalues * (self.sig + self.output * (1 - self.sig))


class Activation_GELU:
    """The tanh approximation."""

    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.c = float(np.sqrt(2 / np.pi))
        self.t = np.tanh(self.c * (inputs + 0.044715 * inputs ** 3))
        self.output = 0.5 * inputs * (1 + self.t)

    def backward(self, dvalues):
        x = self.inputs
        inner = self.c * (1 + 3 * 0.044715 * x ** 2)
        local = 0.5 * (1 + self.t) + 0.5 * x * (1 - self.t ** 2) * inner
        self.dinputs = dvalues * local


class Activation_HardTanh:
    def __init__(self, low=-1.0, high=1.0):
        self.low = low
        self.high = high

    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.output = np.clip(inputs, self.low, self.high)

    def backward(self, dvalues):
        inside = (self.inputs > self.low) & (self.inputs < self.high)
        self.dinputs = np.where(inside, dvalues, 0.0)


class Activation_Softmax:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for index, (single, single_d) in enumerate(zip(self.output, dvalues)):
            single = single.reshape(-1, 1)
            jacobian = np.diagflat(single) - np.dot(single, single.T)
            self.dinputs[index] = np.dot(jacobian, single_d)
