"""Convolutions and pools written with plain loops. Images are (batch, channels, height, width)."""
import numpy as np


class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1):
        if in_channels % groups or out_channels % groups:
            raise ValueError("groups must divide both numbers of channels")
        self.k, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.groups = dilation, groups
        fan_in = in_channels // groups * kernel_size * kernel_size
        self.weights = np.random.randn(out_channels, in_channels // groups, kernel_size, kernel_size)
        self.weights *= np.sqrt(2.0 / fan_in)
        self.biases = np.zeros(out_channels)

    def forward(self, x):
        p, s, d = self.padding, self.stride, self.dilation
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        span = d * (self.k - 1) + 1
        n, c, h, w = xp.shape
        oh, ow = (h - span) // s + 1, (w - span) // s + 1
        ci, co = c // self.groups, len(self.weights) // self.groups
        out = np.zeros((n, len(self.weights), oh, ow), dtype=np.result_type(xp, self.weights))
        for g in range(self.groups):
            kernel = self.weights[g * co:(g + 1) * co]
            image = xp[:, g * ci:(g + 1) * ci]
            for i in range(oh):
                for j in range(ow):
                    patch = image[:, :, i * s:i * s + span:d, j * s:j * s + span:d]
                    out[:, g * co:(g + 1) * co, i, j] = np.tensordot(patch, kernel, axes=([1, 2, 3], [1, 2, 3]))
        self.xp, self.in_hw = xp, x.shape[2:]
        return out + self.biases.reshape(1, -1, 1, 1)

    def backward(self, dout):
        p, s, d = self.padding, self.stride, self.dilation
        span = d * (self.k - 1) + 1
        oh, ow = dout.shape[2:]
        ci, co = self.xp.shape[1] // self.groups, len(self.weights) // self.groups
        dxp = np.zeros(self.xp.shape, dtype=np.result_type(dout, self.weights))
        self.dweights = np.zeros_like(self.weights)
        self.dbiases = dout.sum(axis=(0, 2, 3))
        for g in range(self.groups):
            cin, cout = slice(g * ci, (g + 1) * ci), slice(g * co, (g + 1) * co)
            for i in range(oh):
                for j in range(ow):
                    rows = slice(i * s, i * s + span, d)
                    cols = slice(j * s, j * s + span, d)
                    delta = dout[:, cout, i, j]
                    self.dweights[cout] += np.tensordot(delta, self.xp[:, cin, rows, cols], axes=(0, 0))
                    dxp[:, cin, rows, cols] += np.tensordot(delta, self.weights[cout], axes=(1, 0))
        h, w = self.in_hw
        return dxp[:, :, p:p + h, p:p + w]


class DepthwiseConv2D:
    """One kernel per channel; loops over the taps of the kernel."""

    def __init__(self, channels, kernel_size, stride=1, padding=0):
        self.stride, self.padding = stride, padding
        self.weights = np.random.randn(channels, kernel_size, kernel_size) / kernel_size
        self.biases = np.zeros(channels)

    def forward(self, x):
        p, s, k = self.padding, self.stride, self.weights.shape[1]
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.in_hw = x.shape[2:]
        oh = (self.xp.shape[2] - k) // s + 1
        ow = (self.xp.shape[3] - k) // s + 1
        out = 0.0
        for a in range(k):
            for b in range(k):
                view = self.xp[:, :, a:a + s * oh:s, b:b + s * ow:s][:, :, :oh, :ow]
                out = out + view * self.weights[:, a, b].reshape(1, -1, 1, 1)
        return out + self.biases.reshape(1, -1, 1, 1)

    def backward(self, dout):
        p, s, k = self.padding, self.stride, self.weights.shape[1]
        oh, ow = dout.shape[2:]
        dxp = np.zeros(self.xp.shape, dtype=np.result_type(dout, self.weights))
        self.dweights = np.zeros_like(self.weights)
        for a in range(k):
            for b in range(k):
                hs, ws = slice(a, a + s * (oh - 1) + 1, s), slice(b, b + s * (ow - 1) + 1, s)
                self.dweights[:, a, b] = np.sum(dout * self.xp[:, :, hs, ws], axis=(0, 2, 3))
                dxp[:, :, hs, ws] += dout * self.weights[:, a, b].reshape(1, -1, 1, 1)
        self.dbiases = dout.sum(axis=(0, 2, 3))
        h, w = self.in_hw
        return dxp[:, :, p:p + h, p:p + w]


class MaxPool2D:
    def __init__(self, size=2, stride=None):
        self.size = size
        self.stride = size if stride is None else stride

    def forward(self, x):
        self.x, k, s = x, self.size, self.stride
        n, c, h, w = x.shape
        out = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1), dtype=x.dtype)
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = x[:, :, i * s:i * s + k, j * s:j * s + k].max(axis=(2, 3))
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        n, c, oh, ow = dout.shape
        dx = np.zeros(self.x.shape, dtype=dout.dtype)
        for i in range(oh):
            for j in range(ow):
                window = self.x[:, :, i * s:i * s + k, j * s:j * s + k].reshape(n, c, k * k)
                mask = np.arange(k * k) == window.argmax(axis=2)[:, :, None]
                mask = mask.reshape(n, c, k, k)
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += mask * dout[:, :, i, j][:, :, None, None]
        return dx


class AvgPool2D:
    def __init__(self, size=2, stride=None):
        self.size = size
        self.stride = stride or size

    def forward(self, x):
        self.x_shape, k, s = x.shape, self.size, self.stride
        n, c, h, w = x.shape
        oh, ow = (h - k) // s + 1, (w - k) // s + 1
        out = np.zeros((n, c, oh, ow))
        for i in range(oh):
            for j in range(ow):
                out[:, :, i, j] = np.mean(x[:, :, i * s:i * s + k, j * s:j * s + k], axis=(2, 3))
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        dx = np.zeros(self.x_shape)
        share = dout / (k * k)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += share[:, :, i:i + 1, j:j + 1]
        return dx
