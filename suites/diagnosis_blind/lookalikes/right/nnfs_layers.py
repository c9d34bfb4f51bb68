"""Layers that keep everything as attributes: forward sets output, backward sets dinputs (and dweights, dbiases)."""
import numpy as np


class Layer_Dense:
    """X W + b with optional L1 and L2 penalties: l1 * sum|W| + l2 * sum W^2, the same for the biases."""

    def __init__(self, n_inputs, n_neurons, weight_l1=0, weight_l2=0, bias_l1=0, bias_l2=0):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_l1 = weight_l1
        self.weight_l2 = weight_l2
        self.bias_l1 = bias_l1
        self.bias_l2 = bias_l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def regularization_loss(self):
        return (self.weight_l1 * np.sum(np.abs(self.weights)) + self.weight_l2 * np.sum(self.weights ** 2)
                + self.bias_l1 * np.sum(np.abs(self.biases)) + self.bias_l2 * np.sum(self.biases ** 2))

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_l1 > 0:
            self.dweights += self.weight_l1 * np.sign(self.weights)
        if self.weight_l2 > 0:
            self.dweights += 2 * self.weight_l2 * self.weights
        if self.bias_l1 > 0:
            self.dbiases += self.bias_l1 * np.sign(self.biases)
        if self.bias_l2 > 0:
            self.dbiases += 2 * self.bias_l2 * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)


class Activation_ReLU:
    def forward(self, inputs):
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.output <= 0] = 0


class Activation_LeakyReLU:
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.slope * inputs)

    def backward(self, dvalues):
        self.dinputs = np.where(self.inputs > 0, dvalues, self.slope * dvalues)


class Activation_Sigmoid:
    def forward(self, inputs):
        self.output = 0.5 * (1 + np.tanh(0.5 * inputs))

    def backward(self, dvalues):
        self.dinputs = dvalues * self.output * (1 - self.output)


class Layer_Dropout:
    """Inverted dropout: `rate` is the share of units that are dropped."""

    def __init__(self, rate):
        self.keep = 1 - rate

    def forward(self, inputs, training=True):
        if training:
            self.mask = np.random.binomial(1, self.keep, size=inputs.shape) / self.keep
        else:
            self.mask = np.ones(inputs.shape)
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class Activation_Softmax:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for index, (single_output, single_dvalues) in enumerate(zip(self.output, dvalues)):
            column = single_output.reshape(-1, 1)
            jacobian = np.diagflat(column) - np.dot(column, column.T)
            self.dinputs[index] = np.dot(jacobian, single_dvalues)


class Activation_Softmax_Loss_CategoricalCrossentropy:
    """forward(inputs, y_true) returns the mean loss; backward(dvalues, y_true) takes the softmax output."""

    def __init__(self):
        self.activation = Activation_Softmax()

    def forward(self, inputs, y_true):
        self.activation.forward(inputs)
        self.output = self.activation.output
        y_true = np.asarray(y_true)
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        confidences = np.clip(self.output[np.arange(len(y_true)), y_true], 1e-7, 1 - 1e-7)
        return np.mean(-np.log(confidences))

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        y_true = np.asarray(y_true)
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        self.dinputs = dvalues.copy()
        self.dinputs[np.arange(samples), y_true] -= 1
        self.dinputs /= samples
