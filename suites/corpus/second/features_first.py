"""One example per column."""
import numpy as np


class ColumnLinear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in) * 0.01
        self.b = np.zeros((n_out, 1))

    def forward(self, X):
        self.X = X
        return self.W @ X + self.b

    def backward(self, dZ):
        self.dW = dZ @ self.X.T
        self.db = dZ.sum(axis=1, keepdims=True)
        return self.W.T @ dZ


class CourseraLayer:
    """Gradients of the parameters are means over the m examples."""

    def __init__(self, n_prev, n_units):
        self.W = np.random.randn(n_units, n_prev) * 0.01
        self.b = np.zeros((n_units, 1))

    def forward(self, A_prev):
        self.A_prev = A_prev
        self.Z = np.dot(self.W, A_prev) + self.b
        self.A = np.tanh(self.Z)
        return self.A

    def backward(self, dA):
        m = self.A_prev.shape[1]
        dZ = dA * (1 - self.A**2)
        self.dW = np.dot(dZ, self.A_prev.T) / m
        self.db = np.sum(dZ, axis=1, keepdims=True) / m
        self.dA_prev = np.dot(self.W.T, dZ)
        return self.dA_prev


class MixedLayer:
    def __init__(self, n_prev, n_units):
        self.W = np.random.randn(n_units, n_prev) * 0.01
        self.b = np.zeros((n_units, 1))

    def forward(self, A_prev):
        self.A_prev = A_prev
        return np.dot(self.W, A_prev) + self.b

    def backward(self, dZ):
        m = self.A_prev.shape[1]
        self.dW = (1.0 / m) * np.dot(dZ, self.A_prev.T)
        self.db = np.sum(dZ, axis=1, keepdims=True)
        return np.dot(self.W.T, dZ)


class ColumnSoftmax:
    def forward(self, Z):
        e = np.exp(Z - Z.max(axis=0, keepdims=True))
        self.A = e / e.sum(axis=0, keepdims=True)
        return self.A

    def backward(self, dA):
        return self.A * (dA - np.sum(dA * self.A, axis=0, keepdims=True))


class ColumnScale:
    """One gain per feature (row)."""

    def __init__(self, n_features):
        self.gain = np.ones((n_features, 1))

    def forward(self, X):
        self.X = X
        return self.gain * X

    def backward(self, dY):
        self.dgain = np.sum(dY * self.X, axis=1, keepdims=True)
        return dY / self.gain


def linear_forward(A, W, b):
    Z = W @ A + b
    return Z, (A, W, b)


def linear_backward(dZ, cache):
    A, W, b = cache
    return W.T @ dZ, dZ @ A.T, np.sum(dZ, axis=1, keepdims=True)
