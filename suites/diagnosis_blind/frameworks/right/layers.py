"""Layers with params and grads in dicts: grads[k] belongs to params[k].

forward(x) returns the output; backward(dout) fills grads and returns the gradient of x.
"""
import numpy as np


class Layer:
    def __init__(self):
        self.params = {}
        self.grads = {}
        self.training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False


class Linear(Layer):
    def __init__(self, n_in, n_out, seed=None):
        super().__init__()
        rng = np.random.default_rng(seed)
        limit = np.sqrt(6.0 / (n_in + n_out))
        self.params["W"] = rng.uniform(-limit, limit, (n_in, n_out))
        self.params["b"] = np.zeros(n_out)
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout):
        self.grads["W"] = self.x.T @ dout
        self.grads["b"] = dout.sum(axis=0)
        return dout @ self.params["W"].T


class Scale(Layer):
    """y = a * x + c with one number a and one number c."""

    def __init__(self, a=1.0, c=0.0):
        super().__init__()
        self.params = {"a": np.array([a]), "c": np.array([c])}
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}

    def forward(self, x):
        self.x = x
        return self.params["a"] * x + self.params["c"]

    def backward(self, dout):
        self.grads["a"] = np.array([np.sum(dout * self.x)])
        self.grads["c"] = np.array([np.sum(dout)])
        return dout * self.params["a"]


class Dropout(Layer):
    """Inverted: rate is the share that is dropped."""

    def __init__(self, rate=0.25):
        super().__init__()
        self.rate = rate
        self.mask = None

    def forward(self, x):
        if not self.training:
            self.mask = None
            return x.copy()
        keep = 1.0 - self.rate
        self.mask = (np.random.rand(*x.shape) < keep) / keep
        return x * self.mask

    def backward(self, dout):
        if self.mask is None:
            return dout.copy()
        return dout * self.mask


class BatchNorm(Layer):
    def __init__(self, n, momentum=0.9, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.params = {"gamma": np.ones(n), "beta": np.zeros(n)}
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}
        self.running_mean = np.zeros(n)
        self.running_var = np.ones(n)

    def forward(self, x):
        if self.training:
            mu = x.mean(axis=0)
            var = x.var(axis=0)
            m = self.momentum
            self.running_mean = m * self.running_mean + (1 - m) * mu
            self.running_var = m * self.running_var + (1 - m) * var
        else:
            mu, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xhat = (x - mu) / self.std
        self.used_batch = self.training
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = np.sum(dout * self.xhat, axis=0)
        self.grads["beta"] = np.sum(dout, axis=0)
        dxhat = dout * self.params["gamma"]
        if not self.used_batch:
            return dxhat / self.std
        centred = dxhat - dxhat.mean(axis=0)
        return (centred - self.xhat * np.mean(dxhat * self.xhat, axis=0)) / self.std


class LayerNorm(Layer):
    """Over the last axis of (batch, features)."""

    def __init__(self, n, eps=1e-3):
        super().__init__()
        self.eps = eps
        self.params = {"gamma": np.ones(n), "beta": np.zeros(n)}
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}

    def forward(self, x):
        mu = np.mean(x, axis=1, keepdims=True)
        self.xc = x - mu
        self.var = np.mean(self.xc ** 2, axis=1, keepdims=True)
        self.xhat = self.xc / np.sqrt(self.var + self.eps)
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = (dout * self.xhat).sum(axis=0)
        self.grads["beta"] = dout.sum(axis=0)
        g = dout * self.params["gamma"]
        inv_std = 1.0 / np.sqrt(self.var + self.eps)
        gm = g.mean(axis=1, keepdims=True)
        gx = (g * self.xhat).mean(axis=1, keepdims=True)
        return inv_std * (g - gm - self.xhat * gx)


class Embedding(Layer):
    """Indices of any shape; there is no gradient for them."""

    def __init__(self, vocab_size, dim, seed=None):
        super().__init__()
        self.params["W"] = np.random.default_rng(seed).normal(0.0, 0.1, (vocab_size, dim))
        self.grads["W"] = np.zeros((vocab_size, dim))

    def forward(self, idx):
        self.idx = idx
        return self.params["W"][idx]

    def backward(self, dout):
        dW = np.zeros_like(self.params["W"])
        np.add.at(dW, self.idx, dout)
        self.grads["W"] = dW
        return None
