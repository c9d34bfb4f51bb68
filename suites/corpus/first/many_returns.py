"""backward returns everything at once, in different orders."""
import numpy as np


class FC1:
    def __init__(self, d_in, d_out):
        self.W = 0.1 * np.random.randn(d_in, d_out)
        self.b = np.zeros(d_out)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY):
        dX = dY @ self.W.T
        dW = self.X.T @ dY
        db = dY.sum(axis=0)
        return dX, dW, db


class FC2:
    def __init__(self, d_in, d_out):
        self.W = 0.1 * np.random.randn(d_in, d_out)
        self.b = np.zeros(d_out)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY):
        return dY @ self.W.T, [self.X.T @ dY, dY.sum(axis=0)]


class FC3:
    """gradient of the parameters first, then what goes to the layer below"""

    def __init__(self, d_in, d_out):
        self.W = 0.1 * np.random.randn(d_in, d_out)
        self.b = np.zeros(d_out)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY):
        dW = self.X.T @ dY
        db = dY.sum(axis=1)
        dX = dY @ self.W.T
        return dW, db, dX


class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) * 0.3
        self.Wh = np.random.randn(hidden_size, hidden_size) * 0.3
        self.b = np.zeros(hidden_size)

    def forward(self, x, h_prev):
        h = np.tanh(x @ self.Wx + h_prev @ self.Wh + self.b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh):
        x, h_prev, h = self.cache
        dt = dh * (1 - h * h)
        self.dWx = x.T @ dt
        self.dWh = h_prev.T @ dt
        self.db = dt.sum(axis=0)
        return dt @ self.Wx.T, dt @ self.Wh.T


class GRUCell:
    def __init__(self, input_size, hidden_size):
        s = input_size + hidden_size
        self.Wz = np.random.randn(s, hidden_size) * 0.3
        self.Wr = np.random.randn(s, hidden_size) * 0.3
        self.Wc = np.random.randn(s, hidden_size) * 0.3
        self.H = hidden_size

    @staticmethod
    def _sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def forward(self, x, h):
        xh = np.hstack([x, h])
        z = self._sigmoid(xh @ self.Wz)
        r = self._sigmoid(xh @ self.Wr)
        xrh = np.hstack([x, r * h])
        c = np.tanh(xrh @ self.Wc)
        self.cache = xh, xrh, z, r, c, h
        return (1 - z) * h + z * c

    def backward(self, dnext):
        xh, xrh, z, r, c, h = self.cache
        D = xh.shape[1] - self.H
        da_c = dnext * z * (1 - c ** 2)
        da_z = dnext * (c - h) * z * (1 - z)
        dxrh = da_c @ self.Wc.T
        da_r = dxrh[:, D:] * h * r * (1 - r)
        self.dWc = xrh.T @ da_c
        self.dWz = xh.T @ da_z
        self.dWr = xh.T @ da_r
        dxh = da_z @ self.Wz.T + da_r @ self.Wr.T
        dx = dxh[:, :D] + dxrh[:, :D]
        # through the copy gate and both sigmoid gates
        dh = dnext * (1 - z) + dxh[:, D:]
        return dx, dh


class Attention:
    """softmax(q k^T / sqrt(d)) v for (batch, time, features)"""

    def forward(self, q, k, v):
        self.q, self.k, self.v = q, k, v
        self.scale = 1 / np.sqrt(q.shape[-1])
        s = q @ k.transpose(0, 2, 1) * self.scale
        s = np.exp(s - s.max(axis=-1, keepdims=True))
        self.p = s / s.sum(axis=-1, keepdims=True)
        return self.p @ v

    def backward(self, dout):
        dv = self.p.transpose(0, 2, 1) @ dout
        dp = dout @ self.v.transpose(0, 2, 1)
        ds = self.p * (dp - (dp * self.p).sum(axis=-1, keepdims=True)) * self.scale
        return ds @ self.k, ds.transpose(0, 2, 1) @ self.q, dv
