"""Image layers with plain loops, channels last (N, H, W, C)."""
import numpy as np


class Conv2D:
    def __init__(self, kernel, bias, stride=1, padding=0):
        """kernel (kh, kw, C_in, C_out), bias (C_out,)"""
        self.kernel, self.bias = kernel, bias
        self.stride, self.padding = stride, padding

    def forward(self, images):
        p, s = self.padding, self.stride
        kh, kw, _, c_out = self.kernel.shape
        self.padded = np.pad(images, ((0, 0), (p, p), (p, p), (0, 0)))
        n, hp, wp, _ = self.padded.shape
        out_h, out_w = (hp - kh) // s + 1, (wp - kw) // s + 1
        out = np.zeros((n, out_h, out_w, c_out))
        for i in range(out_h):
            for j in range(out_w):
                window = self.padded[:, i * s:i * s + kh, j * s:j * s + kw, :]
                out[:, i, j, :] = np.tensordot(window, self.kernel, axes=3) + self.bias
        return out

    def backward(self, d_out):
        p, s = self.padding, self.stride
        kh, kw = self.kernel.shape[:2]
        n, hp, wp, _ = self.padded.shape
        d_padded = np.zeros(self.padded.shape)
        self.d_kernel = np.zeros(self.kernel.shape)
        self.d_bias = d_out.sum(axis=(0, 1, 2))
        for i in range(d_out.shape[1]):
            for j in range(d_out.shape[2]):
                g = d_out[:, i, j, :]
                rows = slice(i * s, i * s + kh)
                cols = slice(j * s, j * s + kw)
                self.d_kernel += np.einsum('nhwc,no->hwco', self.padded[:, rows, cols, :], g)
                d_padded[:, rows, cols, :] += np.einsum('hwco,no->nhwc', self.kernel, g)
        return d_padded[:, p:hp - p, p:wp - p, :]


class MaxPool2D:
    def __init__(self, size=2, stride=2):
        self.size, self.stride = size, stride

    def forward(self, images):
        k, s = self.size, self.stride
        self.images = images
        n, h, w, c = images.shape
        out = np.zeros((n, (h - k) // s + 1, (w - k) // s + 1, c))
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[:, i, j] = images[:, i * s:i * s + k, j * s:j * s + k].max(axis=(1, 2))
        return out

    def backward(self, d_out):
        k, s = self.size, self.stride
        d_images = np.zeros(self.images.shape)
        n, out_h, out_w, c = d_out.shape
        for b in range(n):
            for i in range(out_h):
                for j in range(out_w):
                    for ch in range(c):
                        window = self.images[b, i * s:i * s + k, j * s:j * s + k, ch]
                        r, q = np.unravel_index(window.argmax(), window.shape)
                        d_images[b, i * s + r, j * s + q, ch] += d_out[b, i, j, ch]
        return d_images


class AvgPool2D:
    def __init__(self, pool=(2, 2)):
        self.ph, self.pw = pool

    def forward(self, x):
        n, h, w, c = x.shape
        self.in_shape = x.shape
        self.rows, self.cols = h // self.ph, w // self.pw
        cut = x[:, :self.rows * self.ph, :self.cols * self.pw]
        return cut.reshape(n, self.rows, self.ph, self.cols, self.pw, c).mean(axis=(2, 4))

    def backward(self, grad):
        dx = np.zeros(self.in_shape)
        spread = np.repeat(np.repeat(grad, self.ph, axis=1), self.pw, axis=2)
        dx[:, :self.rows * self.ph, :self.cols * self.pw] = spread / (self.ph * self.pw)
        return dx


class GlobalAveragePool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(1, 2))

    def backward(self, grad):
        n, h, w, c = self.shape
        return np.ones(self.shape) * grad[:, None, None, :] / (h * w)


class UpSampling2D:
    """Every pixel becomes a block of size x size equal pixels."""

    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        self.x_shape = x.shape
        return x.repeat(self.size, axis=1).repeat(self.size, axis=2)

    def backward(self, grad):
        n, h, w, c = self.x_shape
        blocks = grad.reshape(n, h, self.size, w, self.size, c)
        return blocks.sum(axis=(2, 4))


class Flatten:
    def forward(self, x):
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, grad):
        return grad.reshape(self._shape)
