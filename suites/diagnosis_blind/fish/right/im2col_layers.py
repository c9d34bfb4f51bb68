"""Convolution and pooling over im2col, images as (N, C, H, W)."""
import numpy as np


def im2col(img, fh, fw, stride=1, pad=0, fill=0.0):
    """(N, C, H, W) -> (N*out_h*out_w, C*fh*fw)"""
    n, c, h, w = img.shape
    out_h = (h + 2 * pad - fh) // stride + 1
    out_w = (w + 2 * pad - fw) // stride + 1
    img = np.asarray(img, dtype=np.result_type(img.dtype, np.float32))
    img = np.pad(img, [(0, 0), (0, 0), (pad, pad), (pad, pad)], constant_values=fill)
    col = np.zeros((n, c, fh, fw, out_h, out_w), dtype=img.dtype)
    for y in range(fh):
        for x in range(fw):
            col[:, :, y, x] = img[:, :, y:y + stride * out_h:stride, x:x + stride * out_w:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * out_h * out_w, -1)


def col2im(col, img_shape, fh, fw, stride=1, pad=0):
    """The adjoint of im2col: what lands on one pixel is added up."""
    n, c, h, w = img_shape
    out_h = (h + 2 * pad - fh) // stride + 1
    out_w = (w + 2 * pad - fw) // stride + 1
    col = col.reshape(n, out_h, out_w, c, fh, fw).transpose(0, 3, 4, 5, 1, 2)
    padded = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dtype=col.dtype)
    for y in range(fh):
        for x in range(fw):
            padded[:, :, y:y + stride * out_h:stride, x:x + stride * out_w:stride] += col[:, :, y, x]
    return padded[:, :, pad:pad + h, pad:pad + w]


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W          # (FN, C, FH, FW)
        self.b = b          # (FN,)
        self.stride = stride
        self.pad = pad
        self.dW = None
        self.db = None

    def forward(self, x):
        fn, c, fh, fw = self.W.shape
        n, c, h, w = x.shape
        out_h = (h + 2 * self.pad - fh) // self.stride + 1
        out_w = (w + 2 * self.pad - fw) // self.stride + 1
        self.x_shape = x.shape
        self.col = im2col(x, fh, fw, self.stride, self.pad)
        self.col_W = self.W.reshape(fn, -1).T
        out = np.dot(self.col, self.col_W) + self.b
        return out.reshape(n, out_h, out_w, fn).transpose(0, 3, 1, 2)

    def backward(self, dout):
        fn, c, fh, fw = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, fn)
        self.db = np.sum(dout, axis=0)
        dW = np.dot(self.col.T, dout)
        self.dW = dW.T.reshape(fn, c, fh, fw)
        dcol = np.dot(dout, self.col_W.T)
        return col2im(dcol, self.x_shape, fh, fw, self.stride, self.pad)


class MaxPooling:
    def __init__(self, pool_h, pool_w, stride=2, pad=0):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        n, c, h, w = x.shape
        out_h = (h + 2 * self.pad - self.pool_h) // self.stride + 1
        out_w = (w + 2 * self.pad - self.pool_w) // self.stride + 1
        col = im2col(x, self.pool_h, self.pool_w, self.stride, self.pad, fill=-np.inf)
        col = col.reshape(-1, self.pool_h * self.pool_w)
        self.x_shape = x.shape
        self.arg_max = np.argmax(col, axis=1)
        out = np.max(col, axis=1)
        return out.reshape(n, out_h, out_w, c).transpose(0, 3, 1, 2)

    def backward(self, dout):
        dout = dout.transpose(0, 2, 3, 1).ravel()
        dmax = np.zeros((dout.size, self.pool_h * self.pool_w), dtype=dout.dtype)
        dmax[np.arange(dout.size), self.arg_max] = dout
        return col2im(dmax, self.x_shape, self.pool_h, self.pool_w, self.stride, self.pad)


class AvgPooling:
    """Zeros of the border count as values."""

    def __init__(self, pool_h, pool_w, stride=1, pad=0):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        n, c, h, w = x.shape
        ph, pw = self.pool_h, self.pool_w
        self.x_shape = x.shape
        rows = im2col(x, ph, pw, stride=self.stride, pad=self.pad)
        self.out_h = (h + 2 * self.pad - ph) // self.stride + 1
        out = rows.reshape(-1, ph * pw).mean(axis=1)
        return out.reshape(n, self.out_h, -1, c).transpose(0, 3, 1, 2)

    def backward(self, dout):
        size = self.pool_h * self.pool_w
        share = dout.transpose(0, 2, 3, 1).reshape(-1, 1) / size
        rows = np.repeat(share, size, axis=1)
        return col2im(rows, self.x_shape, self.pool_h, self.pool_w, stride=self.stride, pad=self.pad)


class GlobalAveragePooling:
    """(N, C, H, W) -> (N, C)"""

    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        n, c, h, w = self.shape
        return np.broadcast_to(dout[:, :, None, None] / (h * w), self.shape).copy()
