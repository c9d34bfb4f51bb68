"""Code that is right although something about it is unusual, beside code that is wrong in the same place."""

import numpy as np


class TemperatureSoftmax:
    """right"""

    def __init__(self, temperature=2.5):
        self.t = temperature

    def forward(self, x):
        z = x / self.t
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        self.y = e / e.sum(axis=-1, keepdims=True)
        return self.y

    def backward(self, dout):
        return (dout - (dout * self.y).sum(axis=-1, keepdims=True)) * self.y / self.t


class SteepSigmoid:
    """right"""

    def __init__(self, steepness=3):
        self.k = steepness

    def forward(self, x):
        self.y = 1 / (1 + np.exp(-self.k * x))
        return self.y

    def backward(self, dout):
        return dout * self.k * self.y * (1 - self.y)


class BadTemperatureSoftmax(TemperatureSoftmax):
    """wrong: gradient"""

    def backward(self, dout):
        return (dout - (dout * self.y).sum(axis=-1, keepdims=True)) * self.y


class OverwritingReLU:
    """right"""

    def __init__(self, inplace=False):
        self.inplace = inplace

    def forward(self, x):
        out = x if self.inplace else x.copy()
        np.maximum(out, 0, out=out)
        self.mask = out > 0
        return out

    def backward(self, dout):
        return dout * self.mask


class SpoilingReLU:
    """wrong: inputs_unchanged"""

    def forward(self, x):
        x[x < 0] = 0
        self.mask = x > 0
        return x

    def backward(self, dout):
        return dout * self.mask


class WeightNormDense:
    """right"""

    def __init__(self, n_in, n_out):
        rng = np.random.default_rng(1)
        self.v = rng.normal(size=(n_in, n_out))
        self.g = np.ones(n_out)
        self.b = np.zeros(n_out)

    @property
    def W(self):
        return self.g * self.v / np.linalg.norm(self.v, axis=0)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        dW = self.x.T @ dout
        n = np.linalg.norm(self.v, axis=0)
        self.dg = (dW * self.v).sum(axis=0) / n
        self.dv = self.g / n * (dW - self.v * (dW * self.v).sum(axis=0) / n**2)
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class WrongWeightNormDense(WeightNormDense):
    """wrong: gradient"""

    def backward(self, dout):
        returned = super().backward(dout)
        self.dv = self.g * (self.x.T @ dout) / np.linalg.norm(self.v, axis=0)
        return returned


class Sorted:
    """right"""

    def forward(self, x):
        self.order = np.argsort(x, axis=1)
        return np.take_along_axis(x, self.order, axis=1)

    def backward(self, dout):
        dx = np.empty_like(dout)
        np.put_along_axis(dx, self.order, dout, axis=1)
        return dx


class LargestOfFour:
    """wrong: kinks"""

    def forward(self, x):
        self.x, self.m = x, x.max(axis=1, keepdims=True)
        return self.m

    def backward(self, dout):
        return dout * (self.x == self.m)


class PaddedEmbedding:
    """right"""

    def __init__(self, vocab, dim, padding_idx=0):
        self.W = np.random.default_rng(0).normal(size=(vocab, dim))
        self.W[padding_idx] = 0
        self.padding_idx = padding_idx

    def forward(self, ids):
        self.ids = ids
        return self.W[ids]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.ids, dout)
        self.dW[self.padding_idx] = 0


class ForgetfulPaddedEmbedding(PaddedEmbedding):
    """wrong: gradient"""

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        self.dW[self.ids] = dout
        self.dW[self.padding_idx] = 0


class MaskedMeanPool:
    """right"""

    def forward(self, x, mask):
        self.mask = mask
        self.n = np.maximum(mask.sum(axis=1, keepdims=True), 1)
        return (x * mask[:, :, None]).sum(axis=1) / self.n

    def backward(self, dout):
        return dout[:, None, :] * self.mask[:, :, None] / self.n[:, :, None]


class WrongMaskedMeanPool(MaskedMeanPool):
    """wrong: gradient"""

    def backward(self, dout):
        return np.repeat(dout[:, None, :], self.mask.shape[1], axis=1) / self.n[:, :, None]


class MaskedAttention:
    """right"""

    def forward(self, q, k, v, mask):
        self.q, self.k, self.v = q, k, v
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        scores = np.where(mask, scores, -1e9)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        self.a = e / e.sum(axis=-1, keepdims=True)
        return self.a @ v

    def backward(self, dout):
        dv = self.a.swapaxes(-1, -2) @ dout
        da = dout @ self.v.swapaxes(-1, -2)
        ds = self.a * (da - (da * self.a).sum(axis=-1, keepdims=True)) / np.sqrt(self.q.shape[-1])
        return ds @ self.k, ds.swapaxes(-1, -2) @ self.q, dv


class Gated:
    """wrong: gradient"""

    def forward(self, x, mask):
        self.x, self.mask = x, mask
        return x * mask

    def backward(self, dout):
        dmask = dout * self.mask
        return dout * self.mask, dmask


class CancellingCosine:
    """right"""

    def forward(self, x):
        self.x = x
        return 1e6 * (1 - np.cos(1e-3 * x))

    def backward(self, dout):
        return dout * 1e3 * np.sin(1e-3 * self.x)


class NarrowCube:
    """wrong: dtype"""

    def forward(self, x):
        self.x = x
        return x**3

    def backward(self, dout):
        power = 2 if self.x.dtype == np.float32 else 3
        return dout * power * self.x**2


class EightAtATime:
    """wrong: batch"""

    def __init__(self, n_in, n_out):
        self.W = np.random.default_rng(0).normal(size=(n_in, n_out))
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x[:8].T @ dout[:8]
        self.db = dout.sum(0)
        return dout @ self.W.T


class TenClasses:
    """wrong: batch"""

    def forward(self, logits, labels):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.p, self.labels = e / e.sum(axis=1, keepdims=True), labels
        return -np.log(self.p[np.arange(len(labels)), labels]).mean()

    def backward(self):
        d = self.p.copy()
        d[:, 10:] = 0
        d[np.arange(len(d)), self.labels] -= 1
        return d / len(d)


class AMSGrad:
    """right"""

    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.b1, self.b2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.vmax, self.t = {}, {}, {}, 0

    def second(self, k):
        self.vmax[k] = np.maximum(self.vmax.get(k, 0), self.v[k])
        return self.vmax[k]

    def update(self, params, grads):
        self.t += 1
        for k in params:
            self.m[k] = self.b1 * self.m.get(k, 0) + (1 - self.b1) * grads[k]
            self.v[k] = self.b2 * self.v.get(k, 0) + (1 - self.b2) * grads[k] ** 2
            m = self.m[k] / (1 - self.b1**self.t)
            v = self.second(k) / (1 - self.b2**self.t)
            params[k] -= self.lr * m / (np.sqrt(v) + self.eps)


class AMSGradWithoutMaximum(AMSGrad):
    """wrong: optimizer_steps"""

    def second(self, k):
        return self.v[k]


class PlainAMSGrad(AMSGrad):
    """right: as in the paper, without bias correction"""

    def update(self, params, grads):
        for k in params:
            self.m[k] = self.b1 * self.m.get(k, 0) + (1 - self.b1) * grads[k]
            self.v[k] = self.b2 * self.v.get(k, 0) + (1 - self.b2) * grads[k] ** 2
            params[k] -= self.lr * self.m[k] / (np.sqrt(self.second(k)) + self.eps)


class PlainAMSGradWithoutMaximum(PlainAMSGrad):
    """wrong: optimizer_steps"""

    def second(self, k):
        return self.v[k]


def masked_scale_forward(x, mask):
    """right"""
    return x * mask, mask


def masked_scale_backward(dout, cache):
    return dout * cache


class PixelShuffle:
    """right"""

    def __init__(self, r=2):
        self.r = r

    def forward(self, x):
        n, c, h, w = x.shape
        r = self.r
        parts = x.reshape(n, c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3)
        return parts.reshape(n, c // r**2, h * r, w * r)

    def backward(self, dout):
        n, c, h, w = dout.shape
        r = self.r
        parts = dout.reshape(n, c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4)
        return parts.reshape(n, c * r**2, h // r, w // r)


class ChannelScale:
    """right"""

    def __init__(self, c):
        self.s = np.ones(c)

    def forward(self, x):
        n, c, h, w = x.shape
        self.x = x.reshape(n, c, h * w)
        return x * self.s[:, None, None]

    def backward(self, dout):
        self.ds = (dout.reshape(self.x.shape) * self.x).sum(axis=(0, 2))
        return dout * self.s[:, None, None]
