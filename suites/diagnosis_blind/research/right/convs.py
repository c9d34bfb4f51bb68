"""Convolutions, NCHW. Weights of Conv2d: (out, in // groups, kh, kw); of ConvTranspose2d: (in, out, kh, kw)."""
import numpy as np


class Conv2d:
    def __init__(self, in_ch, out_ch, kernel_size, stride=1, padding=0, dilation=1, groups=1):
        k = kernel_size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        fan_in = in_ch // groups * k * k
        self.weight = np.random.randn(out_ch, in_ch // groups, k, k) * np.sqrt(2.0 / fan_in)
        self.bias = np.zeros(out_ch)
        self.grad_weight = self.grad_bias = None

    def forward(self, x):
        s, p, d, G = self.stride, self.padding, self.dilation, self.groups
        O, Cg, kh, kw = self.weight.shape
        N, C, H, W = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh = (H + 2 * p - d * (kh - 1) - 1) // s + 1
        ow = (W + 2 * p - d * (kw - 1) - 1) // s + 1
        self.in_shape = x.shape
        xg = self.xp.reshape(N, G, Cg, H + 2 * p, W + 2 * p)
        wg = self.weight.reshape(G, O // G, Cg, kh, kw)
        out = np.zeros((N, G, O // G, oh, ow))
        for i in range(kh):
            for j in range(kw):
                win = xg[..., i * d:i * d + s * oh:s, j * d:j * d + s * ow:s]
                out += np.einsum("ngchw,goc->ngohw", win, wg[..., i, j])
        return out.reshape(N, O, oh, ow) + self.bias.reshape(1, -1, 1, 1)

    def backward(self, grad_out):
        s, p, d, G = self.stride, self.padding, self.dilation, self.groups
        O, Cg, kh, kw = self.weight.shape
        N, C, H, W = self.in_shape
        oh, ow = grad_out.shape[2:]
        g = grad_out.reshape(N, G, O // G, oh, ow)
        xg = self.xp.reshape(N, G, Cg, H + 2 * p, W + 2 * p)
        wg = self.weight.reshape(G, O // G, Cg, kh, kw)
        dw = np.zeros_like(wg)
        dxp = np.zeros(xg.shape)
        for i in range(kh):
            for j in range(kw):
                rows, cols = slice(i * d, i * d + s * oh, s), slice(j * d, j * d + s * ow, s)
                dw[..., i, j] = np.einsum("ngohw,ngchw->goc", g, xg[..., rows, cols])
                dxp[..., rows, cols] += np.einsum("ngohw,goc->ngchw", g, wg[..., i, j])
        self.grad_weight = dw.reshape(self.weight.shape)
        self.grad_bias = grad_out.sum(axis=(0, 2, 3))
        dxp = dxp.reshape(self.xp.shape)
        return dxp[:, :, p:p + H, p:p + W]


class ConvTranspose2d:
    def __init__(self, in_ch, out_ch, kernel_size, stride=1, padding=0):
        self.stride, self.padding = stride, padding
        self.weight = np.random.randn(in_ch, out_ch, kernel_size, kernel_size) * 0.1
        self.bias = np.zeros(out_ch)

    def forward(self, x):
        self.x = np.array(x)
        s, p = self.stride, self.padding
        N, C, H, W = x.shape
        _, O, kh, kw = self.weight.shape
        full = np.zeros((N, O, (H - 1) * s + kh, (W - 1) * s + kw))
        for i in range(H):
            for j in range(W):
                patch = np.tensordot(x[:, :, i, j], self.weight, axes=(1, 0))
                full[:, :, i * s:i * s + kh, j * s:j * s + kw] += patch
        out = full[:, :, p:full.shape[2] - p, p:full.shape[3] - p]
        return out + self.bias[:, None, None]

    def backward(self, grad_out):
        s, p = self.stride, self.padding
        N, C, H, W = self.x.shape
        _, O, kh, kw = self.weight.shape
        gp = np.pad(grad_out, ((0, 0), (0, 0), (p, p), (p, p)))
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = grad_out.sum(axis=(0, 2, 3))
        dx = np.zeros(self.x.shape)
        for i in range(H):
            for j in range(W):
                g = gp[:, :, i * s:i * s + kh, j * s:j * s + kw]
                dx[:, :, i, j] = np.tensordot(g, self.weight, axes=([1, 2, 3], [1, 2, 3]))
                self.grad_weight += np.tensordot(self.x[:, :, i, j], g, axes=(0, 0))
        return dx


class CausalConv1d:
    """(N, C, T) -> (N, O, T): the output at time t sees the inputs up to t only."""

    def __init__(self, in_ch, out_ch, kernel_size, dilation=1):
        self.W = np.random.randn(kernel_size, in_ch, out_ch) / np.sqrt(kernel_size * in_ch)
        self.b = np.zeros(out_ch)
        self.dilation = dilation

    def forward(self, x):
        K = self.W.shape[0]
        T = x.shape[2]
        self.left = (K - 1) * self.dilation
        self.xp = np.pad(x, ((0, 0), (0, 0), (self.left, 0)))
        y = np.zeros((x.shape[0], self.W.shape[2], T)) + self.b[:, None]
        for k in range(K):
            seg = self.xp[:, :, k * self.dilation:k * self.dilation + T]
            y += np.einsum("nct,co->not", seg, self.W[k])
        return y

    def backward(self, dout):
        T = dout.shape[2]
        dxp = np.zeros(self.xp.shape)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2))
        for k in range(self.W.shape[0]):
            lo = k * self.dilation
            self.dW[k] = np.einsum("nct,not->co", self.xp[:, :, lo:lo + T], dout)
            dxp[:, :, lo:lo + T] += np.einsum("not,co->nct", dout, self.W[k])
        return dxp[:, :, self.left:]


class MaxPool2d:
    def __init__(self, kernel_size, stride=None):
        self.k = kernel_size
        self.stride = stride or kernel_size

    def forward(self, x):
        N, C, H, W = x.shape
        k, s = self.k, self.stride
        oh, ow = (H - k) // s + 1, (W - k) // s + 1
        self.shape = x.shape
        out = np.zeros((N, C, oh, ow))
        self.arg = np.zeros((N, C, oh, ow), dtype=int)
        for i in range(oh):
            for j in range(ow):
                win = x[:, :, i * s:i * s + k, j * s:j * s + k].reshape(N, C, -1)
                self.arg[:, :, i, j] = win.argmax(axis=2)
                out[:, :, i, j] = win.max(axis=2)
        return out

    def backward(self, grad_out):
        N, C, oh, ow = grad_out.shape
        dx = np.zeros(self.shape)
        n, c = np.ogrid[:N, :C]
        for i in range(oh):
            for j in range(ow):
                r, q = np.divmod(self.arg[:, :, i, j], self.k)
                dx[n, c, i * self.stride + r, j * self.stride + q] += grad_out[:, :, i, j]
        return dx


class SqueezeExcite:
    """y = x * sigmoid(relu(mean(x) W1) W2), one gate for each channel of each sample."""

    def __init__(self, channels, reduced):
        self.W1 = np.random.randn(channels, reduced) / np.sqrt(channels)
        self.W2 = np.random.randn(reduced, channels) / np.sqrt(reduced)

    def forward(self, x):
        self.x = x.copy()
        self.s = x.mean(axis=(2, 3))
        self.h = np.maximum(self.s @ self.W1, 0)
        self.gate = 0.5 + 0.5 * np.tanh(0.5 * (self.h @ self.W2))
        return x * self.gate[:, :, None, None]

    def backward(self, grad_out):
        H, W = self.x.shape[2:]
        dgate = (grad_out * self.x).sum(axis=(2, 3))
        dlogit = dgate * self.gate * (1 - self.gate)
        self.dW2 = self.h.T @ dlogit
        dh = (dlogit @ self.W2.T) * (self.h > 0)
        self.dW1 = self.s.T @ dh
        ds = dh @ self.W1.T
        return grad_out * self.gate[:, :, None, None] + ds[:, :, None, None] / (H * W)
