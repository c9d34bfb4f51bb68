"""Channels-last layers over strided views and einsum. Images are (batch, height, width, channels)."""
import numpy as np
from numpy.lib.stride_tricks import as_strided


def windows(x, kh, kw, stride):
    """A read-only view (n, oh, ow, kh, kw, c) of all windows of x."""
    n, h, w, c = x.shape
    oh, ow = (h - kh) // stride + 1, (w - kw) // stride + 1
    sn, sh, sw, sc = x.strides
    return as_strided(x, (n, oh, ow, kh, kw, c), (sn, sh * stride, sw * stride, sh, sw, sc), writeable=False)


class Conv2D:
    def __init__(self, in_channels, filters, kernel=(3, 3), stride=1, padding=(0, 0)):
        kh, kw = kernel
        limit = np.sqrt(6.0 / (kh * kw * (in_channels + filters)))
        self.W = np.random.uniform(-limit, limit, (kh, kw, in_channels, filters))
        self.b = np.zeros(filters)
        self.stride, self.padding = stride, padding
        self.dW = self.db = None

    def forward(self, x):
        ph, pw = self.padding
        kh, kw = self.W.shape[:2]
        self.x_shape = x.shape
        self.xp = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
        self.view = windows(self.xp, kh, kw, self.stride)
        return np.einsum("nhwijc,ijcf->nhwf", self.view, self.W) + self.b

    def backward(self, grad):
        (ph, pw), s = self.padding, self.stride
        kh, kw = self.W.shape[:2]
        _, oh, ow, _ = grad.shape
        self.dW = np.einsum("nhwijc,nhwf->ijcf", self.view, grad)
        self.db = grad.sum(axis=(0, 1, 2))
        dcol = np.einsum("nhwf,ijcf->nhwijc", grad, self.W)
        dxp = np.zeros(self.xp.shape)
        for i in range(kh):
            for j in range(kw):
                dxp[:, i:i + s * oh:s, j:j + s * ow:s][:, :oh, :ow] += dcol[:, :, :, i, j]
        return dxp[:, ph:ph + self.x_shape[1], pw:pw + self.x_shape[2]]


class ConvTranspose2D:
    """Every input pixel paints the kernel, scaled, into the output; `crop` cuts the border off."""

    def __init__(self, in_channels, filters, kernel_size, stride=1, crop=0):
        self.W = np.random.randn(kernel_size, kernel_size, in_channels, filters) / kernel_size
        self.b = np.zeros(filters)
        self.stride, self.crop = stride, crop

    def forward(self, x):
        self.x = x
        s, k, c = self.stride, self.W.shape[0], self.crop
        n, h, w, _ = x.shape
        full = np.zeros((n, s * (h - 1) + k, s * (w - 1) + k, self.W.shape[3]))
        for i in range(k):
            for j in range(k):
                full[:, i:i + s * (h - 1) + 1:s, j:j + s * (w - 1) + 1:s] += x @ self.W[i, j]
        self.full_shape = full.shape
        return full[:, c:full.shape[1] - c, c:full.shape[2] - c] + self.b

    def backward(self, grad):
        s, k, c = self.stride, self.W.shape[0], self.crop
        _, h, w, _ = self.x.shape
        full = np.zeros(self.full_shape)
        full[:, c:self.full_shape[1] - c, c:self.full_shape[2] - c] = grad
        dx = np.zeros(self.x.shape)
        self.dW = np.zeros_like(self.W)
        for i in range(k):
            for j in range(k):
                g = full[:, i:i + s * (h - 1) + 1:s, j:j + s * (w - 1) + 1:s]
                dx += g @ self.W[i, j].T
                self.dW[i, j] = np.einsum("nhwc,nhwf->cf", self.x, g)
        self.db = np.sum(grad, axis=(0, 1, 2))
        return dx


class Conv1x1:
    """A dense layer over the channels of every pixel."""

    def __init__(self, in_channels, filters):
        self.W = np.random.randn(in_channels, filters) / np.sqrt(in_channels)
        self.b = np.zeros(filters)

    def forward(self, x):
        self.x = x
        return np.einsum("nhwc,cf->nhwf", x, self.W) + self.b

    def backward(self, grad):
        self.dW = np.einsum("nhwc,nhwf->cf", self.x, grad)
        self.db = np.einsum("nhwf->f", grad)
        return np.einsum("nhwf,cf->nhwc", grad, self.W)


class AdaptiveAvgPool:
    """Averages over out_h x out_w regions of nearly equal size; neighbours may share a row or a column."""

    def __init__(self, out_h, out_w):
        self.out_h, self.out_w = out_h, out_w

    @staticmethod
    def _edges(size, bins):
        return [(i * size // bins, -(-(i + 1) * size // bins)) for i in range(bins)]

    def forward(self, x):
        self.x_shape = x.shape
        n, h, w, c = x.shape
        out = np.zeros((n, self.out_h, self.out_w, c))
        for i, (top, bottom) in enumerate(self._edges(h, self.out_h)):
            for j, (left, right) in enumerate(self._edges(w, self.out_w)):
                out[:, i, j] = x[:, top:bottom, left:right].mean(axis=(1, 2))
        return out

    def backward(self, grad):
        n, h, w, c = self.x_shape
        dx = np.zeros(self.x_shape)
        for i, (top, bottom) in enumerate(self._edges(h, self.out_h)):
            for j, (left, right) in enumerate(self._edges(w, self.out_w)):
                area = (bottom - top) * (right - left)
                dx[:, top:bottom, left:right] += grad[:, i, j][:, None, None] / area
        return dx
