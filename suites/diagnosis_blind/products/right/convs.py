"""Convolutional building blocks on (N, C, H, W): forward(x) returns, backward(dout) returns dx."""
import numpy as np


class Conv2D:
    """Cross-correlation with stride, zero padding and dilation; W has shape (F, C, kh, kw)."""

    def __init__(self, W, b, stride=1, pad=0, dilation=1):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad
        self.dilation = dilation
        self.dW = None
        self.db = None

    def forward(self, x):
        n, c, h, w = x.shape
        f, _, kh, kw = self.W.shape
        s, p, d = self.stride, self.pad, self.dilation
        oh = (h + 2 * p - d * (kh - 1) - 1) // s + 1
        ow = (w + 2 * p - d * (kw - 1) - 1) // s + 1
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        out = np.zeros((n, f, oh, ow), dtype=np.result_type(x, self.W))
        for i in range(kh):
            for j in range(kw):
                part = xp[:, :, i * d:i * d + s * oh:s, j * d:j * d + s * ow:s]
                out += np.einsum("nchw,fc->nfhw", part, self.W[:, :, i, j])
        self.x_shape = x.shape
        self.xp = xp
        return out + self.b[None, :, None, None]

    def backward(self, dout):
        n, c, h, w = self.x_shape
        f, _, kh, kw = self.W.shape
        s, p, d = self.stride, self.pad, self.dilation
        oh, ow = dout.shape[2:]
        self.db = dout.sum(axis=(0, 2, 3))
        self.dW = np.zeros_like(self.W)
        dxp = np.zeros(self.xp.shape, dtype=dout.dtype)
        for i in range(kh):
            for j in range(kw):
                rows = slice(i * d, i * d + s * oh, s)
                cols = slice(j * d, j * d + s * ow, s)
                self.dW[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, self.xp[:, :, rows, cols])
                dxp[:, :, rows, cols] += np.einsum("nfhw,fc->nchw", dout, self.W[:, :, i, j])
        return dxp[:, :, p:p + h, p:p + w]


class ConvTranspose2D:
    """Transposed convolution; W has shape (C, F, kh, kw), output size (h - 1) s + k - 2 pad."""

    def __init__(self, W, b, stride=2, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        self.x = x
        n, c, h, w = x.shape
        _, f, kh, kw = self.W.shape
        s, p = self.stride, self.pad
        full_h = (h - 1) * s + kh
        full_w = (w - 1) * s + kw
        full = np.zeros((n, f, full_h, full_w), dtype=np.result_type(x, self.W))
        for i in range(h):
            for j in range(w):
                patch = np.einsum("nc,cfkl->nfkl", x[:, :, i, j], self.W)
                full[:, :, i * s:i * s + kh, j * s:j * s + kw] += patch
        out = full[:, :, p:full_h - p, p:full_w - p]
        return out + self.b[None, :, None, None]

    def backward(self, dout):
        n, c, h, w = self.x.shape
        _, f, kh, kw = self.W.shape
        s, p = self.stride, self.pad
        self.db = dout.sum(axis=(0, 2, 3))
        dfull = np.pad(dout, ((0, 0), (0, 0), (p, p), (p, p)))
        self.dW = np.zeros_like(self.W)
        dx = np.zeros(self.x.shape, dtype=dout.dtype)
        for i in range(kh):
            for j in range(kw):
                g = dfull[:, :, i:i + s * (h - 1) + 1:s, j:j + s * (w - 1) + 1:s]
                self.dW[:, :, i, j] = np.einsum("nchw,nfhw->cf", self.x, g)
                dx += np.einsum("nfhw,cf->nchw", g, self.W[:, :, i, j])
        return dx


class GlobalAvgPool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        n, c, h, w = self.shape
        return np.ones(self.shape, dtype=dout.dtype) * dout[:, :, None, None] / (h * w)


class GlobalMaxPool:
    """Largest entry of every channel; the first of equal maxima gets the gradient."""

    def forward(self, x):
        self.x = x
        n, c = x.shape[:2]
        flat = x.reshape(n, c, -1)
        self.idx = flat.argmax(axis=2)[:, :, None]
        return np.take_along_axis(flat, self.idx, axis=2)[:, :, 0]

    def backward(self, dout):
        n, c = dout.shape
        dx = np.zeros(self.x.shape, dtype=dout.dtype)
        np.put_along_axis(dx.reshape(n, c, -1), self.idx, dout[:, :, None], axis=2)
        return dx


class SqueezeExcite:
    """x * sigmoid(relu(mean(x) W1 + b1) W2 + b2), one factor per sample and channel."""

    def __init__(self, W1, b1, W2, b2):
        self.W1, self.b1 = W1, b1
        self.W2, self.b2 = W2, b2

    def forward(self, x):
        self.x = x
        self.z = x.mean(axis=(2, 3))
        self.h = np.maximum(0, self.z @ self.W1 + self.b1)
        self.s = 0.5 * (1.0 + np.tanh(0.5 * (self.h @ self.W2 + self.b2)))
        return x * self.s[:, :, None, None]

    def backward(self, dout):
        area = self.x.shape[2] * self.x.shape[3]
        ds = np.sum(dout * self.x, axis=(2, 3))
        da2 = ds * self.s * (1.0 - self.s)
        self.dW2 = self.h.T @ da2
        self.db2 = da2.sum(axis=0)
        da1 = (da2 @ self.W2.T) * (self.h > 0)
        self.dW1 = self.z.T @ da1
        self.db1 = da1.sum(axis=0)
        dz = da1 @ self.W1.T
        return dout * self.s[:, :, None, None] + dz[:, :, None, None] / area
