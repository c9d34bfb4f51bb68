"""Networks whose backward is a whole step of training: backward(x, target, rate)."""

import numpy as np


class ColumnLayer:
    def __init__(self, n_in, n_out):
        self.matrix = np.random.randn(n_out, n_in)
        self.offset = np.random.randn(n_out, 1)
        self.x = np.zeros((n_in, 1))

    def forward(self, x):
        self.x = x
        self.z = np.tanh(self.matrix @ x + self.offset)
        return self.z

    def backward(self, error, rate):
        delta = error * (1 - self.z**2)
        back = self.matrix.T @ delta
        self.matrix -= rate * delta @ self.x.T
        self.offset -= rate * delta
        return back


class ColumnNet:
    """one sample in a column; squared error"""

    def __init__(self, neurons_per_layer):
        sizes = zip(neurons_per_layer, neurons_per_layer[1:], strict=False)
        self.layers = [ColumnLayer(a, b) for a, b in sizes]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, x, target, learning_rate):
        error = self.forward(x) - target
        for layer in reversed(self.layers):
            error = layer.backward(error, learning_rate)
        return error


class ColumnNetSkips(ColumnNet):
    """the error goes past the last layer"""

    def backward(self, x, target, learning_rate):
        error = self.forward(x) - target
        self.layers[-1].backward(error, learning_rate)
        for layer in reversed(self.layers[:-1]):
            error = layer.backward(layer.z, learning_rate)
        return error


class RowNet:
    """samples in rows; half the squared error"""

    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = np.random.randn(n_in, n_hidden)
        self.W2 = np.random.randn(n_hidden, n_out)

    def forward(self, x):
        self.h = np.tanh(x @ self.W1)
        return self.h @ self.W2

    def backward(self, x, y_true, lr):
        delta = self.forward(x) - y_true
        back = (delta @ self.W2.T) * (1 - self.h**2)
        self.W2 -= lr * self.h.T @ delta
        self.W1 -= lr * x.T @ back
