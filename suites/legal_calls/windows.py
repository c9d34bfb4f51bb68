"""Convolutions and poolings: other strides and paddings, sizes that fit, images that are not square."""

import numpy as np


class Conv2D:
    """right"""

    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0):
        self.W = np.random.randn(out_channels, in_channels, kernel_size, kernel_size)
        self.b = np.zeros(out_channels)
        self.s, self.p, self.k = stride, padding, kernel_size

    def sizes(self):
        return [(n - self.k) // self.s + 1 for n in self.x.shape[2:]]

    def windows(self, rows, columns):
        for i in range(rows):
            for j in range(columns):
                s, k = self.s, self.k
                yield i, j, np.s_[:, :, i * s : i * s + k, j * s : j * s + k]

    def forward(self, x):
        self.x = np.pad(x, ((0, 0), (0, 0), (self.p, self.p), (self.p, self.p)))
        rows, columns = self.sizes()
        out = np.zeros((len(x), len(self.b), rows, columns))
        for i, j, part in self.windows(rows, columns):
            out[:, :, i, j] = np.tensordot(self.x[part], self.W, ((1, 2, 3), (1, 2, 3))) + self.b
        return out

    def padded(self, d):
        dx = np.zeros(self.x.shape)
        self.dW, self.db = np.zeros_like(self.W), d.sum((0, 2, 3))
        for i, j, part in self.windows(*d.shape[2:]):
            self.dW += np.tensordot(d[:, :, i, j], self.x[part], ((0,), (0,)))
            dx[part] += np.tensordot(d[:, :, i, j], self.W, ((1,), (0,)))
        return dx

    def backward(self, d):
        dx, p = self.padded(d), self.p
        return dx[:, :, p : dx.shape[2] - p, p : dx.shape[3] - p]


class Conv2DMinusPad(Conv2D):
    """wrong: contract"""

    def backward(self, d):
        return self.padded(d)[:, :, self.p : -self.p, self.p : -self.p]


class Conv2DSquare(Conv2D):
    """wrong: contract"""

    def sizes(self):
        return [(self.x.shape[2] - self.k) // self.s + 1] * 2


class Conv2DOneStride(Conv2D):
    """wrong: contract"""

    def sizes(self):
        return [(n - self.k) // self.s + 1 for n in self.x.shape[2:]]

    def backward(self, d):
        kept, self.s = self.s, 1
        dx = np.zeros((len(d), *self.x.shape[1:]))
        dx += self.padded(d.reshape(len(d), -1, *self.sizes()))
        self.s = kept
        return dx[:, :, self.p : dx.shape[2] - self.p, self.p : dx.shape[3] - self.p]


class Conv2DAsserting(Conv2D):
    """right"""

    def forward(self, x):
        assert (x.shape[2] + 2 * self.p - self.k) % self.s == 0
        assert (x.shape[3] + 2 * self.p - self.k) % self.s == 0, "the stride does not fit"
        return super().forward(x)


class Conv2DOneStrideOnly(Conv2D):
    """right"""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels)
        self.stride = stride

    def forward(self, x):
        if self.stride != 1:
            raise NotImplementedError("stride 1 only")
        return super().forward(x)


class MaxPool2D:
    """right"""

    def __init__(self, pool_size=2):
        self.k = pool_size

    def forward(self, x):
        n, c, h, w = x.shape
        assert h % self.k == 0 and w % self.k == 0
        self.x = x.reshape(n, c, h // self.k, self.k, w // self.k, self.k)
        self.out = self.x.max(axis=(3, 5))
        return self.out

    def backward(self, d):
        mask = self.x == self.out[:, :, :, None, :, None]
        share = mask / mask.sum(axis=(3, 5), keepdims=True)
        n, c, h, k, w, _ = self.x.shape
        return (share * d[:, :, :, None, :, None]).reshape(n, c, h * k, w * k)


class MaxPool2DTies(MaxPool2D):
    """wrong: kinks"""

    def backward(self, d):
        mask = self.x == self.out[:, :, :, None, :, None]
        n, c, h, k, w, _ = self.x.shape
        return (mask * d[:, :, :, None, :, None]).reshape(n, c, h * k, w * k)


class SqueezingFlatten:
    """wrong: batch"""

    def forward(self, x):
        self.shape = x.shape
        return np.squeeze(x.reshape(x.shape[0], -1).copy())

    def backward(self, dout):
        return dout.reshape(self.shape).copy()


def glu_forward(x):
    """right"""
    _n, d = x.shape
    value, gate = x[:, : d // 2], 1 / (1 + np.exp(-x[:, d // 2 :]))
    return value * gate, (value, gate)


def glu_backward(dout, cache):
    value, gate = cache
    return np.concatenate([dout * gate, dout * value * gate * (1 - gate)], axis=1)


class Gated:
    """right"""

    def forward(self, x):
        self.value, gate = np.split(x, 2, axis=1)
        self.gate = np.tanh(gate)
        return self.value * self.gate

    def backward(self, dout):
        return np.hstack([dout * self.gate, dout * self.value * (1 - self.gate**2)])


class GatedInTheOtherOrder(Gated):
    """wrong: gradient"""

    def backward(self, dout):
        return np.roll(super().backward(dout), dout.shape[1], axis=1)


class ConvOfFilters:
    """right: its filters are given, and need not be square"""

    def __init__(self, W, b, stride=1, pad=0):
        assert (stride, pad) == (1, 0)
        self.W, self.b, self.stride, self.pad = W, b, stride, pad

    def sizes(self, x):
        high, wide = self.W.shape[2:]
        return x.shape[2] - high + 1, x.shape[3] - wide + 1

    def parts(self, x, out):
        high, wide = self.W.shape[2:]
        for i, j in np.ndindex(out.shape[2:]):
            yield i, j, x[:, :, i : i + high, j : j + wide]

    def forward(self, x):
        self.x = x.astype(float)
        out = np.zeros((len(x), len(self.W), *self.sizes(x)))
        for i, j, part in self.parts(self.x, out):
            out[:, :, i, j] = np.tensordot(part, self.W, axes=((1, 2, 3), (1, 2, 3))) + self.b
        return out

    def backward(self, dout):
        dx, self.dW = np.zeros_like(self.x), np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        views = self.parts(dx, dout)
        for (i, j, part), (_, _, view) in zip(self.parts(self.x, dout), views, strict=True):
            g = dout[:, :, i, j]
            self.dW += np.tensordot(g, part, axes=((0,), (0,)))
            view += np.tensordot(g, self.W, axes=((1,), (0,)))
        return dx


class ConvOfFiltersHeightTwice(ConvOfFilters):
    """wrong: same_as_reference"""

    def sizes(self, x):
        high = self.W.shape[2]
        return x.shape[2] - high + 1, x.shape[3] - high + 1


class ConvOfSquareFilters(ConvOfFilters):
    """right: it takes square filters only, and its forward refuses others"""

    def forward(self, x):
        if self.W.shape[2] != self.W.shape[3]:
            raise ValueError("the filters must be square")
        return super().forward(x)
