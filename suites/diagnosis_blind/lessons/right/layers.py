"""Layers with forward(x) -> out and backward(dout) -> dx; parameter gradients are kept as dW, db."""
import numpy as np


class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.x_shape = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x_shape = x.shape
        self.x = x.reshape(x.shape[0], -1).copy()
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx.reshape(self.x_shape)


class Convolution:
    """Images (N, C, H, W), filters (F, C, FH, FW), b (F,)."""

    def __init__(self, W, b, stride=1, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        N, C, H, W = x.shape
        F, _, FH, FW = self.W.shape
        s, p = self.stride, self.pad
        out_h = (H + 2 * p - FH) // s + 1
        out_w = (W + 2 * p - FW) // s + 1
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        out = np.zeros((N, F, out_h, out_w), dtype=np.result_type(x, self.W))
        for i in range(out_h):
            for j in range(out_w):
                win = xp[:, :, i * s:i * s + FH, j * s:j * s + FW]
                out[:, :, i, j] = np.tensordot(win, self.W, axes=([1, 2, 3], [1, 2, 3])) + self.b
        self.xp = xp
        self.x_shape = x.shape
        return out

    def backward(self, dout):
        N, C, H, W = self.x_shape
        F, _, FH, FW = self.W.shape
        s, p = self.stride, self.pad
        dxp = np.zeros(self.xp.shape, dtype=dout.dtype)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                top, left = i * s, j * s
                g = dout[:, :, i, j]
                win = self.xp[:, :, top:top + FH, left:left + FW]
                self.dW += np.tensordot(g, win, axes=([0], [0]))
                dxp[:, :, top:top + FH, left:left + FW] += np.tensordot(g, self.W, axes=([1], [0]))
        return dxp[:, :, p:p + H, p:p + W]


class MaxPooling:
    def __init__(self, pool_size=2, stride=2):
        self.pool_size = pool_size
        self.stride = stride

    def forward(self, x):
        N, C, H, W = x.shape
        k, s = self.pool_size, self.stride
        out_h = (H - k) // s + 1
        out_w = (W - k) // s + 1
        out = np.zeros((N, C, out_h, out_w), dtype=x.dtype)
        self.arg_max = np.zeros((N, C, out_h, out_w), dtype=int)
        for i in range(out_h):
            for j in range(out_w):
                win = x[:, :, i * s:i * s + k, j * s:j * s + k].reshape(N, C, k * k)
                self.arg_max[:, :, i, j] = win.argmax(axis=2)
                out[:, :, i, j] = win.max(axis=2)
        self.x_shape = x.shape
        return out

    def backward(self, dout):
        k, s = self.pool_size, self.stride
        dx = np.zeros(self.x_shape, dtype=dout.dtype)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                hit = np.arange(k * k) == self.arg_max[:, :, i, j][:, :, None]
                part = (hit * dout[:, :, i, j][:, :, None]).reshape(hit.shape[:2] + (k, k))
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += part
        return dx


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(x.shape[0], -1).copy()

    def backward(self, dout):
        return dout.reshape(self.shape)


class Dropout:
    """Inverted dropout: rate is the share of units that is dropped."""

    def __init__(self, rate=0.5):
        self.rate = rate
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            keep = 1.0 - self.rate
            self.mask = ((np.random.rand(*x.shape) < keep) / keep).astype(x.dtype)
        else:
            self.mask = np.ones_like(x)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class BatchNormalization:
    def __init__(self, gamma, beta, momentum=0.9, eps=1e-5):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros_like(gamma)
        self.running_var = np.ones_like(gamma)

    def forward(self, x, train_flg=True):
        self.train_flg = train_flg
        if train_flg:
            mu = x.mean(axis=0)
            var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xn = (x - mu) / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = dout * self.gamma
        if not self.train_flg:
            return dxn / self.std
        mean_d = dxn.mean(axis=0)
        mean_dx = np.mean(dxn * self.xn, axis=0)
        return (dxn - mean_d - self.xn * mean_dx) / self.std
