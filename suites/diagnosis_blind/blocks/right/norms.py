"""Normalisation layers in the NNFS manner: forward sets self.output, backward sets self.dinputs, self.dgamma ..."""
import numpy as np


class LayerNorm:
    """Over the last axis, for (N, D) or (N, T, D)."""

    def __init__(self, n_features, eps=1e-5):
        self.gamma = np.ones(n_features)
        self.beta = np.zeros(n_features)
        self.eps = eps

    def forward(self, inputs):
        mean = inputs.mean(axis=-1, keepdims=True)
        var = inputs.var(axis=-1, keepdims=True)
        self.inv_std = 1 / np.sqrt(var + self.eps)
        self.xhat = (inputs - mean) * self.inv_std
        self.output = self.gamma * self.xhat + self.beta

    def backward(self, dvalues):
        axes = tuple(range(dvalues.ndim - 1))
        self.dgamma = np.sum(dvalues * self.xhat, axis=axes)
        self.dbeta = np.sum(dvalues, axis=axes)
        dxhat = dvalues * self.gamma
        m1 = dxhat.mean(axis=-1, keepdims=True)
        m2 = (dxhat * self.xhat).mean(axis=-1, keepdims=True)
        self.dinputs = self.inv_std * (dxhat - m1 - self.xhat * m2)


class RMSNorm:
    """y = gamma * x / sqrt(mean(x^2) + eps), over the last axis."""

    def __init__(self, n_features, eps=1e-5):
        self.gamma = np.ones(n_features)
        self.eps = eps

    def forward(self, inputs):
        self.inputs = inputs
        self.ms = np.mean(inputs ** 2, axis=-1, keepdims=True)
        self.output = self.gamma * inputs / np.sqrt(self.ms + self.eps)

    def backward(self, dvalues):
        D = self.inputs.shape[-1]
        inv = 1 / np.sqrt(self.ms + self.eps)
        lead = tuple(range(dvalues.ndim - 1))
        self.dgamma = np.sum(dvalues * self.inputs * inv, axis=lead)
        g = dvalues * self.gamma
        dot = np.sum(g * self.inputs, axis=-1, keepdims=True)
        self.dinputs = g * inv - self.inputs * inv ** 3 * dot / D


class GroupNorm:
    """(N, C, L): the channels are normalised in groups, each sample by itself."""

    def __init__(self, n_groups, n_channels, eps=1e-5):
        self.n_groups = n_groups
        self.gamma = np.ones((1, n_channels, 1))
        self.beta = np.zeros((1, n_channels, 1))
        self.eps = eps

    def forward(self, inputs):
        N, C, L = inputs.shape
        x = inputs.reshape(N, self.n_groups, -1)
        mu = x.mean(axis=2, keepdims=True)
        self.std = np.sqrt(x.var(axis=2, keepdims=True) + self.eps)
        self.xhat = ((x - mu) / self.std).reshape(N, C, L)
        self.output = self.gamma * self.xhat + self.beta

    def backward(self, dvalues):
        N, C, L = dvalues.shape
        self.dgamma = np.sum(dvalues * self.xhat, axis=(0, 2), keepdims=True)
        self.dbeta = np.sum(dvalues, axis=(0, 2), keepdims=True)
        g = (dvalues * self.gamma).reshape(N, self.n_groups, -1)
        xh = self.xhat.reshape(N, self.n_groups, -1)
        dx = g - g.mean(axis=2, keepdims=True) - xh * (g * xh).mean(axis=2, keepdims=True)
        self.dinputs = (dx / self.std).reshape(N, C, L)


class BatchNorm:
    """(N, D). The running variance is the unbiased one."""

    def __init__(self, n_features, momentum=0.9, eps=1e-5):
        self.gamma = np.ones((1, n_features))
        self.beta = np.zeros((1, n_features))
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros((1, n_features))
        self.running_var = np.ones((1, n_features))

    def forward(self, inputs, training=True):
        self.training = training
        if training:
            n = inputs.shape[0]
            mean = inputs.mean(axis=0, keepdims=True)
            var = inputs.var(axis=0, keepdims=True)
            unbiased = var * n / max(n - 1, 1)
            m = self.momentum
            self.running_mean = m * self.running_mean + (1 - m) * mean
            self.running_var = m * self.running_var + (1 - m) * unbiased
        else:
            mean, var = self.running_mean, self.running_var
        self.inv_std = 1 / np.sqrt(var + self.eps)
        self.xhat = (inputs - mean) * self.inv_std
        self.output = self.gamma * self.xhat + self.beta

    def backward(self, dvalues):
        self.dgamma = np.sum(dvalues * self.xhat, axis=0, keepdims=True)
        self.dbeta = np.sum(dvalues, axis=0, keepdims=True)
        dxhat = dvalues * self.gamma
        if not self.training:
            self.dinputs = dxhat * self.inv_std
            return
        mean_d = dxhat.mean(axis=0, keepdims=True)
        mean_dx = (dxhat * self.xhat).mean(axis=0, keepdims=True)
        self.dinputs = self.inv_std * (dxhat - mean_d - self.xhat * mean_dx)
