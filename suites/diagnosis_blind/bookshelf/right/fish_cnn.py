"""Convolution and pooling over im2col, NCHW."""
import numpy as np


def im2col(x, fh, fw, stride=1, pad=0):
    """(N, C, H, W) -> (N * out_h * out_w, C * fh * fw)"""
    N, C, H, W = x.shape
    out_h = (H + 2 * pad - fh) // stride + 1
    out_w = (W + 2 * pad - fw) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    col = np.empty((N, out_h, out_w, C, fh, fw), dtype=x.dtype)
    for i in range(out_h):
        for j in range(out_w):
            top, left = i * stride, j * stride
            col[:, i, j] = img[:, :, top:top + fh, left:left + fw]
    return col.reshape(N * out_h * out_w, -1)


def col2im(col, x_shape, fh, fw, stride=1, pad=0):
    """The adjoint of im2col: every patch is added back to its place."""
    N, C, H, W = x_shape
    out_h = (H + 2 * pad - fh) // stride + 1
    out_w = (W + 2 * pad - fw) // stride + 1
    col = col.reshape(N, out_h, out_w, C, fh, fw)
    img = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=col.dtype)
    for i in range(out_h):
        for j in range(out_w):
            top, left = i * stride, j * stride
            img[:, :, top:top + fh, left:left + fw] += col[:, i, j]
    return img[:, :, pad:H + pad, pad:W + pad]


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W              # (FN, C, FH, FW)
        self.b = b              # (FN,)
        self.stride = stride
        self.pad = pad
        self.dW = None
        self.db = None

    def forward(self, x):
        FN, C, FH, FW = self.W.shape
        N, C, H, W = x.shape
        out_h = (H + 2 * self.pad - FH) // self.stride + 1
        out_w = (W + 2 * self.pad - FW) // self.stride + 1
        self.x_shape = x.shape
        self.col = im2col(x, FH, FW, self.stride, self.pad)
        self.col_W = self.W.reshape(FN, -1).T
        out = np.dot(self.col, self.col_W) + self.b
        return out.reshape(N, out_h, out_w, FN).transpose(0, 3, 1, 2)

    def backward(self, dout):
        FN, C, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        dW = np.dot(self.col.T, dout)
        self.dW = dW.T.reshape(FN, C, FH, FW)
        dcol = np.dot(dout, self.col_W.T)
        return col2im(dcol, self.x_shape, FH, FW, self.stride, self.pad)


class MaxPooling:
    def __init__(self, pool_h, pool_w, stride=1):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride

    def forward(self, x):
        N, C, H, W = x.shape
        out_h = (H - self.pool_h) // self.stride + 1
        out_w = (W - self.pool_w) // self.stride + 1
        col = im2col(x, self.pool_h, self.pool_w, self.stride).reshape(-1, self.pool_h * self.pool_w)
        self.x_shape = x.shape
        self.mask = np.arange(col.shape[1]) == col.argmax(axis=1)[:, None]
        return col.max(axis=1).reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)

    def backward(self, dout):
        dcol = self.mask * dout.transpose(0, 2, 3, 1).reshape(-1, 1)
        return col2im(dcol, self.x_shape, self.pool_h, self.pool_w, self.stride)


class AveragePooling:
    """Square windows; zeros of the padding count as values."""

    def __init__(self, size, stride=1, pad=0):
        self.size, self.stride, self.pad = size, stride, pad

    def forward(self, x):
        k, s, p = self.size, self.stride, self.pad
        self.x_shape = x.shape
        N, C, H, W = x.shape
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        out = np.empty((N, C, (H + 2 * p - k) // s + 1, (W + 2 * p - k) // s + 1), dtype=float)
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = xp[:, :, i * s:i * s + k, j * s:j * s + k].mean(axis=(2, 3))
        return out

    def backward(self, dout):
        k, s, p = self.size, self.stride, self.pad
        N, C, H, W = self.x_shape
        dxp = np.zeros((N, C, H + 2 * p, W + 2 * p))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                share = dout[:, :, i, j] / (k * k)
                dxp[:, :, i * s:i * s + k, j * s:j * s + k] += share[:, :, None, None]
        return dxp[:, :, p:p + H, p:p + W]


class GlobalAveragePooling:
    """(N, C, H, W) -> (N, C)"""

    def forward(self, x):
        self.x_shape = x.shape
        return x.mean(axis=(2, 3), keepdims=True).reshape(x.shape[:2])

    def backward(self, dout):
        N, C, H, W = self.x_shape
        dx = dout.reshape(N, C, 1, 1) / (H * W)
        return np.broadcast_to(dx, self.x_shape).copy()
