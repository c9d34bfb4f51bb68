"""Layers in a torch-like hand-written style: weight (out, in), grad_weight, backward returns dX."""

import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.weight = np.random.randn(out_features, in_features) * 0.1
        self.bias = np.zeros(out_features)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad_output):
        self.grad_weight = grad_output.T @ self.x
        self.grad_bias = grad_output.sum(axis=0)
        return grad_output @ self.weight


class LeakyReLU:
    def __init__(self, negative_slope=0.1):
        self.negative_slope = negative_slope

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.negative_slope * x)

    def backward(self, grad_output):
        slope = np.where(self.x > 0, 1.0, self.negative_slope)
        return grad_output * slope


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad_output):
        return grad_output * (1 - self.y**2)


class SiLU:
    def forward(self, x):
        self.x = x
        self.s = 1 / (1 + np.exp(-x))
        return x * self.s

    def backward(self, grad_output):
        local = self.s + self.x * self.s * (1 - self.s)
        return grad_output * local


class Softplus:
    def __init__(self, beta=2.0):
        self.beta = beta

    def forward(self, x):
        self.x = x
        return np.logaddexp(0.0, self.beta * x) / self.beta

    def backward(self, grad_output):
        z = self.beta * self.x
        return grad_output / (1 + np.exp(-z))


class Softmax:
    def forward(self, x):
        shifted = x - np.max(x, axis=1, keepdims=True)
        e = np.exp(shifted)
        self.p = e / np.sum(e, axis=1, keepdims=True)
        return self.p

    def backward(self, grad_output):
        inner = np.sum(grad_output * self.p, axis=1, keepdims=True)
        return self.p * (grad_output - inner)


class LogSoftmax:
    def forward(self, x):
        shifted = x - x.max(axis=1, keepdims=True)
        self.logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return self.logp

    def backward(self, grad_output):
        total = grad_output.sum(axis=1, keepdims=True)
        return grad_output - np.exp(self.logp) * total


class Scale:
    def __init__(self, dim):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)

    def forward(self, x):
        self.x = x
        return self.gamma * x + self.beta

    def backward(self, grad_output):
        self.grad_gamma = np.sum(grad_output * self.x, axis=0)
        self.grad_beta = np.sum(grad_output, axis=0)
        return grad_output * self.gamma
