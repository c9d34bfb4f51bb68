# ruff: noqa: RUF059
"""Image layers, channels last (N, H, W, C) unless said otherwise."""

import numpy as np


class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0):
        self.K = np.random.randn(kernel_size, kernel_size, in_channels, out_channels) * 0.1
        self.b = np.zeros(out_channels)
        self.stride, self.padding = stride, padding

    def forward(self, x):
        p, s = self.padding, self.stride
        self.shape = x.shape
        self.xp = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        k = self.K.shape[0]
        rows = (self.xp.shape[1] - k) // s + 1
        cols = (self.xp.shape[2] - k) // s + 1
        out = np.zeros((x.shape[0], rows, cols, self.K.shape[3]))
        for i in range(rows):
            for j in range(cols):
                patch = self.xp[:, i * s : i * s + k, j * s : j * s + k, :]
                out[:, i, j, :] = np.tensordot(patch, self.K, axes=([1, 2, 3], [0, 1, 2]))
        return out + self.b

    def backward(self, dout):
        p, s = self.padding, self.stride
        k = self.K.shape[0]
        _, rows, cols, _ = dout.shape
        self.dK = np.zeros_like(self.K)
        self.db = dout.sum(axis=(0, 1, 2))
        dxp = np.zeros_like(self.xp)
        for i in range(rows):
            for j in range(cols):
                window = (slice(None), slice(i * s, i * s + k), slice(j * s, j * s + k))
                self.dK += np.tensordot(self.xp[window], dout[:, i, j, :], axes=([0], [0]))
                dxp[window] += np.tensordot(dout[:, i, j, :], self.K, axes=([1], [3]))
        h, w = self.shape[1], self.shape[2]
        return dxp[:, p : p + h, p : p + w, :]


class MaxPool:
    def __init__(self, size=2, stride=1):
        self.size, self.stride = size, stride

    def forward(self, x):
        self.x = x
        k, s = self.size, self.stride
        n, h, w, c = x.shape
        oh, ow = (h - k) // s + 1, (w - k) // s + 1
        out = np.empty((n, oh, ow, c))
        for i in range(oh):
            for j in range(ow):
                out[:, i, j] = x[:, i * s : i * s + k, j * s : j * s + k].max(axis=(1, 2))
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        dx = np.zeros_like(self.x)
        for i in range(dout.shape[1]):
            for j in range(dout.shape[2]):
                win = self.x[:, i * s : i * s + k, j * s : j * s + k]
                top = win.max(axis=(1, 2), keepdims=True)
                share = (win == top) * dout[:, i : i + 1, j : j + 1]
                share = share / (win == top).sum(axis=(1, 2), keepdims=True)
                dx[:, i * s : i * s + k, j * s : j * s + k] += share
        return dx


class AvgPool:
    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        k = self.size
        self.shape = x.shape
        n, h, w, c = x.shape
        x = x[:, : h // k * k, : w // k * k]
        return x.reshape(n, h // k, k, w // k, k, c).mean(axis=(2, 4))

    def backward(self, dout):
        k = self.size
        dx = np.zeros(self.shape)
        up = dout.repeat(k, axis=1).repeat(k, axis=2) / (k * k)
        dx[:, : up.shape[1], : up.shape[2]] = up
        return dx


class GlobalAveragePooling:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(1, 2))

    def backward(self, dout):
        n, h, w, c = self.shape
        spread = np.ones(self.shape) * dout[:, None, None, :]
        return spread / (h * w)


class Conv1D:
    """Input (N, C, T), weight (F, C, K)."""

    def __init__(self, in_channels, out_channels, kernel_size=3):
        self.weight = np.random.randn(out_channels, in_channels, kernel_size)
        self.bias = np.zeros(out_channels)

    def forward(self, x):
        self.x = x
        k = self.weight.shape[2]
        steps = x.shape[2] - k + 1
        out = np.zeros((x.shape[0], self.weight.shape[0], steps))
        for t in range(steps):
            out[:, :, t] = np.einsum("nck,fck->nf", x[:, :, t : t + k], self.weight)
        return out + self.bias[None, :, None]

    def backward(self, dout):
        k = self.weight.shape[2]
        self.dweight = np.zeros_like(self.weight)
        self.dbias = dout.sum(axis=(0, 2))
        dx = np.zeros_like(self.x)
        for t in range(dout.shape[2]):
            self.dweight += np.einsum("nf,nck->fck", dout[:, :, t], self.x[:, :, t : t + k])
            dx[:, :, t : t + k] += np.einsum("nf,fck->nck", dout[:, :, t], self.weight)
        return dx


class Upsample:
    def __init__(self, scale=2):
        self.scale = scale

    def forward(self, x):
        return x.repeat(self.scale, axis=1).repeat(self.scale, axis=2)

    def backward(self, dout):
        k = self.scale
        n, h, w, c = dout.shape
        return dout.reshape(n, h // k, k, w // k, k, c).sum(axis=(2, 4))


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, dout):
        return dout.reshape(self.shape)
