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
