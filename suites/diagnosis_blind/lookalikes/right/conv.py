"""Convolutions, pooling and upsampling on (N, C, H, W) and (N, C, L)."""
import numpy as np


class Conv2D:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad
        self.dW = None
        self.db = None

    def forward(self, x):
        n, _, height, width = x.shape
        f, _, kh, kw = self.W.shape
        s, p = self.stride, self.pad
        out_h = (height + 2 * p - kh) // s + 1
        out_w = (width + 2 * p - kw) // s + 1
        self.x_shape = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        out = np.empty((n, f, out_h, out_w), dtype=np.result_type(x, self.W))
        for i in range(out_h):
            for j in range(out_w):
                window = self.xp[:, :, i * s:i * s + kh, j * s:j * s + kw]
                out[:, :, i, j] = np.tensordot(window, self.W, axes=((1, 2, 3), (1, 2, 3))) + self.b
        return out

    def backward(self, dout):
        _, _, height, width = self.x_shape
        _, _, kh, kw = self.W.shape
        _, _, out_h, out_w = dout.shape
        p = self.pad
        self.db = dout.sum(axis=(0, 2, 3))
        self.dW = np.zeros_like(self.W)
        dxp = np.zeros(self.xp.shape, dtype=np.result_type(dout, self.W))
        for i in range(out_h):
            for j in range(out_w):
                g = dout[:, :, i, j]
                top, left = i * self.stride, j * self.stride
                self.dW += np.tensordot(g, self.xp[:, :, top:top + kh, left:left + kw], axes=(0, 0))
                dxp[:, :, top:top + kh, left:left + kw] += np.tensordot(g, self.W, axes=(1, 0))
        return dxp[:, :, p:p + height, p:p + width]


class Conv1D:
    """No padding, stride 1; W (F, C, K), taps `dilation` apart."""

    def __init__(self, W, b, dilation=1):
        self.W, self.b, self.dilation = W, b, dilation
        self.dW = self.db = None

    def forward(self, x):
        k_size = self.W.shape[2]
        length = x.shape[2] - (k_size - 1) * self.dilation
        self.x = x
        out = self.b[None, :, None]
        for k in range(k_size):
            start = k * self.dilation
            out = out + np.einsum("fc,ncl->nfl", self.W[:, :, k], x[:, :, start:start + length])
        return out

    def backward(self, dout):
        k_size, length = self.W.shape[2], dout.shape[2]
        self.db = dout.sum(axis=(0, 2))
        self.dW = np.empty_like(self.W)
        for k in range(k_size):
            taps = self.x[:, :, k * self.dilation:k * self.dilation + length]
            self.dW[:, :, k] = np.einsum("nfl,ncl->fc", dout, taps)
        # the input's gradient is the full convolution of dout with the kernel
        edge = (k_size - 1) * self.dilation
        padded = np.pad(dout, ((0, 0), (0, 0), (edge, edge)))
        kernel = self.W[:, :, ::-1]
        dx = np.zeros(self.x.shape, dtype=np.result_type(dout, self.W))
        for k in range(k_size):
            at = k * self.dilation
            dx += np.einsum("fc,nfl->ncl", kernel[:, :, k], padded[:, :, at:at + dx.shape[2]])
        return dx


def first_max(window):
    """1 at the first maximum of every (H, W) window, 0 elsewhere."""
    n, c, h, w = window.shape
    flat = window.reshape(n, c, h * w)
    mask = np.zeros_like(flat)
    np.put_along_axis(mask, flat.argmax(axis=2)[:, :, None], 1, axis=2)
    return mask.reshape(window.shape)


class MaxPool2D:
    def __init__(self, size=2, stride=None):
        self.size = size
        self.stride = stride or size

    def forward(self, x):
        n, c, height, width = x.shape
        k, s = self.size, self.stride
        self.x = x
        out_h = (height - k) // s + 1
        out_w = (width - k) // s + 1
        out = np.empty((n, c, out_h, out_w), dtype=x.dtype)
        for i in range(out_h):
            for j in range(out_w):
                out[:, :, i, j] = x[:, :, i * s:i * s + k, j * s:j * s + k].max(axis=(2, 3))
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        dx = np.zeros(self.x.shape, dtype=dout.dtype)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                rows, cols = slice(i * s, i * s + k), slice(j * s, j * s + k)
                window = self.x[:, :, rows, cols]
                mask = first_max(window)
                dx[:, :, rows, cols] += mask * dout[:, :, i, j][:, :, None, None]
        return dx


class AvgPool2D:
    def __init__(self, size=2, stride=None):
        self.size = size
        self.stride = stride or size

    def forward(self, x):
        self.x_shape = x.shape
        k, s = self.size, self.stride
        out_h, out_w = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
        out = np.empty(x.shape[:2] + (out_h, out_w), dtype=np.result_type(x, np.float32))
        for i in range(out_h):
            for j in range(out_w):
                out[:, :, i, j] = x[:, :, i * s:i * s + k, j * s:j * s + k].mean(axis=(2, 3))
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        dx = np.zeros(self.x_shape, dtype=dout.dtype)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                share = dout[:, :, i, j] / (k * k)
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += share[:, :, None, None]
        return dx


class Upsample2D:
    """Nearest neighbour: every pixel becomes a block of scale x scale pixels."""

    def __init__(self, scale=2):
        self.scale = scale

    def forward(self, x):
        return x.repeat(self.scale, axis=2).repeat(self.scale, axis=3)

    def backward(self, dout):
        n, c, h, w = dout.shape
        s = self.scale
        blocks = dout.reshape(n, c, h // s, s, w // s, s)
        return blocks.sum(axis=(3, 5))
