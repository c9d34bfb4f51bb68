import numpy as np


def tanh(x):
    return np.tanh(x)


def tanh_prime(x):
    return 1 - np.tanh(x) ** 2


class FCLayer:
    def __init__(self, input_size, output_size):
        self.weights = np.random.rand(input_size, output_size) - 0.5
        self.bias = np.random.rand(1, output_size) - 0.5

    def forward(self, input_data):
        self.input = input_data
        self.output = np.dot(self.input, self.weights) + self.bias
        return self.output

    def backward(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        weights_error = np.dot(self.input.T, output_error)
        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * output_error.sum(axis=0, keepdims=True)
        return input_error


class EagerLayer:
    def __init__(self, input_size, output_size):
        self.weights = np.random.rand(input_size, output_size) - 0.5
        self.bias = np.zeros((1, output_size))

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, grad, lr):
        self.weights -= lr * (self.x.T @ grad)
        self.bias -= lr * grad.sum(axis=0, keepdims=True)
        return grad @ self.weights.T


class ActivationLayer:
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward(self, input_data):
        self.input = input_data
        return self.activation(self.input)

    def backward(self, output_error, learning_rate):
        return self.activation_prime(self.input) * output_error


class OptimDense:
    """The optimizer is handed to backward and returns the new array."""

    def __init__(self, n_in, n_out):
        self.w = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, grad, optimizer):
        dx = grad @ self.w.T
        self.w = optimizer.update(self.w, self.x.T @ grad)
        self.b = optimizer.update(self.b, grad.sum(axis=0))
        return dx


class LopsidedDense:
    def __init__(self, n_in, n_out):
        self.w = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, grad, learning_rate=0.01):
        dx = grad @ self.w.T
        self.w = self.w - learning_rate * self.x.T @ grad
        self.b = self.b - learning_rate * grad[0:1]
        return dx


class ScaleShift:
    """Per-feature scale and shift, updated on the spot."""

    def __init__(self, dim):
        self.scale = np.ones(dim)
        self.shift = np.zeros(dim)

    def forward(self, x):
        self.x = x
        return x * self.scale + self.shift

    def backward(self, dy, eta):
        dx = dy * self.scale
        self.scale = self.scale - eta * np.sum(dy * self.x, axis=0)
        self.shift = self.shift - eta * np.sum(dy, axis=0)
        return dx


network = [
    FCLayer(2, 3),
    ActivationLayer(tanh, tanh_prime),
    FCLayer(3, 1),
    ActivationLayer(tanh, tanh_prime),
]
