"""Convolution and friends, NCHW and NHWC."""
import numpy as np


class Conv2D:
    """NCHW"""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.stride, self.padding, self.k = stride, padding, kernel_size
        self.W = np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * 0.1
        self.b = np.zeros(out_channels)

    def forward(self, x):
        p, s, k = self.padding, self.stride, self.k
        self.shape = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        H = (self.xp.shape[2] - k) // s + 1
        W = (self.xp.shape[3] - k) // s + 1
        out = np.zeros((x.shape[0], len(self.W), H, W))
        for i in range(H):
            for j in range(W):
                win = self.xp[:, :, i * s:i * s + k, j * s:j * s + k]
                out[:, :, i, j] = np.einsum('nchw,fchw->nf', win, self.W) + self.b
        return out

    def backward(self, dout):
        p, s, k = self.padding, self.stride, self.k
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        dxp = np.zeros_like(self.xp)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                win = self.xp[:, :, i * s:i * s + k, j * s:j * s + k]
                self.dW += np.einsum('nf,nchw->fchw', dout[:, :, i, j], win)
                dxp[:, :, i * s:i * s + k, j * s:j * s + k] += \
                    np.einsum('nf,fchw->nchw', dout[:, :, i, j], self.W)
        return dxp[:, :, p:p + self.shape[2], p:p + self.shape[3]]


class Conv2DNoStride:
    """NCHW; stride only looked at in forward"""

    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1):
        self.stride, self.k = stride, kernel_size
        self.W = np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * 0.1
        self.b = np.zeros(out_channels)

    def forward(self, x):
        s, k = self.stride, self.k
        self.x = x
        H = (x.shape[2] - k) // s + 1
        W = (x.shape[3] - k) // s + 1
        out = np.zeros((x.shape[0], len(self.W), H, W))
        for i in range(H):
            for j in range(W):
                win = x[:, :, i * s:i * s + k, j * s:j * s + k]
                out[:, :, i, j] = np.einsum('nchw,fchw->nf', win, self.W) + self.b
        return out

    def backward(self, dout):
        k = self.k
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        dx = np.zeros_like(self.x)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                self.dW += np.einsum('nf,nchw->fchw', dout[:, :, i, j],
                                     self.x[:, :, i:i + k, j:j + k])
                dx[:, :, i:i + k, j:j + k] += np.einsum('nf,fchw->nchw', dout[:, :, i, j], self.W)
        return dx


class ConvNHWC:
    """images (n, h, w, c), filters (h_f, w_f, c, n_f), 'valid'"""

    def __init__(self, channels, n_filters, size=3):
        self.size = size
        self.w = np.random.randn(size, size, channels, n_filters) * 0.1
        self.b = np.zeros(n_filters)

    def forward(self, a_prev):
        self.a_prev = a_prev
        n, h, w, _ = a_prev.shape
        f = self.size
        out = np.zeros((n, h - f + 1, w - f + 1, self.w.shape[3]))
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[:, i, j, :] = np.tensordot(a_prev[:, i:i + f, j:j + f, :], self.w, 3)
        return out + self.b

    def backward(self, da):
        f = self.size
        self.dw = np.zeros_like(self.w)
        self.db = da.sum(axis=(0, 1, 2))
        dprev = np.zeros_like(self.a_prev)
        for i in range(da.shape[1]):
            for j in range(da.shape[2]):
                d = da[:, i, j, :]
                self.dw += np.tensordot(self.a_prev[:, i:i + f, j:j + f, :], d, axes=(0, 0))
                dprev[:, i:i + f, j:j + f, :] += np.tensordot(d, self.w, axes=(1, 3))
        return dprev


class MaxPool2D:
    """NCHW, pool_h x pool_w, windows may overlap"""

    def __init__(self, pool_h=3, pool_w=2, stride=2):
        self.pool_h, self.pool_w, self.stride = pool_h, pool_w, stride

    def forward(self, x):
        self.x = x
        s = self.stride
        N, C, H, W = x.shape
        out = np.zeros((N, C, (H - self.pool_h) // s + 1, (W - self.pool_w) // s + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                win = x[:, :, i * s:i * s + self.pool_h, j * s:j * s + self.pool_w]
                out[:, :, i, j] = win.max(axis=(2, 3))
        return out

    def backward(self, dout):
        s = self.stride
        dx = np.zeros_like(self.x)
        N, C, Ho, Wo = dout.shape
        for n in range(N):
            for c in range(C):
                for i in range(Ho):
                    for j in range(Wo):
                        win = self.x[n, c, i * s:i * s + self.pool_h, j * s:j * s + self.pool_w]
                        a, b = np.unravel_index(win.argmax(), win.shape)
                        dx[n, c, i * s + a, j * s + b] += dout[n, c, i, j]
        return dx


class AvgPoolNHWC:
    """2 x 2 windows, no overlap, rest of the image cut off"""

    def forward(self, x):
        self.shape = x.shape
        n, h, w, c = x.shape
        h, w = h // 2, w // 2
        return x[:, :2 * h, :2 * w].reshape(n, h, 2, w, 2, c).mean(axis=(2, 4))

    def backward(self, dout):
        dx = np.zeros(self.shape)
        h, w = dout.shape[1:3]
        dx[:, :2 * h, :2 * w] = dout.repeat(2, axis=1).repeat(2, axis=2)
        return dx


class GlobalAveragePooling:
    """(N, C, H, W) -> (N, C)"""

    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        N, C, H, W = self.shape
        return np.ones(self.shape) * dout[:, :, None, None] / (H * W)


class Flatten:
    def forward(self, x):
        self.in_shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, dout):
        return dout.reshape(self.in_shape)


class Upsample2x:
    """nearest neighbour, NCHW"""

    def forward(self, x):
        return x.repeat(2, axis=2).repeat(2, axis=3)

    def backward(self, dout):
        return dout[:, :, ::2, ::2] + dout[:, :, 1::2, ::2] + dout[:, :, ::2, 1::2]


class BatchNorm2d:
    """one mean per channel, NCHW"""

    def __init__(self, num_channels, eps=1e-5):
        self.gamma = np.ones(num_channels)
        self.beta = np.zeros(num_channels)
        self.eps = eps

    def forward(self, x):
        mu = x.mean(axis=(0, 2, 3), keepdims=True)
        self.std = np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + self.eps)
        self.xhat = (x - mu) / self.std
        return self.gamma.reshape(1, -1, 1, 1) * self.xhat + self.beta.reshape(1, -1, 1, 1)

    def backward(self, dout):
        axes = (0, 2, 3)
        self.dgamma = (dout * self.xhat).sum(axis=axes)
        self.dbeta = dout.sum(axis=axes)
        d = dout * self.gamma.reshape(1, -1, 1, 1)
        return (d - d.mean(axis=axes, keepdims=True)
                - self.xhat * (d * self.xhat).mean(axis=axes, keepdims=True)) / self.std
