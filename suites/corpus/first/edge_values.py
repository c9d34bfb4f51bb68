import numpy as np


class SoftplusNaive:
    def forward(self, x):
        self.x = x
        return np.log(1 + np.exp(x))

    def backward(self, dout):
        return dout / (1 + np.exp(-self.x))


class SoftmaxNaive:
    def forward(self, x):
        e = np.exp(x)
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, dout):
        return self.p * (dout - (dout * self.p).sum(axis=1, keepdims=True))


class LogSumExp:
    """(N, D) -> (N, 1)"""

    def forward(self, x):
        m = x.max(axis=1, keepdims=True)
        e = np.exp(x - m)
        s = e.sum(axis=1, keepdims=True)
        self.p = e / s
        return m + np.log(s)

    def backward(self, dout):
        return dout * self.p


class SqueezeDense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return np.squeeze(x @ self.W + self.b)

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class FlattenFast:
    """(N, ...) -> (N, D) without a copy where possible"""

    def forward(self, x):
        self.shape = x.shape
        return x.ravel(order='K').reshape(x.shape[0], -1)

    def backward(self, dout):
        return dout.reshape(self.shape)


class HardTanh:
    def forward(self, x):
        self.inside = (x > -1) & (x < 1)
        return np.clip(x, -1, 1)

    def backward(self, dout):
        return dout * self.inside


class Float32Dense:
    """everything in single precision"""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out).astype(np.float32)
        self.b = np.zeros(n_out, dtype=np.float32)

    def forward(self, x):
        self.x = x.astype(np.float32)
        return self.x @ self.W + self.b

    def backward(self, dout):
        dout = dout.astype(np.float32)
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class UndefinedName:
    def forward(self, x):
        self.x = x
        return x * np.abs(x)

    def backward(self, out):
        return 2 * np.abs(self.x) * dout
