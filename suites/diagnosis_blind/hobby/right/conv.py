"""Convolution, pooling and upsampling layers, images as (batch, channels, height, width)."""
import numpy as np


class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0, rng=None):
        rng = np.random.default_rng(0) if rng is None else rng
        k = kernel_size
        self.k, self.stride, self.padding = k, stride, padding
        scale = np.sqrt(2.0 / (in_channels * k * k))
        self.params = {
            "W": rng.normal(0.0, scale, (out_channels, in_channels, k, k)),
            "b": np.zeros(out_channels),
        }
        self.grads = {}

    def forward(self, x):
        p, k, s = self.padding, self.k, self.stride
        W, b = self.params["W"], self.params["b"]
        self.x_shape = x.shape
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        h_out = (xp.shape[2] - k) // s + 1
        w_out = (xp.shape[3] - k) // s + 1
        out = np.empty((x.shape[0], W.shape[0], h_out, w_out), dtype=np.result_type(x, W))
        for i in range(h_out):
            for j in range(w_out):
                patch = xp[:, :, i * s:i * s + k, j * s:j * s + k]
                out[:, :, i, j] = np.tensordot(patch, W, axes=([1, 2, 3], [1, 2, 3])) + b
        self.xp = xp
        return out

    def backward(self, dout):
        p, k, s = self.padding, self.k, self.stride
        W = self.params["W"]
        _, _, H, Wd = self.x_shape
        dW = np.zeros_like(W)
        dxp = np.zeros(self.xp.shape, dtype=np.result_type(dout, W))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                rows, cols = slice(i * s, i * s + k), slice(j * s, j * s + k)
                g = dout[:, :, i, j]
                dW += np.tensordot(g, self.xp[:, :, rows, cols], axes=([0], [0]))
                dxp[:, :, rows, cols] += np.tensordot(g, W, axes=([1], [0]))
        self.grads["W"] = dW
        self.grads["b"] = dout.sum(axis=(0, 2, 3))
        return dxp[:, :, p:p + H, p:p + Wd]


class Conv1D:
    """Valid cross-correlation of (batch, channels, length) signals, stride 1."""

    def __init__(self, in_channels, out_channels, kernel_size, rng=None):
        rng = np.random.default_rng(0) if rng is None else rng
        self.W = rng.normal(0.0, 0.3, (out_channels, in_channels, kernel_size))
        self.b = np.zeros(out_channels)

    def forward(self, x):
        self.x = x
        k = self.W.shape[2]
        out = np.zeros((x.shape[0], self.W.shape[0], x.shape[2] - k + 1))
        for n in range(x.shape[0]):
            for f in range(self.W.shape[0]):
                for c in range(x.shape[1]):
                    out[n, f] += np.correlate(x[n, c], self.W[f, c], "valid")
                out[n, f] += self.b[f]
        return out

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2))
        dx = np.zeros(self.x.shape)
        for n in range(dout.shape[0]):
            for f in range(dout.shape[1]):
                for c in range(dx.shape[1]):
                    self.dW[f, c] += np.correlate(self.x[n, c], dout[n, f], "valid")
                    dx[n, c] += np.convolve(dout[n, f], self.W[f, c], "full")
        return dx


class MaxPool2D:
    def __init__(self, pool_size=2, stride=2):
        self.k, self.stride = pool_size, stride

    def forward(self, x):
        k, s = self.k, self.stride
        n, c, h, w = x.shape
        h_out = (h - k) // s + 1
        w_out = (w - k) // s + 1
        out = np.empty((n, c, h_out, w_out), dtype=x.dtype)
        self.argmax = np.empty((n, c, h_out, w_out), dtype=int)
        for i in range(h_out):
            for j in range(w_out):
                window = x[:, :, i * s:i * s + k, j * s:j * s + k].reshape(n, c, -1)
                self.argmax[:, :, i, j] = window.argmax(axis=2)
                out[:, :, i, j] = window.max(axis=2)
        self.x_shape = x.shape
        return out

    def backward(self, dout):
        k, s = self.k, self.stride
        n, c = self.x_shape[:2]
        dx = np.zeros(self.x_shape, dtype=dout.dtype)
        bi, ci = np.ogrid[:n, :c]
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                a = self.argmax[:, :, i, j]
                dx[bi, ci, i * s + a // k, j * s + a % k] += dout[:, :, i, j]
        return dx


class AvgPool2D:
    def __init__(self, pool_size=2, stride=2):
        self.k, self.stride = pool_size, stride

    def forward(self, x):
        k, s = self.k, self.stride
        n, c, h, w = x.shape
        self.x_shape = x.shape
        out = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = x[:, :, i * s:i * s + k, j * s:j * s + k].mean(axis=(2, 3))
        return out

    def backward(self, dout):
        k, s = self.k, self.stride
        dx = np.zeros(self.x_shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                share = dout[:, :, i, j, None, None] / (k * k)
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += share
        return dx


class GlobalMaxPool2D:
    """Equal maxima share the gradient."""

    def forward(self, x):
        self.x = x
        return x.max(axis=(2, 3))

    def backward(self, dout):
        mask = self.x == self.x.max(axis=(2, 3), keepdims=True)
        count = mask.sum(axis=(2, 3), keepdims=True)
        return dout[:, :, None, None] * mask / count


class UpSampling2D:
    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        return x.repeat(self.size, axis=2).repeat(self.size, axis=3)

    def backward(self, dout):
        s = self.size
        n, c, h, w = dout.shape
        return dout.reshape(n, c, h // s, s, w // s, s).sum(axis=(3, 5))
