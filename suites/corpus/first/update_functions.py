"""Steps of gradient descent as functions, a first layer without a gradient of its input, columns of state."""

import numpy as np


def update_parameters(parameters, grads, learning_rate=0.5):
    for layer in range(1, len(parameters) // 2 + 1):
        for key in ("W", "b"):
            parameters[f"{key}{layer}"] = parameters[f"{key}{layer}"] - learning_rate * grads[f"d{key}{layer}"]
    return parameters


def update_parameters_uphill(parameters, grads, learning_rate=0.1):
    for layer in range(1, len(parameters) // 2 + 1):
        for key in ("W", "b"):
            parameters[f"{key}{layer}"] = parameters[f"{key}{layer}"] + learning_rate * grads[f"d{key}{layer}"]
    return parameters


def gradient_descent_step(w, grad_w, lr):
    return w - lr * grad_w


def gradient_descent_back(w, grad_w, lr):
    return w + lr * grad_w


class FirstConv:
    def __init__(self, num_filters):
        self.filters = np.random.randn(num_filters, 3, 3) / 9

    def regions(self, image):
        for i, j in np.ndindex(image.shape[0] - 2, image.shape[1] - 2):
            yield image[i : i + 3, j : j + 3], i, j

    def forward(self, image):
        self.image = image
        out = np.zeros((image.shape[0] - 2, image.shape[1] - 2, len(self.filters)))
        for region, i, j in self.regions(image):
            out[i, j] = np.sum(region * self.filters, axis=(1, 2))
        return out

    def backprop(self, d_out, learn_rate):
        d_filters = np.zeros_like(self.filters)
        for region, i, j in self.regions(self.image):
            d_filters += d_out[i, j][:, None, None] * region
        self.filters -= learn_rate * d_filters
        return None


class FirstConvLast(FirstConv):
    def backprop(self, d_out, learn_rate):
        d_filters = np.zeros_like(self.filters)
        for region, i, j in self.regions(self.image):
            d_filters = d_out[i, j][:, None, None] * region
        self.filters -= learn_rate * d_filters
        return None


class ColumnCell:
    def __init__(self, input_size, hidden_size):
        self.W = np.random.randn(hidden_size, input_size + hidden_size)
        self.b = np.zeros((hidden_size, 1))

    def forward(self, x, h_prev):
        self.both = np.vstack([h_prev, x])
        self.h = np.tanh(self.W @ self.both + self.b)
        return self.h

    def backward(self, dh):
        inner = dh * (1 - self.h**2)
        self.dW, self.db = inner @ self.both.T, inner.sum(axis=1, keepdims=True)
        dboth = self.W.T @ inner
        return dboth[len(dh) :], dboth[: len(dh)]


class ColumnCellTurned(ColumnCell):
    def backward(self, dh):
        dx, dh_prev = super().backward(dh)
        return -dx, dh_prev
