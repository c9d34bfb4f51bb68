"""Convolution, pooling and losses along time."""
import numpy as np


class CausalConv1d:
    """x: (N, C, T), W: (F, C, K). Output t sees x[t], x[t - d], ... only; same length as the input."""

    def __init__(self, W, b, dilation=1):
        self.W, self.b = W, b
        self.dilation = dilation
        self.dW, self.db = None, None

    def forward(self, x):
        N, C, T = x.shape
        F, _, K = self.W.shape
        pad = (K - 1) * self.dilation
        self.xp = np.pad(x, ((0, 0), (0, 0), (pad, 0)))
        out = np.zeros((N, F, T), dtype=self.W.dtype)
        for k in range(K):
            s = k * self.dilation
            out += np.einsum('fc,nct->nft', self.W[:, :, k], self.xp[:, :, s:s + T])
        return out + self.b[:, None]

    def backward(self, dout):
        N, F, T = dout.shape
        K = self.W.shape[2]
        pad = (K - 1) * self.dilation
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2))
        dxp = np.zeros(self.xp.shape, dtype=dout.dtype)
        for k in range(K):
            s = k * self.dilation
            self.dW[:, :, k] = np.einsum('nft,nct->fc', dout, self.xp[:, :, s:s + T])
            dxp[:, :, s:s + T] += np.einsum('fc,nft->nct', self.W[:, :, k], dout)
        return dxp[:, :, pad:]


class AvgPool1d:
    """(N, C, T) with windows that may overlap; zeros count in the mean."""

    def __init__(self, size, stride=None, pad=0):
        self.size = size
        self.stride = stride or size
        self.pad = pad

    def forward(self, x):
        N, C, T = x.shape
        p, s = self.pad, self.stride
        xp = np.pad(x, ((0, 0), (0, 0), (p, p)))
        n_out = (T + 2 * p - self.size) // s + 1
        self.T = T
        return np.stack([xp[:, :, i * s:i * s + self.size].mean(axis=2) for i in range(n_out)], axis=2)

    def backward(self, dout):
        N, C, n_out = dout.shape
        p, s, T = self.pad, self.stride, self.T
        dxp = np.zeros((N, C, T + 2 * p), dtype=dout.dtype)
        for i in range(n_out):
            start = i * s
            dxp[:, :, start:start + self.size] += dout[:, :, i:i + 1] / self.size
        return dxp[:, :, p:p + T]


class LabelSmoothingLoss:
    """Cross entropy of logits (N, T, V) against smoothed one-hot targets (N, T, V); mean over all tokens."""

    def __init__(self, smoothing=0.1):
        self.smoothing = smoothing

    def forward(self, logits, onehot):
        N, T, V = logits.shape
        soft = np.empty(onehot.shape, dtype=logits.dtype)
        soft[...] = (1 - self.smoothing) * onehot + self.smoothing / V
        z = logits - logits.max(axis=2, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=2, keepdims=True))
        self.soft, self.logp = soft, logp
        return -np.sum(soft * logp) / (N * T)

    def backward(self, dout=1.0):
        N, T, V = self.logp.shape
        return dout * (np.exp(self.logp) - self.soft) / (N * T)


class TagLoss:
    """Binary cross entropy of probabilities (N, T) against 0/1 tags (N, T), mean over all entries."""

    def __init__(self, eps=1e-7):
        self.eps = eps

    def forward(self, p, y):
        self.p = np.clip(p, self.eps, 1 - self.eps)
        self.y = y
        return -np.mean(y * np.log(self.p) + (1 - y) * np.log(1 - self.p))

    def backward(self):
        p, y = self.p, self.y.astype(self.p.dtype)
        return (-y / p + (1 - y) / (1 - p)) / y.size
