"""Whole networks whose backward takes the data and the targets; no loss is computed anywhere."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class ColumnNetwork:
    """One sample as a column; gradients come back as two lists."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]
        self.weights = [np.random.randn(n, m) for m, n in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for w, b in zip(self.weights, self.biases):
            a = sigmoid(w @ a + b)
        return a

    def backprop(self, x, y):
        kept = [x]
        for w, b in zip(self.weights, self.biases):
            kept.append(sigmoid(w @ kept[-1] + b))
        for_b, for_w = [], []
        delta = (kept[-1] - y) * kept[-1] * (1 - kept[-1])
        for k in range(len(self.weights) - 1, -1, -1):
            for_b.insert(0, delta)
            for_w.insert(0, delta @ kept[k].T)
            delta = (self.weights[k].T @ delta) * kept[k] * (1 - kept[k])
        return for_b, for_w


class ColumnNetworkLinear(ColumnNetwork):
    """The sigmoid's derivative is missing in the hidden layers."""

    def backprop(self, x, y):
        kept = [x]
        for w, b in zip(self.weights, self.biases):
            kept.append(sigmoid(w @ kept[-1] + b))
        for_b, for_w = [], []
        delta = (kept[-1] - y) * kept[-1] * (1 - kept[-1])
        for k in range(len(self.weights) - 1, -1, -1):
            for_b.insert(0, delta)
            for_w.insert(0, delta @ kept[k].T)
            delta = self.weights[k].T @ delta
        return for_b, for_w


class UpdatingNetwork:
    """Backward takes the output as well, and updates; the cross entropy of sigmoids is meant."""

    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = np.random.randn(n_in, n_hidden)
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_out)
        self.b2 = np.zeros((1, n_out))

    def forward(self, X):
        self.hidden = np.tanh(X @ self.W1 + self.b1)
        return sigmoid(self.hidden @ self.W2 + self.b2)

    def backward(self, X, y, output, learning_rate=0.1):
        d2 = (output - y) / len(X)
        d1 = d2 @ self.W2.T * (1 - self.hidden**2)
        self.W2 -= learning_rate * self.hidden.T @ d2
        self.b2 -= learning_rate * d2.sum(axis=0, keepdims=True)
        self.W1 -= learning_rate * X.T @ d1
        self.b1 -= learning_rate * d1.sum(axis=0, keepdims=True)


class UpdatingNetworkLate(UpdatingNetwork):
    """The hidden layer's gradient is taken through weights that have been updated already."""

    def backward(self, X, y, output, learning_rate=0.1):
        d2 = (output - y) / len(X)
        self.W2 -= learning_rate * self.hidden.T @ d2
        self.b2 -= learning_rate * d2.sum(axis=0, keepdims=True)
        d1 = d2 @ self.W2.T * (1 - self.hidden**2)
        self.W1 -= learning_rate * X.T @ d1
        self.b1 -= learning_rate * d1.sum(axis=0, keepdims=True)


class DictModel:
    """Softmax at the end, gradients in a dict that is returned."""

    def __init__(self, layers=(4, 6, 5)):
        self.params, self.depth = {}, len(layers) - 1
        for i in range(1, len(layers)):
            self.params["W%d" % i] = np.random.randn(layers[i - 1], layers[i]) * 0.1
            self.params["b%d" % i] = np.zeros(layers[i])

    def forward(self, X):
        self.kept = [X]
        for i in range(1, self.depth + 1):
            Z = self.kept[-1] @ self.params["W%d" % i] + self.params["b%d" % i]
            self.kept.append(np.maximum(Z, 0) if i < self.depth else Z)
        e = np.exp(Z - Z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, X, Y):
        grads, d = {}, (self.p - Y) / len(X)
        for i in range(self.depth, 0, -1):
            grads["dW%d" % i] = self.kept[i - 1].T @ d
            grads["db%d" % i] = self.bias_gradient(d)
            d = d @ self.params["W%d" % i].T * (self.kept[i - 1] > 0)
        return grads

    def bias_gradient(self, d):
        return d.sum(axis=0)


class DictModelMean(DictModel):
    def bias_gradient(self, d):
        return d.mean(axis=0)
