"""Convolution and pooling over im2col, chapter 7. Everything is (N, C, H, W)."""
import numpy as np


def conv_output_size(size, filter_size, stride, pad):
    return (size + 2 * pad - filter_size) // stride + 1


def im2col(images, filter_h, filter_w, stride=1, pad=0):
    """One row for every place where the filter stands, one column for every number it sees."""
    N, C, H, W = images.shape
    out_h = conv_output_size(H, filter_h, stride, pad)
    out_w = conv_output_size(W, filter_w, stride, pad)
    img = np.pad(images, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    col = np.zeros((N, C, filter_h, filter_w, out_h, out_w), dtype=images.dtype)
    for y in range(filter_h):
        for x in range(filter_w):
            col[:, :, y, x] = img[:, :, y:y + stride * out_h:stride, x:x + stride * out_w:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0):
    """The way back: whatever a pixel gave to several places is added up."""
    N, C, H, W = input_shape
    out_h = conv_output_size(H, filter_h, stride, pad)
    out_w = conv_output_size(W, filter_w, stride, pad)
    col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=col.dtype)
    for y in range(filter_h):
        for x in range(filter_w):
            img[:, :, y:y + stride * out_h:stride, x:x + stride * out_w:stride] += col[:, :, y, x]
    return img[:, :, pad:H + pad, pad:W + pad]


class Convolution:

    def __init__(self, W, b, stride=1, pad=0):
        self.W = W          # (FN, C, FH, FW)
        self.b = b          # (FN,)
        self.stride = stride
        self.pad = pad
        self.dW = None
        self.db = None

    def forward(self, x):
        FN, C, FH, FW = self.W.shape
        N, C, H, W = x.shape
        out_h = conv_output_size(H, FH, self.stride, self.pad)
        out_w = conv_output_size(W, FW, self.stride, self.pad)
        self.x_shape = x.shape
        self.col = im2col(x, FH, FW, self.stride, self.pad)
        self.col_W = self.W.reshape(FN, -1).T
        out = np.dot(self.col, self.col_W) + self.b
        return out.reshape(N, out_h, out_w, FN).transpose(0, 3, 1, 2)

    def backward(self, dout):
        FN, C, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout).transpose(1, 0).reshape(FN, C, FH, FW)
        dcol = np.dot(dout, self.col_W.T)
        return col2im(dcol, self.x_shape, FH, FW, self.stride, self.pad)


class Pooling:
    """Max pooling without padding."""

    def __init__(self, pool_h, pool_w, stride=2):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride

    def forward(self, x):
        N, C, H, W = x.shape
        out_h = conv_output_size(H, self.pool_h, self.stride, 0)
        out_w = conv_output_size(W, self.pool_w, self.stride, 0)
        col = im2col(x, self.pool_h, self.pool_w, self.stride)
        col = col.reshape(-1, self.pool_h * self.pool_w)
        winner = np.argmax(col, axis=1)
        self.mask = np.arange(self.pool_h * self.pool_w) == winner[:, None]
        self.x_shape = x.shape
        out = np.max(col, axis=1)
        return out.reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)

    def backward(self, dout):
        flat = dout.transpose(0, 2, 3, 1).reshape(-1, 1)
        dcol = self.mask * flat
        return col2im(dcol, self.x_shape, self.pool_h, self.pool_w, self.stride)


class AveragePooling:
    """Written with plain loops first, to see what goes where."""

    def __init__(self, pool_h, pool_w, stride=1):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride

    def forward(self, x):
        self.x_shape = x.shape
        N, C, H, W = x.shape
        out_h = conv_output_size(H, self.pool_h, self.stride, 0)
        out_w = conv_output_size(W, self.pool_w, self.stride, 0)
        out = np.zeros((N, C, out_h, out_w))
        for i in range(out_h):
            for j in range(out_w):
                top, left = i * self.stride, j * self.stride
                out[:, :, i, j] = x[:, :, top:top + self.pool_h, left:left + self.pool_w].mean(axis=(2, 3))
        return out

    def backward(self, dout):
        dx = np.zeros(self.x_shape)
        share = dout / (self.pool_h * self.pool_w)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                row, col = i * self.stride, j * self.stride
                dx[:, :, row:row + self.pool_h, col:col + self.pool_w] += share[:, :, i:i + 1, j:j + 1]
        return dx


class Flatten:

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(x.shape[0], -1).copy()

    def backward(self, dout):
        return dout.reshape(self.shape).copy()
