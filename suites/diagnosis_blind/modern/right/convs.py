"""Convolution and pooling. Arrays are (N, C, L) or (N, C, H, W); forward(x) returns, backward(dout) returns dx."""
import numpy as np


def out_size(size, kernel, stride, pad):
    return (size + 2 * pad - kernel) // stride + 1


class Conv1d:
    """Cross-correlation; W (out, in, kernel), b (out,)."""

    def __init__(self, c_in, c_out, kernel, stride=1, padding=0):
        rng = np.random.default_rng(0)
        self.W = rng.standard_normal((c_out, c_in, kernel)) / np.sqrt(c_in * kernel)
        self.b = np.zeros(c_out)
        self.stride, self.padding = stride, padding
        self.dW = self.db = None

    def forward(self, x):
        k, s, p = self.W.shape[2], self.stride, self.padding
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p)))
        length = out_size(x.shape[2], k, s, p)
        out = np.zeros((x.shape[0], self.W.shape[0], length))
        for i in range(length):
            window = self.xp[:, :, i * s:i * s + k]
            out[:, :, i] = np.einsum("nck,ock->no", window, self.W)
        return out + self.b[:, None]

    def backward(self, dout):
        k, s, p = self.W.shape[2], self.stride, self.padding
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2))
        dxp = np.zeros(self.xp.shape)
        for i in range(dout.shape[2]):
            start = i * s
            self.dW += np.einsum("no,nck->ock", dout[:, :, i], self.xp[:, :, start:start + k])
            dxp[:, :, start:start + k] += np.einsum("no,ock->nck", dout[:, :, i], self.W)
        return dxp[:, :, p:dxp.shape[2] - p]


class DepthwiseConv2d:
    """One (kh, kw) filter per channel; W (C, kh, kw), b (C,)."""

    def __init__(self, channels, kernel=(3, 3), stride=1, pad=1):
        rng = np.random.default_rng(0)
        self.W = rng.standard_normal((channels,) + tuple(kernel)) * 0.3
        self.b = np.zeros(channels)
        self.stride, self.pad = stride, pad
        self.grads = {}

    def forward(self, x):
        _, kh, kw = self.W.shape
        s, p = self.stride, self.pad
        n, c, h, w = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh, ow = out_size(h, kh, s, p), out_size(w, kw, s, p)
        out = np.zeros((n, c, oh, ow))
        for i in range(kh):
            for j in range(kw):
                patch = self.xp[:, :, i:i + s * oh:s, j:j + s * ow:s]
                out += patch * self.W[:, i, j, None, None]
        return out + self.b[:, None, None]

    def backward(self, dout):
        _, kh, kw = self.W.shape
        s, p = self.stride, self.pad
        oh, ow = dout.shape[2:]
        dW = np.zeros_like(self.W)
        dxp = np.zeros(self.xp.shape)
        for i in range(kh):
            for j in range(kw):
                rows, cols = slice(i, i + s * oh, s), slice(j, j + s * ow, s)
                dW[:, i, j] = np.sum(dout * self.xp[:, :, rows, cols], axis=(0, 2, 3))
                dxp[:, :, rows, cols] += dout * self.W[:, i, j, None, None]
        self.grads["W"] = dW
        self.grads["b"] = dout.sum(axis=(0, 2, 3))
        h, w = dxp.shape[2] - 2 * p, dxp.shape[3] - 2 * p
        return dxp[:, :, p:p + h, p:p + w]


class MaxPool2d:
    """Square windows; the first of equal maxima gets the gradient."""

    def __init__(self, size=2, stride=None):
        self.size = size
        self.stride = size if stride is None else stride

    def forward(self, x):
        k, s = self.size, self.stride
        n, c, h, w = x.shape
        oh, ow = out_size(h, k, s, 0), out_size(w, k, s, 0)
        self.in_shape = x.shape
        self.argmax = np.zeros((n, c, oh, ow), dtype=np.intp)
        out = np.zeros((n, c, oh, ow), dtype=x.dtype)
        for i in range(oh):
            for j in range(ow):
                window = x[:, :, i * s:i * s + k, j * s:j * s + k].reshape(n, c, k * k)
                self.argmax[:, :, i, j] = window.argmax(axis=2)
                out[:, :, i, j] = window.max(axis=2)
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        n, c, oh, ow = dout.shape
        dx = np.zeros(self.in_shape)
        batch, chan = np.ogrid[:n, :c]
        for i in range(oh):
            for j in range(ow):
                row, col = np.divmod(self.argmax[:, :, i, j], k)
                dx[batch, chan, i * s + row, j * s + col] += dout[:, :, i, j]
        return dx


class MaxPool1d:
    """Non-overlapping windows over (N, C, L); a remainder at the end is left out."""

    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        n, c, length = x.shape
        k = self.size
        self.length, self.used = length, length // k * k
        self.blocks = x[:, :, :self.used].reshape(n, c, length // k, k)
        return self.blocks.max(axis=3)

    def backward(self, dout):
        k = self.size
        winner = self.blocks.argmax(axis=3)
        mask = np.arange(k) == winner[..., None]
        dx = np.zeros(dout.shape[:2] + (self.length,))
        dx[:, :, :self.used] = (mask * dout[..., None]).reshape(dout.shape[:2] + (self.used,))
        return dx


class AvgPool1d:
    def __init__(self, size=2, stride=1):
        self.size, self.stride = size, stride

    def forward(self, x):
        self.x_shape = x.shape
        k, s = self.size, self.stride
        length = out_size(x.shape[2], k, s, 0)
        out = np.empty(x.shape[:2] + (length,))
        for i in range(length):
            out[:, :, i] = x[:, :, i * s:i * s + k].mean(axis=2)
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        dx = np.zeros(self.x_shape)
        for i in range(dout.shape[2]):
            dx[:, :, i * s:i * s + k] += dout[:, :, i:i + 1] / k
        return dx


class GlobalAvgPool2d:
    """(N, C, H, W) -> (N, C)"""

    def forward(self, x):
        self.x_shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        _, _, h, w = self.x_shape
        return np.broadcast_to(dout[:, :, None, None] / (h * w), self.x_shape).copy()
