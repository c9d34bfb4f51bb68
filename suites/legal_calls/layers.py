"""Layers whose options, statistics or shares are kept or not."""

import numpy as np


class BatchNormForgetful:
    """wrong: train_eval"""

    def __init__(self, n_in, momentum=0.9, eps=1e-5):
        self.gamma, self.beta = np.ones(n_in), np.zeros(n_in)
        self.running_mean, self.running_var = np.zeros(n_in), np.ones(n_in)
        self.momentum, self.eps = momentum, eps

    def learn(self, mean, var):
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean

    def forward(self, x, training=True):
        self.training = training
        mean, var = (x.mean(0), x.var(0)) if training else (self.running_mean, self.running_var)
        if training:
            self.learn(mean, var)
        self.std = np.sqrt(var + self.eps)
        self.xh = (x - mean) / self.std
        return self.gamma * self.xh + self.beta

    def backward(self, d):
        self.dgamma, self.dbeta = (d * self.xh).sum(0), d.sum(0)
        g = d * self.gamma
        if self.training:
            g = g - g.mean(0) - self.xh * (g * self.xh).mean(0)
        return g / self.std


class BatchNormLearning(BatchNormForgetful):
    """right"""

    def learn(self, mean, var):
        super().learn(mean, var)
        self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var


class BN1d(BatchNormForgetful):
    """wrong: train_eval"""


class DropoutInverted:
    """wrong: roles"""

    def __init__(self, drop_rate=0.2):
        self.drop_rate = drop_rate

    def forward(self, x, training=True):
        self.mask = np.ones(x.shape)
        if training:
            self.mask = (np.random.rand(*x.shape) < self.drop_rate) / self.drop_rate
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class DropoutKeeping:
    """right"""

    def __init__(self, keep_prob=0.8):
        self.keep_prob = keep_prob

    def forward(self, x, training=True):
        self.mask = np.ones(x.shape)
        if training:
            self.mask = (np.random.rand(*x.shape) < self.keep_prob) / self.keep_prob
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class LeakyReLUFixed:
    """wrong: gradient"""

    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.negative_slope * x)

    def backward(self, dout):
        return np.where(self.x > 0, dout, 0.01 * dout)


class LeakyReLUDeaf:
    """wrong: same_as_reference"""

    def __init__(self, alpha=0.1):
        self.alpha = 0.1

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        return np.where(self.x > 0, dout, self.alpha * dout)


class LeakyReLUInverse:
    """right"""

    def __init__(self, leakiness=5.5):
        self.slope = 1.0 / leakiness

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.slope * x)

    def backward(self, dout):
        return np.where(self.x > 0, dout, self.slope * dout)


class Unit:
    """wrong: extremes"""

    def forward(self, x):
        self.norm = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
        self.y = x / self.norm
        return self.y.copy()

    def backward(self, dout):
        inner = np.sum(dout * self.y, axis=1, keepdims=True)
        return (dout - self.y * inner) / self.norm


class Reciprocal:
    """right"""

    def forward(self, x):
        self.y = 1.0 / x
        return self.y.copy()

    def backward(self, dout):
        return -dout * self.y * self.y


class SigmoidByOutput:
    """wrong: gradient"""

    def fn(self, z):
        return 0.5 * (1 + np.tanh(0.5 * z))

    def derivative(self, z):
        return z * (1 - z)


class TanhByInput:
    """right"""

    def fn(self, z):
        return np.tanh(z)

    def derivative(self, z):
        return 1 - np.tanh(z) ** 2


class BatchNormTrainingOnly(BatchNormLearning):
    """right"""

    def backward(self, d):
        self.dgamma, self.dbeta = (d * self.xh).sum(0), d.sum(0)
        g = d * self.gamma
        return (g - g.mean(0) - self.xh * (g * self.xh).mean(0)) / self.std


class BatchNormWrongEvaluation(BatchNormLearning):
    """wrong: train_eval"""

    def backward(self, d):
        self.dgamma, self.dbeta = (d * self.xh).sum(0), d.sum(0)
        g = d * self.gamma
        if not self.training:
            return g * self.std
        return (g - g.mean(0) - self.xh * (g * self.xh).mean(0)) / self.std


class ChannelPReLU:
    """right"""

    def __init__(self, channels):
        self.alpha = np.full((1, channels, 1, 1), 0.25)

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        self.dalpha = np.where(self.x > 0, 0, self.x * dout).sum(axis=(0, 2, 3), keepdims=True)
        return dout * np.where(self.x > 0, 1.0, self.alpha)


class LastAxisScale:
    """wrong: gradient"""

    def __init__(self, dim):
        self.scale = np.ones((1, 1, dim))

    def forward(self, x):
        self.x = x
        return x * self.scale

    def backward(self, dout):
        self.dscale = (dout * self.x).mean(axis=(0, 1), keepdims=True)
        return dout * self.scale


class FreshMaskDropout:
    """right"""

    def __init__(self, drop_rate=0.4):
        self.drop_rate = drop_rate
        self.mask = None

    def redraw(self, x):
        return True

    def forward(self, x, training=True):
        self.training = training
        if not training:
            return x * (1.0 - self.drop_rate)
        if self.redraw(x):
            self.mask = np.random.rand(*x.shape) > self.drop_rate
        return x * self.mask

    def backward(self, d):
        return d * (self.mask if self.training else 1.0 - self.drop_rate)


class FirstMaskDropout(FreshMaskDropout):
    """wrong: train_eval"""

    def redraw(self, x):
        return self.mask is None or self.mask.shape != x.shape


class ExternalMaskDropout:
    """right"""

    def __init__(self, drop_rate=0.4, seed=3):
        self.drop_rate = drop_rate
        self.generator = np.random.default_rng(seed)

    def forward(self, x, training=True):
        share = 1.0 - self.drop_rate
        kept = self.generator.random(x.shape) < share if training else np.ones(x.shape) * share
        self.factor = kept / share
        return x * self.factor

    def backward(self, d):
        return d * self.factor


class BentLeakyReLU:
    """right"""

    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def bent(self, x):
        return x < 0

    def forward(self, x):
        self.factor = np.where(self.bent(x), self.alpha, 1.0)
        return x * self.factor

    def backward(self, d):
        return d * self.factor


class WrongSideLeakyReLU(BentLeakyReLU):
    """wrong: same_as_reference"""

    def bent(self, x):
        return x > 0


class FirstMaskReLU:
    """wrong: interleaved"""

    def forward(self, x):
        if not hasattr(self, "off") or self.off.shape != x.shape:
            self.off = x <= 0
        return np.where(self.off, 0.0, x)

    def backward(self, d):
        return np.where(self.off, 0.0, d)


class SlopeForEachColumn:
    """right: two columns laid out as (n, 2, 1) would broadcast against its slopes"""

    def __init__(self, channels):
        self.slope = np.full(channels, 0.25)

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.slope * x)

    def backward(self, grad):
        self.dslope = np.sum(grad * np.minimum(self.x, 0), axis=0)
        return np.where(self.x > 0, grad, grad * self.slope)


class SlopeForEachColumnUnmasked(SlopeForEachColumn):
    """wrong: gradient"""

    def backward(self, grad):
        self.dslope = np.sum(grad * self.x, axis=0)
        return np.where(self.x > 0, grad, grad * self.slope)
