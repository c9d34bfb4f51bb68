# mypy: ignore-errors
"""Normalisation layers that keep `params` and `grads` in dicts with equal keys."""

import numpy as np


class LayerNorm:
    """Standardises over `axis`; gamma and beta have one entry per feature (the last axis)."""

    axis = -1

    def __init__(self, n_features, eps=1e-5):
        self.params = {"gamma": np.ones(n_features), "beta": np.zeros(n_features)}
        self.grads = {}
        self.eps = eps

    def forward(self, x):
        mean = x.mean(axis=self.axis, keepdims=True)
        var = x.var(axis=self.axis, keepdims=True)
        self.inv_std = 1 / np.sqrt(var + self.eps)
        self.x_hat = (x - mean) * self.inv_std
        return self.params["gamma"] * self.x_hat + self.params["beta"]

    def backward(self, grad):
        rows = tuple(range(grad.ndim - 1))
        self.grads["gamma"] = np.sum(grad * self.x_hat, axis=rows)
        self.grads["beta"] = np.sum(grad, axis=rows)
        dx_hat = grad * self.params["gamma"]
        mean_d = dx_hat.mean(axis=self.axis, keepdims=True)
        mean_dx = (dx_hat * self.x_hat).mean(axis=self.axis, keepdims=True)
        return self.inv_std * (dx_hat - mean_d - self.x_hat * mean_dx)


class RMSNorm:
    """x / sqrt(mean(x^2) + eps) * gain over the last axis (Zhang and Sennrich 2019)."""

    def __init__(self, n_features, eps=1e-6):
        self.params = {"gain": np.ones(n_features)}
        self.grads = {}
        self.eps = eps

    def forward(self, x):
        self.x = x.copy()
        self.inv_rms = 1 / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + self.eps)
        return x * self.inv_rms * self.params["gain"]

    def backward(self, grad):
        x_hat = self.x * self.inv_rms
        self.grads["gain"] = np.sum(grad * x_hat, axis=tuple(range(grad.ndim - 1)))
        dx_hat = grad * self.params["gain"]
        mean_dx = np.mean(dx_hat * x_hat, axis=-1, keepdims=True)
        return self.inv_rms * (dx_hat - x_hat * mean_dx)


class L2Normalize:
    """Every row divided by its length."""

    def forward(self, x):
        self.norm = np.sqrt(np.sum(x**2, axis=1, keepdims=True) + 1e-12)
        self.out = x / self.norm
        return self.out.copy()

    def backward(self, grad):
        inner = np.sum(grad * self.out, axis=1, keepdims=True)
        return (grad - self.out * inner) / self.norm
