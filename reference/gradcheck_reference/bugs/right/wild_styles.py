# mypy: ignore-errors
"""Other styles: a context object, Parameter containers, backward(grad, learning_rate)."""

import numpy as np


class LinearFunction:
    """forward(ctx, ...) and backward(ctx, grad), in the manner of an autograd function."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.T + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight, grad_output.T @ x, grad_output.sum(axis=0)


class MultiplyFunction:
    """Elementwise product of two arrays of one shape."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved_tensors
        return grad_output * b, grad_output * a


class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Linear:
    """Gradients add up in `.grad` until zero_grad() is called."""

    def __init__(self, in_features, out_features):
        bound = 1 / np.sqrt(in_features)
        self.weight = Parameter(np.random.uniform(-bound, bound, (in_features, out_features)))
        self.bias = Parameter(np.zeros(out_features))
        self.params = [self.weight, self.bias]

    def zero_grad(self):
        for param in self.params:
            param.grad = np.zeros_like(param.value)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.weight.value + self.bias.value

    def backward(self, grad):
        self.zero_grad()
        self.weight.grad += self.x.T @ grad
        self.bias.grad += grad.sum(axis=0)
        return grad @ self.weight.value.T


class FCLayer:
    """backward takes the learning rate, updates at once and returns the input's gradient."""

    def __init__(self, input_size, output_size):
        self.weights = np.random.rand(input_size, output_size) - 0.5
        self.bias = np.random.rand(1, output_size) - 0.5

    def forward_propagation(self, input_data):
        self.input = input_data.copy()
        self.output = np.dot(self.input, self.weights) + self.bias
        return self.output.copy()

    def backward_propagation(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        weights_error = np.dot(self.input.T, output_error)
        bias_error = output_error.sum(axis=0, keepdims=True)
        self.weights = self.weights - learning_rate * weights_error
        self.bias = self.bias - learning_rate * bias_error
        return input_error


class Scale:
    """gain * x + shift with one gain and one shift per feature; dicts made for each object."""

    def __init__(self, n_features, grads=None):
        self.params = {"gain": np.ones(n_features), "shift": np.zeros(n_features)}
        self.grads = {} if grads is None else grads

    def forward(self, x):
        self.cache = {"x": x.copy()}
        return x * self.params["gain"] + self.params["shift"]

    def backward(self, dout):
        self.grads["gain"] = np.sum(dout * self.cache["x"], axis=0)
        self.grads["shift"] = np.sum(dout, axis=0)
        return dout * self.params["gain"]


class HalfSquare:
    """x squared, halved, written into a buffer of its own."""

    def forward(self, x):
        self.x = x.copy()
        out = np.empty(x.shape)
        out[...] = 0.5 * self.x * self.x
        return out

    def backward(self, dout):
        return self.x * dout


def scaled_tanh_forward(x, scale, memory=None):
    """scale * tanh(x) for one number per feature; the cache may be handed in to be filled."""
    memory = {} if memory is None else memory
    memory["tanh"], memory["scale"] = np.tanh(x), scale.copy()
    return memory["scale"] * memory["tanh"], memory


def scaled_tanh_backward(dout, cache):
    dx = dout * cache["scale"] * (1 - cache["tanh"] ** 2)
    dscale = np.sum(dout * cache["tanh"], axis=0)
    return dx, dscale


class BroadcastAdd:
    """x (n, d) plus a row (d,) or a column (n, 1): gradients summed back to each shape."""

    def forward(self, x, row):
        self.row_shape = row.shape
        return x + row

    def backward(self, dout):
        drow = dout.sum(axis=0).reshape(self.row_shape)
        return dout.copy(), drow
