import numpy as np


class ConvNCHW:
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0):
        self.k, self.s, self.p = kernel_size, stride, padding
        scale = 1.0 / (in_channels * kernel_size**2)
        self.weight = np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * scale
        self.bias = np.zeros(out_channels)

    def forward(self, x):
        p, k, s = self.p, self.k, self.s
        self.shape = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        ho = (self.xp.shape[2] - k) // s + 1
        wo = (self.xp.shape[3] - k) // s + 1
        out = np.zeros((x.shape[0], len(self.weight), ho, wo)) + self.bias[None, :, None, None]
        for i in range(k):
            for j in range(k):
                patch = self.xp[:, :, i:i + s * ho:s, j:j + s * wo:s]
                out += np.einsum("nchw,fc->nfhw", patch, self.weight[:, :, i, j])
        return out

    def backward(self, dout):
        p, k, s = self.p, self.k, self.s
        ho, wo = dout.shape[2:]
        dxp = np.zeros_like(self.xp)
        self.dweight = np.zeros_like(self.weight)
        for i in range(k):
            for j in range(k):
                patch = self.xp[:, :, i:i + s * ho:s, j:j + s * wo:s]
                self.dweight[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, patch)
                dxp[:, :, i:i + s * ho:s, j:j + s * wo:s] += np.einsum(
                    "nfhw,fc->nchw", dout, self.weight[:, :, i, j])
        self.dbias = dout.sum(axis=(0, 2, 3))
        h, w = self.shape[2:]
        return dxp[:, :, p:p + h, p:p + w]


class ConvNHWC:
    """Channels last; kernels (k, k, in, out); no padding, stride 1."""

    def __init__(self, n_filters, kernel_size, in_channels):
        self.kernels = np.random.randn(kernel_size, kernel_size, in_channels, n_filters) * 0.1
        self.bias = np.zeros(n_filters)

    def forward(self, x):
        self.x = x
        k = self.kernels.shape[0]
        h, w = x.shape[1] - k + 1, x.shape[2] - k + 1
        out = np.zeros((x.shape[0], h, w, self.kernels.shape[3]))
        for i in range(k):
            for j in range(k):
                out += x[:, i:i + h, j:j + w, :] @ self.kernels[i, j]
        return out + self.bias

    def backward(self, d):
        k = self.kernels.shape[0]
        _, h, w, _ = d.shape
        dx = np.zeros(self.x.shape)
        self.d_kernels = np.zeros(self.kernels.shape)
        for i in range(k):
            for j in range(k):
                self.d_kernels[i, j] = np.tensordot(self.x[:, i:i + h, j:j + w, :], d, ([0, 1, 2], [0, 1, 2]))
                dx[:, i:i + h, j:j + w, :] += d @ self.kernels[i, j].T
        self.d_bias = d.sum(axis=(0, 1, 2))
        return dx


class SameConv:
    """One channel in, one out, odd kernel, output as large as the input (N, H, W)."""

    def __init__(self, kernel_size=3):
        self.kernel = np.random.randn(kernel_size, kernel_size)

    def _correlate(self, images, kernel):
        k = kernel.shape[0]
        p = k // 2
        padded = np.pad(images, ((0, 0), (p, p), (p, p)))
        h, w = images.shape[1:]
        out = np.zeros(images.shape)
        for i in range(k):
            for j in range(k):
                out += kernel[i, j] * padded[:, i:i + h, j:j + w]
        return out

    def forward(self, images):
        if images.ndim != 3:
            raise ValueError("expected (N, H, W)")
        self.images = images
        return self._correlate(images, self.kernel)

    def backward(self, d_out):
        k = self.kernel.shape[0]
        p = k // 2
        padded = np.pad(self.images, ((0, 0), (p, p), (p, p)))
        h, w = self.images.shape[1:]
        self.d_kernel = np.zeros_like(self.kernel)
        for i in range(k):
            for j in range(k):
                self.d_kernel[i, j] = np.sum(d_out * padded[:, i:i + h, j:j + w])
        return self._correlate(d_out, self.kernel)


class MaxPoolNHWC:
    def __init__(self, pool_size=2, stride=2):
        self.pool_size = pool_size
        self.stride = stride

    def forward(self, x):
        n, h, w, c = x.shape
        f, s = self.pool_size, self.stride
        ho, wo = (h - f) // s + 1, (w - f) // s + 1
        self.x = x
        self.arg = np.zeros((n, ho, wo, c), dtype=int)
        out = np.zeros((n, ho, wo, c))
        for i in range(ho):
            for j in range(wo):
                window = x[:, i * s:i * s + f, j * s:j * s + f, :].reshape(n, f * f, c)
                self.arg[:, i, j, :] = window.argmax(axis=1)
                out[:, i, j, :] = window.max(axis=1)
        return out

    def backward(self, dout):
        f, s = self.pool_size, self.stride
        n, ho, wo, c = dout.shape
        dx = np.zeros(self.x.shape)
        for b in range(n):
            for i in range(ho):
                for j in range(wo):
                    for k in range(c):
                        r, q = divmod(int(self.arg[b, i, j, k]), f)
                        dx[b, i * s + r, j * s + q, k] += dout[b, i, j, k]
        return dx


class GlobalAvgPool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        n, c, h, w = self.shape
        return np.ones(self.shape) * dout[:, :, None, None] / (h * w)


class Upsample2d:
    """Nearest neighbour, images (N, C, H, W)."""

    def __init__(self, scale=2):
        self.scale = scale

    def forward(self, x):
        self.N, self.C, self.H, self.W = x.shape
        return x.repeat(self.scale, axis=2).repeat(self.scale, axis=3)

    def backward(self, dout):
        s = self.scale
        return dout.reshape(self.N, self.C, self.W, s, self.H, s).sum(axis=(3, 5))


class ZeroPad2d:
    def __init__(self, padding=1):
        self.padding = padding

    def forward(self, x):
        n, c, h, w = x.shape
        p = self.padding
        return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")

    def backward(self, dout):
        p = self.padding
        return dout[:, :, p:-p, p:-p]


class SpatialBatchNorm:
    """Per channel, over batch and positions; images (N, C, H, W)."""

    def __init__(self, channels, eps=1e-5):
        self.gamma = np.ones((1, channels, 1, 1))
        self.beta = np.zeros((1, channels, 1, 1))
        self.eps = eps

    def forward(self, x):
        mu = x.mean(axis=(0, 2, 3), keepdims=True)
        self.std = np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + self.eps)
        self.xhat = (x - mu) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        axes = (0, 2, 3)
        self.dgamma = (dout * self.xhat).sum(axis=axes, keepdims=True)
        self.dbeta = dout.sum(axis=axes, keepdims=True)
        g = dout * self.gamma
        return (g - g.mean(axis=axes, keepdims=True)
                - self.xhat * (g * self.xhat).mean(axis=axes, keepdims=True)) / self.std
