"""Convolutions and pooling, NCL / NCHW.  forward(x) -> y, backward(dout) -> dx, gradients in dW and db."""
import numpy as np


def pair(v):
    return (v, v) if np.isscalar(v) else tuple(v)


class Conv1d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        assert in_channels % groups == 0 and out_channels % groups == 0
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.kernel_size = kernel_size
        scale = 1.0 / np.sqrt(in_channels // groups * kernel_size)
        self.W = np.random.uniform(-scale, scale, (out_channels, in_channels // groups, kernel_size))
        self.b = np.random.uniform(-scale, scale, out_channels) if bias else None
        self.dW = self.db = None

    def taps(self, k, length):
        start = k * self.dilation
        return slice(start, start + self.stride * (length - 1) + 1, self.stride)

    def forward(self, x):
        n, c, length = x.shape
        p, g = self.padding, self.groups
        self.x_shape = x.shape
        xp = np.pad(x, ((0, 0), (0, 0), (p, p)))
        self.xg = xp.reshape(n, g, c // g, length + 2 * p)
        reach = self.dilation * (self.kernel_size - 1) + 1
        out_len = (length + 2 * p - reach) // self.stride + 1
        Wg = self.W.reshape(g, -1, c // g, self.kernel_size)
        out = 0.0
        for k in range(self.kernel_size):
            out = out + np.einsum("ngcl,goc->ngol", self.xg[..., self.taps(k, out_len)], Wg[..., k])
        out = out.reshape(n, -1, out_len)
        return out if self.b is None else out + self.b[:, None]

    def backward(self, dout):
        n, c, length = self.x_shape
        p, g = self.padding, self.groups
        out_len = dout.shape[2]
        dg = dout.reshape(n, g, -1, out_len)
        Wg = self.W.reshape(g, -1, c // g, self.kernel_size)
        dWg = np.zeros_like(Wg)
        dxg = np.zeros(self.xg.shape, dtype=np.result_type(self.xg, dout))
        for k in range(self.kernel_size):
            t = self.taps(k, out_len)
            dWg[..., k] = np.einsum("ngol,ngcl->goc", dg, self.xg[..., t])
            dxg[..., t] += np.einsum("ngol,goc->ngcl", dg, Wg[..., k])
        self.dW = dWg.reshape(self.W.shape)
        if self.b is not None:
            self.db = dout.sum(axis=(0, 2))
        return dxg.reshape(n, c, -1)[:, :, p:p + length]


class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        self.kh, self.kw = pair(kernel_size)
        self.sh, self.sw = pair(stride)
        self.ph, self.pw = pair(padding)
        self.W = np.random.randn(out_channels, in_channels, self.kh, self.kw) / np.sqrt(in_channels * self.kh * self.kw)
        self.b = np.zeros(out_channels) if bias else None
        self.dW = self.db = None

    def forward(self, x):
        self.h, self.w = x.shape[2:]
        self.xp = np.pad(x, ((0, 0), (0, 0), (self.ph, self.ph), (self.pw, self.pw)))
        oh = (self.h + 2 * self.ph - self.kh) // self.sh + 1
        ow = (self.w + 2 * self.pw - self.kw) // self.sw + 1
        out = np.zeros((x.shape[0], self.W.shape[0], oh, ow), dtype=np.result_type(x, self.W))
        for i in range(oh):
            for j in range(ow):
                top, left = i * self.sh, j * self.sw
                patch = self.xp[:, :, top:top + self.kh, left:left + self.kw]
                out[:, :, i, j] = np.tensordot(patch, self.W, axes=([1, 2, 3], [1, 2, 3]))
        return out if self.b is None else out + self.b[:, None, None]

    def backward(self, dout):
        dxp = np.zeros(self.xp.shape, dtype=np.result_type(self.xp, dout))
        self.dW = np.zeros_like(self.W)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                y0, x0 = i * self.sh, j * self.sw
                window = self.xp[:, :, y0:y0 + self.kh, x0:x0 + self.kw]
                self.dW += np.tensordot(dout[:, :, i, j], window, axes=(0, 0))
                dxp[:, :, y0:y0 + self.kh, x0:x0 + self.kw] += np.tensordot(dout[:, :, i, j], self.W, axes=(1, 0))
        if self.b is not None:
            self.db = dout.sum(axis=(0, 2, 3))
        return dxp[:, :, self.ph:self.ph + self.h, self.pw:self.pw + self.w]


class ConvTranspose1d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, bias=True):
        self.k, self.stride, self.padding, self.output_padding = kernel_size, stride, padding, output_padding
        self.W = np.random.randn(in_channels, out_channels, kernel_size) / np.sqrt(in_channels * kernel_size)
        self.b = np.zeros(out_channels) if bias else None
        self.dW = self.db = None

    def forward(self, x):
        n, c, length = x.shape
        s, p = self.stride, self.padding
        self.x = x
        full = (length - 1) * s + self.k + self.output_padding
        buf = np.zeros((n, self.W.shape[1], full), dtype=np.result_type(x, self.W))
        for k in range(self.k):
            buf[:, :, k:k + s * (length - 1) + 1:s] += np.einsum("ncl,co->nol", x, self.W[:, :, k])
        out = buf[:, :, p:full - p]
        return out.copy() if self.b is None else out + self.b[:, None]

    def backward(self, dout):
        s, p, length = self.stride, self.padding, self.x.shape[2]
        buf = np.pad(dout, ((0, 0), (0, 0), (p, p)))
        dx = np.zeros(self.x.shape, dtype=np.result_type(self.W, dout))
        self.dW = np.zeros_like(self.W)
        for k in range(self.k):
            hit = buf[:, :, k:k + s * (length - 1) + 1:s]
            self.dW[:, :, k] = np.einsum("ncl,nol->co", self.x, hit)
            dx += np.einsum("nol,co->ncl", hit, self.W[:, :, k])
        if self.b is not None:
            self.db = dout.sum(axis=(0, 2))
        return dx


class MaxPool2d:
    def __init__(self, kernel_size=2, stride=None):
        self.kh, self.kw = pair(kernel_size)
        self.sh, self.sw = pair(kernel_size if stride is None else stride)

    def forward(self, x):
        n, c, h, w = x.shape
        self.x = x
        oh, ow = (h - self.kh) // self.sh + 1, (w - self.kw) // self.sw + 1
        out = np.empty((n, c, oh, ow), dtype=x.dtype)
        for i in range(oh):
            for j in range(ow):
                win = x[:, :, i * self.sh:i * self.sh + self.kh, j * self.sw:j * self.sw + self.kw]
                out[:, :, i, j] = win.max(axis=(2, 3))
        return out

    def backward(self, dout):
        n, c, oh, ow = dout.shape
        dx = np.zeros(self.x.shape, dtype=dout.dtype)
        for i in range(oh):
            for j in range(ow):
                rows = slice(i * self.sh, i * self.sh + self.kh)
                cols = slice(j * self.sw, j * self.sw + self.kw)
                flat = self.x[:, :, rows, cols].reshape(n, c, -1)
                pick = np.arange(flat.shape[2]) == flat.argmax(axis=2)[:, :, None]
                share = pick * dout[:, :, i, j, None]
                dx[:, :, rows, cols] += share.reshape(n, c, self.kh, self.kw)
        return dx


class AvgPool1d:
    """Counts the padded zeros only with count_include_pad."""

    def __init__(self, kernel_size, stride=1, padding=0, count_include_pad=True):
        self.k, self.stride, self.padding, self.count_include_pad = kernel_size, stride, padding, count_include_pad

    def forward(self, x):
        p, s = self.padding, self.stride
        self.length = x.shape[2]
        xp = np.pad(x, ((0, 0), (0, 0), (p, p)))
        ones = np.ones(self.length + 2 * p)
        if not self.count_include_pad:
            ones[:p] = ones[p + self.length:] = 0
        m = (self.length + 2 * p - self.k) // s + 1
        self.count = np.array([max(ones[i * s:i * s + self.k].sum(), 1) for i in range(m)])
        total = [xp[:, :, i * s:i * s + self.k].sum(axis=2) for i in range(m)]
        return np.stack(total, axis=2) / self.count

    def backward(self, dout):
        p, s = self.padding, self.stride
        n, c, m = dout.shape
        dxp = np.zeros((n, c, self.length + 2 * p), dtype=dout.dtype)
        for i in range(m):
            dxp[:, :, i * s:i * s + self.k] += dout[:, :, i, None] / self.count[i]
        return dxp[:, :, p:p + self.length]
