# mypy: ignore-errors
"""Layers about shapes: 1-D convolution, average and global pooling, upsampling, transposed conv."""

import numpy as np


class Conv1D:
    """x (n, channels, length), weight (filters, channels, size), bias (filters,); dilation too."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1):
        scale = 1 / np.sqrt(in_channels * kernel_size)
        self.weight = scale * np.random.randn(out_channels, in_channels, kernel_size)
        self.bias = np.zeros(out_channels)
        self.stride, self.padding, self.dilation = stride, padding, dilation

    def forward(self, x):
        n, _channels, length = x.shape
        filters, _c, size = self.weight.shape
        reach = self.dilation * (size - 1) + 1
        out_length = (length + 2 * self.padding - reach) // self.stride + 1
        self.x_pad = np.pad(x, ((0, 0), (0, 0), (self.padding, self.padding)))
        out = np.zeros((n, filters, out_length))
        for t in range(out_length):
            start = t * self.stride
            window = self.x_pad[:, :, start : start + reach : self.dilation]
            out[:, :, t] = np.einsum("nck,fck->nf", window, self.weight) + self.bias
        return out

    def backward(self, dout):
        reach = self.dilation * (self.weight.shape[2] - 1) + 1
        self.dweight = np.zeros(self.weight.shape)
        self.dbias = dout.sum(axis=(0, 2))
        dx_pad = np.zeros(self.x_pad.shape)
        for t in range(dout.shape[2]):
            start = t * self.stride
            taps = slice(start, start + reach, self.dilation)
            self.dweight += np.einsum("nf,nck->fck", dout[:, :, t], self.x_pad[:, :, taps])
            dx_pad[:, :, taps] += np.einsum("nf,fck->nck", dout[:, :, t], self.weight)
        return dx_pad[:, :, self.padding : dx_pad.shape[2] - self.padding]


class AvgPool2D:
    def __init__(self, kernel_size=2, stride=2):
        self.kernel_size = kernel_size
        self.stride = stride

    def forward(self, x):
        n, c, h, w = x.shape
        k, s = self.kernel_size, self.stride
        self.x_shape = x.shape
        out = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                window = x[:, :, i * s : i * s + k, j * s : j * s + k]
                out[:, :, i, j] = window.mean(axis=(2, 3))
        return out

    def backward(self, dout):
        k, s = self.kernel_size, self.stride
        dx = np.zeros(self.x_shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                share = dout[:, :, i, j][:, :, None, None] / (k * k)
                dx[:, :, i * s : i * s + k, j * s : j * s + k] += share
        return dx


class GlobalAveragePool2D:
    def forward(self, x):
        self.x_shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        _n, _c, h, w = self.x_shape
        return np.ones(self.x_shape) * dout[:, :, None, None] / (h * w)


class UpSampling2D:
    """Every pixel repeated `size` times in both directions."""

    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        return x.repeat(self.size, axis=2).repeat(self.size, axis=3)

    def backward(self, dout):
        n, c, h, w = dout.shape
        s = self.size
        return dout.reshape(n, c, h // s, s, w // s, s).sum(axis=(3, 5))


class ConvTranspose1D:
    """The adjoint of a strided 1-D convolution; weight (in_channels, out_channels, size)."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1):
        scale = 1 / np.sqrt(in_channels * kernel_size)
        self.weight = scale * np.random.randn(in_channels, out_channels, kernel_size)
        self.stride = stride

    def forward(self, x):
        self.x = x.copy()
        n, _c, length = x.shape
        _c, filters, size = self.weight.shape
        out = np.zeros((n, filters, (length - 1) * self.stride + size))
        for t in range(length):
            start = t * self.stride
            out[:, :, start : start + size] += np.einsum("nc,cfk->nfk", x[:, :, t], self.weight)
        return out

    def backward(self, dout):
        size = self.weight.shape[2]
        self.dweight = np.zeros(self.weight.shape)
        dx = np.zeros(self.x.shape)
        for t in range(dx.shape[2]):
            start = t * self.stride
            window = dout[:, :, start : start + size]
            self.dweight += np.einsum("nc,nfk->cfk", self.x[:, :, t], window)
            dx[:, :, t] = np.einsum("nfk,cfk->nc", window, self.weight)
        return dx


class Dense1D:
    """A dense layer for one matrix of rows, writing its dx entry by entry through a flat view."""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.dW = np.zeros((n_in, n_out))

    def forward(self, x):
        self.x = np.array(x)
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        dx = np.zeros(self.x.shape)
        flat = dx.ravel()
        flat[:] = (dout @ self.W.T).ravel()
        return dx
