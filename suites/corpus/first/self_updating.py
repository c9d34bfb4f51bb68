"""Layers that train themselves: backward takes the learning rate and changes the parameters."""
import numpy as np


class Layer:
    def __init__(self):
        self.input = None
        self.output = None

    def forward(self, input):
        pass

    def backward(self, output_gradient, learning_rate):
        pass


class Dense(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(input_size, output_size)
        self.bias = np.random.randn(1, output_size)

    def forward(self, input):
        self.input = input
        return np.dot(self.input, self.weights) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(self.input.T, output_gradient)
        input_gradient = np.dot(output_gradient, self.weights.T)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient.sum(axis=0, keepdims=True)
        return input_gradient


class DenseLate(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(input_size, output_size)
        self.bias = np.random.randn(1, output_size)

    def forward(self, input):
        self.input = input
        return np.dot(self.input, self.weights) + self.bias

    def backward(self, output_gradient, learning_rate):
        self.weights = self.weights - learning_rate * np.dot(self.input.T, output_gradient)
        self.bias = self.bias - learning_rate * output_gradient.sum(axis=0, keepdims=True)
        return np.dot(output_gradient, self.weights.T)


class Scale(Layer):
    def __init__(self, size):
        self.gain = np.ones(size)
        self.shift = np.zeros(size)

    def forward(self, input):
        self.input = input
        return input * self.gain + self.shift

    def backward(self, output_gradient, learning_rate):
        dx = output_gradient * self.gain
        dgain = (output_gradient * self.input).sum(axis=0)
        dshift = output_gradient.sum(axis=0)
        self.gain = self.gain - learning_rate * dgain
        self.shift = self.shift + learning_rate * dshift
        return dx


class Tanh(Layer):
    def forward(self, input):
        self.input = input
        return np.tanh(input)

    def backward(self, output_gradient, learning_rate):
        return output_gradient * (1 - np.tanh(self.input) ** 2)


class FCLayer(Layer):
    """other verbs, other order"""

    def __init__(self, input_size, output_size):
        self.weights = np.random.rand(input_size, output_size) - 0.5
        self.bias = np.random.rand(1, output_size) - 0.5

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = np.dot(self.input, self.weights) + self.bias
        return self.output

    def backward_propagation(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        weights_error = np.dot(self.input.T, output_error)
        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * np.mean(output_error, axis=0, keepdims=True)
        return input_error


class DenseWithOptimizer(Layer):
    """the optimizer is handed to backward"""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad, optimizer):
        dx = grad @ self.W.T
        self.W = optimizer.update(self.W, self.x.T @ grad)
        self.b = optimizer.update(self.b, grad.sum(axis=0, keepdims=True))
        return dx
