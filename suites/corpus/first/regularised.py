"""Layers that add a regularisation term to their gradients; the penalty itself is computed elsewhere."""
import numpy as np


class RidgeDense:
    """the loss adds 0.5 * l2 * sum(W ** 2)"""

    def __init__(self, n_in, n_out, l2=0.0):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)
        self.l2 = l2

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout + self.l2 * self.W
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class ElasticDense(RidgeDense):
    """two strengths at once; the loss adds l1 * sum(|W|) + l2 * sum(W ** 2)"""

    def __init__(self, n_in, n_out, l1=0.0, l2=0.0):
        super().__init__(n_in, n_out, l2)
        self.l1 = l1

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.x.T @ dout + self.l1 * np.sign(self.W) + 2 * self.l2 * self.W
        return dx


class MeanRidgeDense(RidgeDense):
    """parameter gradients are the batch's means, the term is not divided"""

    def backward(self, dout):
        n = len(dout)
        self.dW = self.x.T @ dout / n + self.l2 * self.W
        self.db = dout.sum(axis=0) / n
        return dout @ self.W.T


class DecayingDense:
    """takes its own step, with a decay of the weights"""

    def __init__(self, fan_in, fan_out, weight_decay=0.01):
        self.weights = np.random.randn(fan_in, fan_out)
        self.bias = np.zeros(fan_out)
        self.weight_decay = weight_decay

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, grad, learning_rate):
        dx = grad @ self.weights.T
        self.weights -= learning_rate * (self.x.T @ grad + self.weight_decay * self.weights)
        self.bias -= learning_rate * grad.sum(axis=0)
        return dx


class RidgeDenseSign(RidgeDense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.x.T @ dout - self.l2 * self.W
        return dx


class RidgeDenseOther(RidgeDense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.x.T @ dout + self.l2 * self.b
        return dx


class LassoDense:
    """wrong in a branch that runs with the option only"""

    def __init__(self, n_in, n_out, weight_reg_l1=0, bias_reg_l1=0):
        self.weights = np.random.randn(n_in, n_out)
        self.biases = np.zeros((1, n_out))
        self.weight_reg_l1 = weight_reg_l1
        self.bias_reg_l1 = bias_reg_l1

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        if self.weight_reg_l1 > 0:
            self.dweights += self.weight_reg_l1 * np.sign(self.weights)
        if self.bias_reg_l1 > 0:
            self.dbiases += self.bias_reg_l1 * np.signs(self.biases)
        self.dinputs = dvalues @ self.weights.T
