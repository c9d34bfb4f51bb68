# mypy: ignore-errors
"""Activations as *Neural Networks from Scratch* builds them: output and dinputs in attributes."""

import numpy as np


class Activation_ReLU:
    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Activation_Softmax:
    def forward(self, inputs, training=True):
        self.inputs = inputs
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty(dvalues.shape)
        for index, (single_output, single_dvalues) in enumerate(
            zip(self.output, dvalues, strict=True)
        ):
            single_output = single_output.reshape(-1, 1)
            jacobian = np.diagflat(single_output) - np.dot(single_output, single_output.T)
            self.dinputs[index] = np.dot(jacobian, single_dvalues)


class Activation_SoftmaxRows:
    """The same Softmax without the loop; `axis` is the one place that says what is normalised."""

    axis = -1

    def forward(self, inputs):
        shifted = inputs - np.max(inputs, axis=self.axis, keepdims=True)
        exp_values = np.exp(shifted)
        self.output = exp_values / np.sum(exp_values, axis=self.axis, keepdims=True)

    def backward(self, dvalues):
        inner = np.sum(dvalues * self.output, axis=self.axis, keepdims=True)
        self.dinputs = self.output * (dvalues - inner)


class Activation_Sigmoid:
    def forward(self, inputs, training=True):
        small = np.exp(-np.abs(inputs))
        self.output = np.where(inputs >= 0, 1, small) / (1 + small)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output) * self.output


class Activation_Linear:
    def forward(self, inputs, training=True):
        self.output = inputs.copy()

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()


class Activation_Tanh:
    def forward(self, inputs, training=True):
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output**2)


class Activation_LeakyReLU:
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.negative_slope * inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * np.where(self.inputs > 0, 1.0, self.negative_slope)
