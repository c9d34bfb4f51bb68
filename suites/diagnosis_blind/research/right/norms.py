"""Normalisation and gated feed-forward layers: params and grads live in dicts."""
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


class LayerNorm:
    """y = gamma * (x - mean) / sqrt(var + eps) + beta over the last axis."""

    def __init__(self, dim, eps=1e-5):
        self.eps = eps
        self.params = {"gamma": np.ones(dim), "beta": np.zeros(dim)}
        self.grads = {}

    def forward(self, x):
        mu = x.mean(axis=-1, keepdims=True)
        var = x.var(axis=-1, keepdims=True)
        self.rstd = 1.0 / np.sqrt(var + self.eps)
        self.xhat = (x - mu) * self.rstd
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dout):
        lead = tuple(range(dout.ndim - 1))
        self.grads["gamma"] = np.sum(dout * self.xhat, axis=lead)
        self.grads["beta"] = np.sum(dout, axis=lead)
        dxhat = dout * self.params["gamma"]
        centred = dxhat - dxhat.mean(axis=-1, keepdims=True)
        proj = np.mean(dxhat * self.xhat, axis=-1, keepdims=True)
        return self.rstd * (centred - self.xhat * proj)


class RMSNorm:
    """y = x / sqrt(mean(x^2) + eps) * g over the last axis."""

    def __init__(self, dim, eps=1e-6):
        self.eps = eps
        self.params = {"g": np.ones(dim)}
        self.grads = {}

    def forward(self, x):
        self.x = x.copy()
        ms = np.mean(np.square(x), axis=-1, keepdims=True)
        self.inv = 1.0 / np.sqrt(ms + self.eps)
        return x * self.inv * self.params["g"]

    def backward(self, dout):
        d = self.x.shape[-1]
        self.grads["g"] = (dout * self.x * self.inv).reshape(-1, d).sum(axis=0)
        dn = dout * self.params["g"]
        inner = np.sum(dn * self.x, axis=-1, keepdims=True)
        return self.inv * dn - self.inv ** 3 * self.x * inner / d


class GroupNorm:
    """NCHW input, statistics over each group of channels of each sample."""

    def __init__(self, num_groups, num_channels, eps=1e-5):
        self.num_groups = num_groups
        self.eps = eps
        self.params = {"scale": np.ones(num_channels), "shift": np.zeros(num_channels)}
        self.grads = {}

    def forward(self, x):
        n, c, h, w = x.shape
        xg = x.reshape(n, self.num_groups, -1)
        mean = xg.mean(axis=2, keepdims=True)
        var = np.mean((xg - mean) ** 2, axis=2, keepdims=True)
        self.std = np.sqrt(var + self.eps)
        self.z = ((xg - mean) / self.std).reshape(n, c, h, w)
        s, b = self.params["scale"], self.params["shift"]
        return self.z * s[None, :, None, None] + b[None, :, None, None]

    def backward(self, dout):
        n, c, h, w = dout.shape
        self.grads["scale"] = np.einsum("nchw,nchw->c", dout, self.z)
        self.grads["shift"] = dout.sum(axis=(0, 2, 3))
        dz = (dout * self.params["scale"].reshape(1, c, 1, 1)).reshape(n, self.num_groups, -1)
        z = self.z.reshape(n, self.num_groups, -1)
        m = z.shape[2]
        dx = m * dz - dz.sum(axis=2, keepdims=True) - z * (dz * z).sum(axis=2, keepdims=True)
        return (dx / (m * self.std)).reshape(n, c, h, w)


class BatchNorm:
    """Features on the last axis; running averages are used in evaluation."""

    def __init__(self, dim, momentum=0.9, eps=1e-5):
        self.momentum = momentum
        self.eps = eps
        self.training = True
        self.params = {"gamma": np.ones(dim), "beta": np.zeros(dim)}
        self.grads = {}
        self.running_mean = np.zeros(dim)
        self.running_var = np.ones(dim)

    def forward(self, x):
        if self.training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            k = self.momentum
            self.running_mean = k * self.running_mean + (1 - k) * mean
            self.running_var = k * self.running_var + (1 - k) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.xn = (x - mean) * self.inv_std
        self.used_batch = self.training
        return self.params["gamma"] * self.xn + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = np.sum(dout * self.xn, axis=0)
        self.grads["beta"] = np.sum(dout, axis=0)
        dxn = dout * self.params["gamma"]
        if not self.used_batch:
            return dxn * self.inv_std
        return self.inv_std * (dxn - dxn.mean(axis=0) - self.xn * np.mean(dxn * self.xn, axis=0))


class SwiGLU:
    """y = (silu(x Wg) * (x Wu)) Wd, the feed-forward of recent language models."""

    def __init__(self, d_model, d_ff, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {
            "Wg": rng.normal(0, d_model ** -0.5, (d_model, d_ff)),
            "Wu": rng.normal(0, d_model ** -0.5, (d_model, d_ff)),
            "Wd": rng.normal(0, d_ff ** -0.5, (d_ff, d_model)),
        }
        self.grads = {}

    def forward(self, x):
        self.x = x.copy()
        self.a = x @ self.params["Wg"]
        self.u = x @ self.params["Wu"]
        self.sig = sigmoid(self.a)
        self.h = self.a * self.sig * self.u
        return self.h @ self.params["Wd"]

    def backward(self, dout):
        flat = lambda t: t.reshape(-1, t.shape[-1])
        self.grads["Wd"] = flat(self.h).T @ flat(dout)
        dh = dout @ self.params["Wd"].T
        du = dh * self.a * self.sig
        da = dh * self.u * self.sig * (1 + self.a * (1 - self.sig))
        self.grads["Wg"] = flat(self.x).T @ flat(da)
        self.grads["Wu"] = flat(self.x).T @ flat(du)
        return da @ self.params["Wg"].T + du @ self.params["Wu"].T


class GEGLU:
    """Splits the last axis in two halves (value, gate): y = value * gelu_tanh(gate)."""

    C = np.sqrt(2.0 / np.pi)

    def forward(self, x):
        self.v, self.g = [part.copy() for part in np.split(x, 2, axis=-1)]
        self.t = np.tanh(self.C * (self.g + 0.044715 * self.g ** 3))
        return self.v * 0.5 * self.g * (1 + self.t)

    def backward(self, dout):
        act = 0.5 * self.g * (1 + self.t)
        inner = self.C * (1 + 3 * 0.044715 * self.g ** 2)
        dact = 0.5 * (1 + self.t) + 0.5 * self.g * (1 - self.t ** 2) * inner
        return np.concatenate([dout * act, dout * self.v * dact], axis=-1)
