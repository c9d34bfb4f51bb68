"""Features first: every column is one example (the way of the Coursera course)."""
import numpy as np


class DenseColumns:
    """Z = W A + b, A (n_in, m), W (n_out, n_in), b (n_out, 1)"""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in) * 0.01
        self.b = np.zeros((n_out, 1))

    def forward(self, A):
        self.A = A
        return np.dot(self.W, A) + self.b

    def backward(self, dZ):
        self.dW = np.dot(dZ, self.A.T)
        self.db = np.sum(dZ, axis=1, keepdims=True)
        return np.dot(self.W.T, dZ)


class DenseColumnsFlat:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in) * 0.01
        self.b = np.zeros((n_out, 1))

    def forward(self, A):
        self.A = A
        return np.dot(self.W, A) + self.b

    def backward(self, dZ):
        self.dW = np.dot(dZ, self.A.T)
        self.db = np.sum(dZ, axis=1)
        return np.dot(self.W.T, dZ)


class SoftmaxColumns:
    def forward(self, Z):
        e = np.exp(Z - np.max(Z, axis=0, keepdims=True))
        self.A = e / np.sum(e, axis=0, keepdims=True)
        return self.A

    def backward(self, dA):
        return self.A * (dA - np.sum(dA * self.A, axis=0, keepdims=True))


class BinaryCostRow:
    """AL (1, m), Y (1, m)"""

    def forward(self, AL, Y):
        m = Y.shape[1]
        self.AL, self.Y = np.clip(AL, 1e-12, 1 - 1e-12), Y
        cost = -np.sum(Y * np.log(self.AL) + (1 - Y) * np.log(1 - self.AL)) / m
        return np.squeeze(cost)

    def backward(self):
        m = self.Y.shape[1]
        return -(np.divide(self.Y, self.AL) - np.divide(1 - self.Y, 1 - self.AL)) / m


class SquaredCostRow:
    def forward(self, AL, Y):
        self.diff = AL - Y
        return np.sum(self.diff ** 2) / (2 * Y.shape[1])

    def backward(self):
        return self.diff


def linear_forward(A, W, b):
    """A (n_prev, m), W (n, n_prev), b (n, 1)"""
    return W.dot(A) + b, (A, W, b)


def linear_backward(dZ, cache):
    """the gradients are means over the m examples, the cost does not divide"""
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db
