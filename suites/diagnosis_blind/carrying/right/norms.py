"""Normalisations: functions returning (out, cache), and layers."""
import numpy as np


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    xc = x - mu
    inv_std = 1.0 / np.sqrt((xc ** 2).mean(axis=0) + eps)
    xhat = xc * inv_std
    return gamma * xhat + beta, (xc, xhat, inv_std, np.array(gamma))


def batchnorm_backward(dout, cache):
    xc, xhat, inv_std, gamma = cache
    n = dout.shape[0]
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    dvar = -0.5 * np.sum(dxhat * xc, axis=0) * inv_std ** 3
    dxc = dxhat * inv_std + 2.0 / n * xc * dvar
    dmu = -np.sum(dxc, axis=0)
    return dxc + dmu / n, dgamma, dbeta


def layernorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=1, keepdims=True)
    inv_std = 1.0 / np.sqrt(x.var(axis=1, keepdims=True) + eps)
    xhat = (x - mu) * inv_std
    return gamma * xhat + beta, (xhat, inv_std, np.array(gamma))


def layernorm_backward(dout, cache):
    xhat, inv_std, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    g = dout * gamma
    proj = np.mean(g * xhat, axis=1, keepdims=True)
    dx = inv_std * (g - g.mean(axis=1, keepdims=True) - xhat * proj)
    return dx, dgamma, dbeta


class GroupNorm:
    """Images (N, C, H, W); the channels are split into groups."""

    def __init__(self, num_channels, num_groups=2, eps=1e-5):
        if num_channels % num_groups:
            raise ValueError("num_channels must be a multiple of num_groups")
        self.groups, self.eps = num_groups, eps
        self.gamma = np.ones(num_channels)
        self.beta = np.zeros(num_channels)

    def forward(self, x):
        n, c, h, w = x.shape
        g = x.reshape(n, self.groups, -1)
        mean = g.mean(axis=2, keepdims=True)
        self.istd = 1.0 / np.sqrt(g.var(axis=2, keepdims=True) + self.eps)
        self.xhat = (g - mean) * self.istd
        return self.gamma[:, None, None] * self.xhat.reshape(x.shape) + self.beta[:, None, None]

    def backward(self, dout):
        self.dgamma = np.sum(dout * self.xhat.reshape(dout.shape), axis=(0, 2, 3))
        self.dbeta = dout.sum(axis=(0, 2, 3))
        dxhat = (dout * self.gamma[:, None, None]).reshape(self.xhat.shape)
        centred = dxhat - dxhat.mean(axis=2, keepdims=True)
        spread = self.xhat * np.mean(dxhat * self.xhat, axis=2, keepdims=True)
        dx = self.istd * (centred - spread)
        return dx.reshape(dout.shape)


class RMSNorm:
    def __init__(self, dim, eps=1e-6):
        self.gain = np.ones(dim)
        self.eps = eps

    def forward(self, x):
        self.x = x.copy()
        self.rms = np.sqrt(np.mean(x ** 2, axis=-1, keepdims=True) + self.eps)
        self.normed = x / self.rms
        return self.gain * self.normed

    def backward(self, dout):
        dim = dout.shape[-1]
        self.dgain = np.sum((dout * self.normed).reshape(-1, dim), axis=0)
        g = dout * self.gain
        dx = g / self.rms
        dx -= self.x * np.sum(g * self.x, axis=-1, keepdims=True) / (dim * self.rms ** 3)
        return dx


class L1Normalize:
    """Each row divided by the sum of its magnitudes."""

    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, x):
        self.sign = np.sign(x)
        self.total = np.sum(np.abs(x), axis=1, keepdims=True) + self.eps
        self.out = x / self.total
        return self.out.copy()

    def backward(self, dout):
        inner = np.sum(dout * self.out, axis=1, keepdims=True)
        return (dout - self.sign * inner) / self.total


class WeightNormDense:
    """y = x W + b with W = g * V / |V|, the norm taken for every column."""

    def __init__(self, n_in, n_out):
        self.V = np.random.randn(n_in, n_out)
        self.g = np.ones(n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x.copy()
        self.norm = np.sqrt(np.sum(self.V ** 2, axis=0) + 1e-12)
        self.U = self.V / self.norm
        return x @ (self.g * self.U) + self.b

    def backward(self, dout):
        dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        self.dg = np.sum(dW * self.U, axis=0)
        tangent = dW - self.U * self.dg
        self.dV = self.g / self.norm * tangent
        return dout @ (self.g * self.U).T


class LocalResponseNorm:
    """x / (k + alpha * sum of x^2 over `size` neighbouring channels) ** beta, images (N, C, H, W), size odd."""

    def __init__(self, size=3, alpha=0.1, beta=0.75, k=1.0):
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def _window(self, a):
        half = self.size // 2
        padded = np.pad(a, ((0, 0), (half, half), (0, 0), (0, 0)))
        return sum(padded[:, i:i + a.shape[1]] for i in range(self.size))

    def forward(self, x):
        self.x = x.copy()
        self.scale = self.k + self.alpha * self._window(x ** 2)
        return x * self.scale ** -self.beta

    def backward(self, dout):
        direct = dout * self.scale ** -self.beta
        ratio = dout * self.x * self.scale ** (-self.beta - 1)
        return direct - 2 * self.alpha * self.beta * self.x * self._window(ratio)
