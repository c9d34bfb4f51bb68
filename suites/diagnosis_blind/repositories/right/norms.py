"""Normalisation layers in the style forward(inputs) -> self.output, backward(dvalues) -> self.dinputs."""
import numpy as np


class BatchNorm1d:
    def __init__(self, n_features, momentum=0.9, epsilon=1e-5):
        self.gamma = np.ones((1, n_features))
        self.beta = np.zeros((1, n_features))
        self.momentum = momentum
        self.epsilon = epsilon
        self.running_mean = np.zeros((1, n_features))
        self.running_var = np.ones((1, n_features))

    def forward(self, inputs, training=True):
        self.training = training
        if training:
            mean = inputs.mean(axis=0, keepdims=True)
            var = inputs.var(axis=0, keepdims=True)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.inv = 1 / np.sqrt(var + self.epsilon)
        self.xhat = (inputs - mean) * self.inv
        self.output = self.gamma * self.xhat + self.beta
        return self.output

    def backward(self, dvalues):
        self.dgamma = np.sum(dvalues * self.xhat, axis=0, keepdims=True)
        self.dbeta = np.sum(dvalues, axis=0, keepdims=True)
        dxhat = dvalues * self.gamma
        if self.training:
            centred = dxhat - dxhat.mean(axis=0, keepdims=True)
            self.dinputs = self.inv * (centred - self.xhat * (dxhat * self.xhat).mean(axis=0, keepdims=True))
        else:
            self.dinputs = dxhat * self.inv
        return self.dinputs


class RMSNorm:
    """x / sqrt(mean(x^2) + epsilon) * gain over the last axis of (n, features)."""

    def __init__(self, n_features, epsilon=1e-3):
        self.gain = np.ones(n_features)
        self.epsilon = epsilon

    def forward(self, inputs):
        self.inputs = inputs
        self.rms = np.sqrt((inputs ** 2).mean(axis=-1, keepdims=True) + self.epsilon)
        self.output = inputs / self.rms * self.gain
        return self.output

    def backward(self, dvalues):
        xhat = self.inputs / self.rms
        self.dgain = (dvalues * xhat).sum(axis=0)
        g = dvalues * self.gain
        self.dinputs = (g - xhat * (g * xhat).mean(axis=-1, keepdims=True)) / self.rms
        return self.dinputs


class GroupNorm:
    """Images (n, c, h, w); mean and variance over the channels of a group and all pixels."""

    def __init__(self, n_groups, n_channels, epsilon=1e-5):
        self.n_groups = n_groups
        self.gamma = np.ones((1, n_channels, 1, 1))
        self.beta = np.zeros((1, n_channels, 1, 1))
        self.epsilon = epsilon

    def forward(self, inputs):
        n, c, h, w = inputs.shape
        x = inputs.reshape(n, self.n_groups, -1)
        mean = x.mean(axis=2, keepdims=True)
        self.inv = 1 / np.sqrt(x.var(axis=2, keepdims=True) + self.epsilon)
        self.xhat = (x - mean) * self.inv
        self.output = self.gamma * self.xhat.reshape(n, c, h, w) + self.beta
        return self.output

    def backward(self, dvalues):
        n, c, h, w = dvalues.shape
        self.dgamma = (dvalues * self.xhat.reshape(n, c, h, w)).sum(axis=(0, 2, 3), keepdims=True)
        self.dbeta = dvalues.sum(axis=(0, 2, 3), keepdims=True)
        g = (dvalues * self.gamma).reshape(n, self.n_groups, -1)
        proj = (g * self.xhat).mean(axis=2, keepdims=True)
        dx = self.inv * (g - g.mean(axis=2, keepdims=True) - self.xhat * proj)
        self.dinputs = dx.reshape(n, c, h, w)
        return self.dinputs


class L2Normalize:
    """Every row divided by its length (embeddings for metric learning)."""

    def __init__(self, epsilon=1e-8):
        self.epsilon = epsilon

    def forward(self, inputs):
        self.norm = np.sqrt((inputs ** 2).sum(axis=1, keepdims=True) + self.epsilon)
        self.output = inputs / self.norm
        return self.output

    def backward(self, dvalues):
        inner = (dvalues * self.output).sum(axis=1, keepdims=True)
        self.dinputs = (dvalues - self.output * inner) / self.norm
        return self.dinputs


class ScaleShift:
    """A learned factor and offset per channel of (n, c, length)."""

    def __init__(self, n_channels):
        self.scale = np.ones((n_channels, 1))
        self.shift = np.zeros((n_channels, 1))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs * self.scale + self.shift
        return self.output

    def backward(self, dvalues):
        self.dscale = (dvalues * self.inputs).sum(axis=(0, 2))[:, None]
        self.dshift = dvalues.sum(axis=(0, 2))[:, None]
        self.dinputs = dvalues * self.scale
        return self.dinputs


class WeightNormDense:
    """Dense layer whose columns are g * v / |v|."""

    def __init__(self, n_inputs, n_neurons):
        self.v = np.random.randn(n_inputs, n_neurons)
        self.g = np.ones((1, n_neurons))
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.norm = np.sqrt((self.v ** 2).sum(axis=0, keepdims=True))
        self.direction = self.v / self.norm
        self.output = inputs @ (self.g * self.direction) + self.biases
        return self.output

    def backward(self, dvalues):
        dw = self.inputs.T @ dvalues
        self.dg = (dw * self.direction).sum(axis=0, keepdims=True)
        self.dv = self.g / self.norm * (dw - self.direction * self.dg)
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ (self.g * self.direction).T
        return self.dinputs
