"""Layers that learn inside backward(output_gradient, learning_rate), and a network of them."""
import numpy as np


class Dense:
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(input_size, output_size) / np.sqrt(input_size)
        self.bias = np.zeros((1, output_size))

    def forward(self, input):
        self.input = input
        return np.dot(self.input, self.weights) + self.bias

    def backward(self, output_gradient, learning_rate):
        input_gradient = np.dot(output_gradient, self.weights.T)
        weights_gradient = np.dot(self.input.T, output_gradient)
        self.weights = self.weights - learning_rate * weights_gradient
        self.bias = self.bias - learning_rate * np.sum(output_gradient, axis=0, keepdims=True)
        return input_gradient


class Tanh:
    def forward(self, input):
        self.input = input
        self.output = np.tanh(input)
        return self.output

    def backward(self, output_gradient, learning_rate):
        return output_gradient * (1 - self.output ** 2)


class ReLU:
    def forward(self, input):
        self.input = input
        return np.maximum(input, 0)

    def backward(self, output_gradient, learning_rate):
        input_gradient = np.array(output_gradient)
        input_gradient[self.input <= 0] = 0
        return input_gradient


class Dropout:
    """Inverted dropout; `training` switches it off."""

    def __init__(self, p=0.5):
        self.p = p
        self.training = True
        self.mask = None

    def forward(self, input):
        if not self.training:
            self.mask = np.ones_like(input)
            return input
        self.mask = (np.random.rand(*input.shape) >= self.p) / (1 - self.p)
        return input * self.mask

    def backward(self, output_gradient, learning_rate):
        return output_gradient * self.mask


class BatchNorm:
    """Normalises over the batch and moves gamma and beta in backward."""

    def __init__(self, size, momentum=0.1, eps=1e-5):
        self.gamma = np.ones((1, size))
        self.beta = np.zeros((1, size))
        self.momentum = momentum
        self.eps = eps
        self.training = True
        self.running_mean = np.zeros((1, size))
        self.running_var = np.ones((1, size))

    def forward(self, input):
        if self.training:
            mean = input.mean(axis=0, keepdims=True)
            var = input.var(axis=0, keepdims=True)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.x_hat = (input - mean) / self.std
        return self.gamma * self.x_hat + self.beta

    def backward(self, output_gradient, learning_rate):
        dx_hat = output_gradient * self.gamma
        if self.training:
            n = output_gradient.shape[0]
            input_gradient = (n * dx_hat - dx_hat.sum(axis=0, keepdims=True)
                              - self.x_hat * np.sum(dx_hat * self.x_hat, axis=0, keepdims=True)) / (n * self.std)
        else:
            input_gradient = dx_hat / self.std
        self.gamma = self.gamma - learning_rate * np.sum(output_gradient * self.x_hat, axis=0, keepdims=True)
        self.beta = self.beta - learning_rate * np.sum(output_gradient, axis=0, keepdims=True)
        return input_gradient


class Network:
    """Layers in a row, mean squared error, gradient descent."""

    def __init__(self, layers):
        self.layers = layers

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def train_step(self, X, Y, learning_rate=0.01):
        output = self.forward(X)
        error = output - Y
        grad = 2 * error / error.size
        for layer in reversed(self.layers):
            grad = layer.backward(grad, learning_rate)
        return np.mean(error ** 2)
