"""Options that only show their bugs alone, or beside one other."""

import numpy as np


class Penalised:
    """right"""

    def __init__(self, n_in, n_out, weight_l1=0.0, weight_l2=0.0, bias_l1=0.0, bias_l2=0.0):
        self.weights, self.biases = np.random.randn(n_in, n_out), np.random.randn(n_out)
        self.weight_l1, self.weight_l2 = weight_l1, weight_l2
        self.bias_l1, self.bias_l2 = bias_l1, bias_l2

    def forward(self, inputs):
        self.inputs = inputs.copy()
        return inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights, self.dbiases = self.inputs.T @ dvalues, dvalues.sum(axis=0)
        self.penalties()
        self.dinputs = dvalues @ self.weights.T

    def penalties(self):
        self.dweights += self.weight_l1 * np.sign(self.weights) + 2 * self.weight_l2 * self.weights
        self.dbiases += self.bias_l1 * np.sign(self.biases) + 2 * self.bias_l2 * self.biases


class PenalisedByAnother(Penalised):
    """wrong: gradient"""

    def penalties(self):
        self.dweights += self.weight_l1 * np.sign(self.weights)
        if self.weight_l1 > 0:
            self.dweights += 2 * self.weight_l2 * self.weights
        self.dbiases += self.bias_l1 * np.sign(self.biases) + 2 * self.bias_l2 * self.biases


class PenalisedForItsWeights(Penalised):
    """wrong: gradient"""

    def penalties(self):
        self.dweights += self.weight_l1 * np.sign(self.weights) + 2 * self.weight_l2 * self.weights
        self.dbiases += self.bias_l1 * np.sign(self.biases)
        if self.weight_l2 > 0:
            self.dbiases += 2 * self.bias_l2 * self.biases
