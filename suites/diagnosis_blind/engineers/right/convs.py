"""Depthwise, dilated and transposed convolution, pooling, upsampling (NCHW)."""
import numpy as np


class DepthwiseConv2D:
    """One kernel per channel: W (C, kh, kw), b (C,)."""

    def __init__(self, channels, kernel_size, stride=1, padding=0):
        kh, kw = kernel_size
        self.W = np.random.randn(channels, kh, kw) / np.sqrt(kh * kw)
        self.b = np.zeros(channels)
        self.stride = stride
        self.padding = padding

    def forward(self, x):
        p, s = self.padding, self.stride
        N, C, H, W = x.shape
        _, kh, kw = self.W.shape
        self.x_shape = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh = (H + 2 * p - kh) // s + 1
        ow = (W + 2 * p - kw) // s + 1
        out = np.zeros((N, C, oh, ow))
        for i in range(oh):
            for j in range(ow):
                win = self.xp[:, :, i * s:i * s + kh, j * s:j * s + kw]
                out[:, :, i, j] = (win * self.W).sum(axis=(2, 3)) + self.b
        return out

    def backward(self, dout):
        p, s = self.padding, self.stride
        _, _, H, W = self.x_shape
        _, kh, kw = self.W.shape
        dxp = np.zeros(self.xp.shape)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                g = dout[:, :, i, j][:, :, None, None]
                rows, cols = slice(i * s, i * s + kh), slice(j * s, j * s + kw)
                self.dW += (g * self.xp[:, :, rows, cols]).sum(axis=0)
                dxp[:, :, rows, cols] += g * self.W
        return dxp[:, :, p:p + H, p:p + W]


def conv1d_forward(x, w, b, dilation=1):
    """Causal dilated convolution: x (N, C, T), w (F, C, K), b (F,); out has the length of x."""
    K = w.shape[2]
    T = x.shape[2]
    left = (K - 1) * dilation
    xp = np.pad(x, ((0, 0), (0, 0), (left, 0)))
    out = np.zeros((x.shape[0], w.shape[0], T))
    for k in range(K):
        out += np.einsum("nct,fc->nft", xp[:, :, k * dilation:k * dilation + T], w[:, :, k])
    out += b[None, :, None]
    return out, (xp, w, dilation, T)


def conv1d_backward(dout, cache):
    xp, w, dilation, T = cache
    K = w.shape[2]
    dxp = np.zeros(xp.shape)
    dw = np.zeros_like(w)
    for k in range(K):
        start = k * dilation
        dw[:, :, k] = np.einsum("nft,nct->fc", dout, xp[:, :, start:start + T])
        dxp[:, :, start:start + T] += np.einsum("nft,fc->nct", dout, w[:, :, k])
    dx = dxp[:, :, (K - 1) * dilation:]
    db = dout.sum(axis=(0, 2))
    return dx, dw, db


class ConvTranspose2D:
    """Every input pixel stamps the kernel W (C_in, C_out, k, k) at a distance of `stride`; `padding` is cut off."""

    def __init__(self, W, b, stride=1, padding=0):
        self.W, self.b = W, b
        self.stride, self.padding = stride, padding

    def forward(self, x):
        self.x = x
        N, _, H, Wd = x.shape
        _, F, k, _ = self.W.shape
        s, p = self.stride, self.padding
        full = np.zeros((N, F, (H - 1) * s + k, (Wd - 1) * s + k))
        for i in range(H):
            for j in range(Wd):
                full[:, :, i * s:i * s + k, j * s:j * s + k] += np.einsum("nc,cfuv->nfuv", x[:, :, i, j], self.W)
        out = full[:, :, p:full.shape[2] - p, p:full.shape[3] - p]
        return out + self.b.reshape(1, -1, 1, 1)

    def backward(self, dout):
        s, p = self.stride, self.padding
        k = self.W.shape[2]
        dfull = np.pad(dout, ((0, 0), (0, 0), (p, p), (p, p)))
        dx = np.zeros(self.x.shape)
        self.dW = np.zeros_like(self.W)
        for i in range(self.x.shape[2]):
            for j in range(self.x.shape[3]):
                patch = dfull[:, :, i * s:i * s + k, j * s:j * s + k]
                dx[:, :, i, j] = np.einsum("nfuv,cfuv->nc", patch, self.W)
                self.dW += np.einsum("nc,nfuv->cfuv", self.x[:, :, i, j], patch)
        self.db = dout.sum(axis=(0, 2, 3))
        return dx


class MaxPool2D:
    def __init__(self, size=2, stride=2):
        self.size = size
        self.stride = stride

    def forward(self, x):
        k, s = self.size, self.stride
        N, C, H, W = x.shape
        oh, ow = (H - k) // s + 1, (W - k) // s + 1
        self.shape = x.shape
        out = np.empty((N, C, oh, ow), dtype=x.dtype)
        self.arg = np.empty((N, C, oh, ow), dtype=int)
        for i in range(oh):
            for j in range(ow):
                win = x[:, :, i * s:i * s + k, j * s:j * s + k].reshape(N, C, -1)
                self.arg[:, :, i, j] = win.argmax(axis=2)
                out[:, :, i, j] = win.max(axis=2)
        return out

    def backward(self, dout):
        k, s = self.size, self.stride
        N, C, oh, ow = dout.shape
        dx = np.zeros(self.shape)
        n, c = np.ogrid[:N, :C]
        for i in range(oh):
            for j in range(ow):
                a = self.arg[:, :, i, j]
                dx[n, c, i * s + a // k, j * s + a % k] += dout[:, :, i, j]
        return dx


class AdaptiveAvgPool2D:
    """Averages over out_h x out_w windows; window i runs from floor(i H / out) to ceil((i + 1) H / out)."""

    def __init__(self, out_size):
        self.out_h, self.out_w = out_size

    def _window(self, i, j):
        h, w = self.in_shape[2:]
        r = slice(i * h // self.out_h, -(-(i + 1) * h // self.out_h))
        c = slice(j * w // self.out_w, -(-(j + 1) * w // self.out_w))
        return r, c

    def forward(self, inputs):
        self.in_shape = inputs.shape
        self.output = np.zeros(inputs.shape[:2] + (self.out_h, self.out_w))
        for i in range(self.out_h):
            for j in range(self.out_w):
                r, c = self._window(i, j)
                self.output[:, :, i, j] = inputs[:, :, r, c].mean(axis=(2, 3))
        return self.output

    def backward(self, dvalues):
        self.dinputs = np.zeros(self.in_shape)
        for i in range(self.out_h):
            for j in range(self.out_w):
                r, c = self._window(i, j)
                area = (r.stop - r.start) * (c.stop - c.start)
                self.dinputs[:, :, r, c] += dvalues[:, :, i:i + 1, j:j + 1] / area
        return self.dinputs


class GlobalAvgPool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        N, C, H, W = self.shape
        return np.broadcast_to((dout / (H * W)).reshape(N, C, 1, 1), self.shape).copy()


class Upsample:
    """Nearest neighbour, by a whole factor."""

    def __init__(self, factor=2):
        self.factor = factor

    def forward(self, x):
        return x.repeat(self.factor, axis=2).repeat(self.factor, axis=3)

    def backward(self, dout):
        f = self.factor
        N, C, H, W = dout.shape
        return dout.reshape(N, C, H // f, f, W // f, f).sum(axis=(3, 5))
