"""Layers that keep results: forward sets self.output, backward sets self.dinputs, and a few that learn in backward."""
import numpy as np


class DenseLayer:
    """l2 penalties l2_w * sum(W^2) and l2_b * sum(b^2) enter the gradients here; see regularization()."""

    def __init__(self, n_inputs, n_neurons, l2_w=0.0, l2_b=0.0):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.l2_w = l2_w
        self.l2_b = l2_b

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def regularization(self):
        return self.l2_w * np.sum(self.weights ** 2) + self.l2_b * np.sum(self.biases ** 2)

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.l2_w > 0:
            self.dweights += 2 * self.l2_w * self.weights
        if self.l2_b > 0:
            self.dbiases += 2 * self.l2_b * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)


class SoftmaxActivation:
    def forward(self, inputs):
        exps = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exps / np.sum(exps, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty(dvalues.shape, dtype=dvalues.dtype)
        for i, (row, dvalue) in enumerate(zip(self.output, dvalues)):
            jacobian = np.diag(row) - np.outer(row, row)
            self.dinputs[i] = jacobian @ dvalue


class SigmoidActivation:
    def forward(self, inputs):
        e = np.exp(-np.abs(inputs))
        self.output = np.where(inputs >= 0, 1.0, e) / (1.0 + e)

    def backward(self, dvalues):
        self.dinputs = self.output * (1 - self.output)
        self.dinputs *= dvalues


class EmbeddingLayer:
    """Rows of the table by number; indices of any shape."""

    def __init__(self, n_words, n_dims):
        self.weights = 0.1 * np.random.randn(n_words, n_dims)

    def forward(self, indices):
        self.indices = np.asarray(indices)
        self.output = self.weights[self.indices]

    def backward(self, dvalues):
        self.dweights = np.zeros(self.weights.shape, dtype=dvalues.dtype)
        np.add.at(self.dweights, self.indices, dvalues)


class MeanAbsoluteError:
    def calculate(self, y_pred, y_true):
        return np.mean(np.abs(y_pred - y_true.reshape(y_pred.shape)))

    def backward(self, dvalues, y_true):
        self.dinputs = np.sign(dvalues - y_true.reshape(dvalues.shape)) / dvalues.size


class PReLU:
    """One slope per feature for negative inputs, which is learned as well."""

    def __init__(self, n_features, slope=0.25):
        self.alpha = np.full((1, n_features), slope)

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.alpha * inputs)

    def backward(self, dvalues):
        below = self.inputs <= 0
        self.dalpha = np.sum(dvalues * self.inputs * below, axis=0, keepdims=True)
        self.dinputs = np.where(below, self.alpha * dvalues, dvalues)


class LearningDense:
    """backward(grad, learning_rate) makes the step at once and returns the gradient of the input."""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad, learning_rate):
        grad_x = grad @ self.W.T
        self.W = self.W - learning_rate * (self.x.T @ grad)
        self.b = self.b - learning_rate * grad.sum(axis=0)
        return grad_x
