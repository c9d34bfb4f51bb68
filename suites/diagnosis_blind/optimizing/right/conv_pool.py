"""Convolutions, pools and other windows."""
import numpy as np


def im2col(x, kh, kw, stride, pad):
    n, c, h, w = x.shape
    oh, ow = (h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1
    xp = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    col = np.zeros((n, c, kh, kw, oh, ow), dtype=x.dtype)
    for i in range(kh):
        for j in range(kw):
            col[:, :, i, j] = xp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1), oh, ow


def col2im(col, shape, kh, kw, stride, pad):
    n, c, h, w = shape
    oh, ow = (h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1
    col = col.reshape(n, oh, ow, c, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dtype=col.dtype)
    for i in range(kh):
        for j in range(kw):
            img[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride] += col[:, :, i, j]
    return img[:, :, pad:pad + h, pad:pad + w]


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W, self.b, self.stride, self.pad = W, b, stride, pad

    def forward(self, x):
        fn, _, kh, kw = self.W.shape
        self.x_shape = x.shape
        self.col, oh, ow = im2col(x, kh, kw, self.stride, self.pad)
        out = self.col @ self.W.reshape(fn, -1).T + self.b
        return out.reshape(x.shape[0], oh, ow, fn).transpose(0, 3, 1, 2)

    def backward(self, dout):
        fn, _, kh, kw = self.W.shape
        d = dout.transpose(0, 2, 3, 1).reshape(-1, fn)
        self.db = d.sum(axis=0)
        self.dW = (d.T @ self.col).reshape(self.W.shape)
        return col2im(d @ self.W.reshape(fn, -1), self.x_shape, kh, kw, self.stride, self.pad)


class Conv1D:
    """(batch, length, channels_in) -> (batch, length_out, channels_out), no padding"""

    def __init__(self, c_in, c_out, kernel_size, stride=1):
        self.weights = np.random.randn(kernel_size, c_in, c_out) / np.sqrt(kernel_size * c_in)
        self.bias = np.zeros(c_out)
        self.k, self.stride = kernel_size, stride

    def forward(self, x):
        self.x = x
        steps = (x.shape[1] - self.k) // self.stride + 1
        out = np.empty((x.shape[0], steps, self.bias.size))
        for t in range(steps):
            s = t * self.stride
            out[:, t] = np.tensordot(x[:, s:s + self.k], self.weights, axes=([1, 2], [0, 1])) + self.bias
        return out

    def backward(self, dout):
        self.dweights = np.zeros_like(self.weights)
        self.dbias = dout.sum(axis=(0, 1))
        dx = np.zeros(self.x.shape)
        for t in range(dout.shape[1]):
            lo, hi = t * self.stride, t * self.stride + self.k
            self.dweights += np.tensordot(self.x[:, lo:hi], dout[:, t], axes=(0, 0))
            dx[:, lo:hi] += np.tensordot(dout[:, t], self.weights, axes=(1, 2))
        return dx


class MaxPool2D:
    def __init__(self, pool_size=3, stride=2):
        self.pool_size, self.stride = pool_size, stride

    def forward(self, x):
        self.x = x
        n, c, h, w = x.shape
        oh, ow = (h - self.pool_size) // self.stride + 1, (w - self.pool_size) // self.stride + 1
        out = np.empty((n, c, oh, ow), dtype=x.dtype)
        for i in range(oh):
            for j in range(ow):
                out[:, :, i, j] = self._window(x, i, j).max(axis=(2, 3))
        return out

    def _window(self, a, i, j):
        p, s = self.pool_size, self.stride
        return a[:, :, i * s:i * s + p, j * s:j * s + p]

    def backward(self, dout):
        dx = np.zeros(self.x.shape)
        n, c, oh, ow = dout.shape
        ni, ci = np.ogrid[:n, :c]
        for i in range(oh):
            for j in range(ow):
                win = self._window(self.x, i, j).reshape(n, c, -1)
                r, q = np.divmod(win.argmax(axis=2), self.pool_size)
                dx[ni, ci, i * self.stride + r, j * self.stride + q] += dout[:, :, i, j]
        return dx


def avgpool1d_forward(x, size, stride):
    """x (batch, channels, length)"""
    steps = (x.shape[2] - size) // stride + 1
    out = np.stack([x[:, :, t * stride:t * stride + size].mean(axis=2) for t in range(steps)], axis=2)
    return out, (x.shape, size, stride)


def avgpool1d_backward(dout, cache):
    shape, size, stride = cache
    dx = np.zeros(shape)
    for t in range(dout.shape[2]):
        start = t * stride
        dx[:, :, start:start + size] += dout[:, :, t:t + 1] / size
    return dx


class ConvTranspose1D:
    """x (batch, c_in, length) -> (batch, c_out, (length - 1) * stride + k): every input paints a kernel"""

    def __init__(self, c_in, c_out, k, stride=2):
        self.W = np.random.randn(c_in, c_out, k) * 0.3
        self.b = np.zeros(c_out)
        self.k, self.stride = k, stride

    def forward(self, x):
        self.x = x
        n, _, length = x.shape
        y = np.zeros((n, self.b.size, (length - 1) * self.stride + self.k))
        for i in range(length):
            at = i * self.stride
            y[:, :, at:at + self.k] += np.tensordot(x[:, :, i], self.W, axes=(1, 0))
        return y + self.b[:, None]

    def backward(self, dy):
        self.db = dy.sum(axis=(0, 2))
        self.dW = np.zeros_like(self.W)
        dx = np.zeros(self.x.shape)
        for i in range(self.x.shape[2]):
            piece = dy[:, :, i * self.stride:i * self.stride + self.k]
            self.dW += np.tensordot(self.x[:, :, i], piece, axes=(0, 0))
            dx[:, :, i] = np.tensordot(piece, self.W, axes=([1, 2], [1, 2]))
        return dx


class ContextWindow:
    """(length, dim) -> (length, (2 r + 1) * dim): every token beside its r neighbours on each side, zeros outside"""

    def __init__(self, radius=1):
        self.radius = radius

    def forward(self, x):
        r, (length, dim) = self.radius, x.shape
        padded = np.zeros((length + 2 * r, dim), dtype=x.dtype)
        padded[r:r + length] = x
        return np.stack([padded[i:i + 2 * r + 1].ravel() for i in range(length)])

    def backward(self, dout):
        r, length = self.radius, dout.shape[0]
        d = dout.reshape(length, 2 * r + 1, -1)
        dpadded = np.zeros((length + 2 * r, d.shape[2]))
        for i in range(length):
            dpadded[i:i + 2 * r + 1] += d[i]
        return dpadded[r:r + length]


class FrameSignal:
    """(batch, samples) -> (batch, frames, size) with a window function, as for a spectrogram"""

    def __init__(self, size=4, hop=2):
        self.size, self.hop = size, hop
        self.window = np.hanning(size + 2)[1:-1]

    def forward(self, signal):
        self.shape = signal.shape
        frames = 1 + (signal.shape[1] - self.size) // self.hop
        self.index = np.arange(self.size) + self.hop * np.arange(frames)[:, None]
        return signal[:, self.index] * self.window

    def backward(self, grad):
        dsignal = np.zeros(self.shape)
        np.add.at(dsignal, (slice(None), self.index), grad * self.window)
        return dsignal
