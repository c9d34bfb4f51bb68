"""Project: faster convolution (im2col with stride tricks). Images are (N, C, H, W), possibly of an integer dtype."""
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def im2col(x, fh, fw, stride=1, pad=0):
    n, c, h, w = x.shape
    oh = (h + 2 * pad - fh) // stride + 1
    ow = (w + 2 * pad - fw) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    sn, sc, sh, sw = img.strides
    windows = as_strided(img, shape=(n, c, oh, ow, fh, fw),
                         strides=(sn, sc, sh * stride, sw * stride, sh, sw), writeable=False)
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * oh * ow, c * fh * fw)


def col2im(col, shape, fh, fw, stride=1, pad=0):
    n, c, h, w = shape
    oh = (h + 2 * pad - fh) // stride + 1
    ow = (w + 2 * pad - fw) // stride + 1
    col = col.reshape(n, oh, ow, c, fh, fw).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dtype=col.dtype)
    for y in range(fh):
        for z in range(fw):
            img[:, :, y:y + stride * oh:stride, z:z + stride * ow:stride] += col[:, :, y, z]
    return img[:, :, pad:pad + h, pad:pad + w]


class Convolution:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, pad=0):
        fh, fw = kernel_size
        self.W = 0.1 * np.random.randn(out_channels, in_channels, fh, fw)
        self.b = np.zeros(out_channels)
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        fn, c, fh, fw = self.W.shape
        n, c, h, w = x.shape
        oh = (h + 2 * self.pad - fh) // self.stride + 1
        ow = (w + 2 * self.pad - fw) // self.stride + 1
        self.x_shape = x.shape
        self.col = im2col(x, fh, fw, self.stride, self.pad)
        out = self.col @ self.W.reshape(fn, -1).T + self.b
        return out.reshape(n, oh, ow, fn).transpose(0, 3, 1, 2)

    def backward(self, dout):
        fn, c, fh, fw = self.W.shape
        self.db = dout.sum(axis=(0, 2, 3))
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, fn)
        self.dW = (self.col.T @ dout).transpose(1, 0).reshape(fn, c, fh, fw)
        dcol = dout @ self.W.reshape(fn, -1)
        return col2im(dcol, self.x_shape, fh, fw, self.stride, self.pad)


class SameConv:
    """stride 1, odd square kernel, output of the size of the input"""
    def __init__(self, in_channels, out_channels, k=3):
        self.W = 0.1 * np.random.randn(out_channels, in_channels, k, k)
        self.b = np.zeros(out_channels)

    def _windows(self, x):
        k = self.W.shape[2]
        p = k // 2
        xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
        return sliding_window_view(xp, (k, k), axis=(2, 3))

    def forward(self, x):
        self.x = x
        out = np.einsum("nchwij,fcij->nfhw", self._windows(x), self.W)
        return out + self.b[None, :, None, None]

    def backward(self, dout):
        self.dW = np.einsum("nchwij,nfhw->fcij", self._windows(self.x), dout)
        self.db = np.einsum("nfhw->f", dout)
        flipped = self.W[:, :, ::-1, ::-1]
        return np.einsum("nfhwij,fcij->nchw", self._windows(dout), flipped)


class MaxPooling:
    def __init__(self, size=2, stride=2):
        self.size, self.stride = size, stride

    def forward(self, x):
        n, c, h, w = x.shape
        k = self.size
        oh, ow = (h - k) // self.stride + 1, (w - k) // self.stride + 1
        col = im2col(x, k, k, self.stride).reshape(n, oh, ow, c, k * k)
        self.x_shape = x.shape
        self.arg_max = col.argmax(axis=-1)
        return col.max(axis=-1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        k = self.size
        g = dout.transpose(0, 2, 3, 1)
        dcol = np.zeros(g.shape + (k * k,), dtype=g.dtype)
        np.put_along_axis(dcol, self.arg_max[..., None], g[..., None], axis=-1)
        dcol = dcol.reshape(g.shape[0] * g.shape[1] * g.shape[2], -1)
        return col2im(dcol, self.x_shape, k, k, self.stride)


class AvgPooling:
    def __init__(self, size=2, stride=2):
        self.size, self.stride = size, stride

    def forward(self, x):
        n, c, h, w = x.shape
        k, s = self.size, self.stride
        oh, ow = (h - k) // s + 1, (w - k) // s + 1
        self.x_shape = x.shape
        out = np.zeros((n, c, oh, ow))
        for i in range(oh):
            for j in range(ow):
                out[:, :, i, j] = x[:, :, i * s:i * s + k, j * s:j * s + k].mean(axis=(2, 3))
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        dx = np.zeros(self.x_shape)
        for i in range(k):
            for j in range(k):
                dx[:, :, i:i + s * dout.shape[2]:s, j:j + s * dout.shape[3]:s] += dout / (k * k)
        return dx


class FullyConnected:
    """last layer; backward makes the SGD step itself"""
    def __init__(self, n_in, n_out):
        self.W = 0.1 * np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x_shape = x.shape
        self.x = x.reshape(x.shape[0], -1)
        return self.x @ self.W + self.b

    def backward(self, dout, learning_rate):
        dx = dout @ self.W.T
        self.W = self.W - learning_rate * (self.x.T @ dout)
        self.b = self.b - learning_rate * dout.sum(axis=0)
        return dx.reshape(self.x_shape)
