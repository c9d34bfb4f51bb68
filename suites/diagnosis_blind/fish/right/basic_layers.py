"""Small layers for fully connected networks: forward(x) gives the output, backward(dout) the gradient of x."""
import numpy as np


class Relu:
    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dx = dout.copy()
        dx[self.mask] = 0
        return dx


class LeakyRelu:
    def __init__(self, slope=0.1):
        self.slope = slope
        self.negative = None

    def forward(self, x):
        self.negative = x < 0
        return np.where(self.negative, self.slope * x, x)

    def backward(self, dout):
        return np.where(self.negative, self.slope * dout, dout)


class Sigmoid:
    def __init__(self):
        self.out = None

    def forward(self, x):
        e = np.exp(-np.abs(x))
        self.out = np.where(x >= 0, 1.0, e) / (1.0 + e)
        return self.out.copy()

    def backward(self, dout):
        return dout * (1.0 - self.out) * self.out


class Tanh:
    def __init__(self):
        self.out = None

    def forward(self, x):
        self.out = np.tanh(x)
        return self.out.copy()

    def backward(self, dout):
        return dout * (1.0 - self.out ** 2)


class Affine:
    """x may be (N, D) or a batch of images; it is flattened to (N, D) here."""

    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.x_shape = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x_shape = x.shape
        self.x = x.reshape(x.shape[0], -1)
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx.reshape(self.x_shape)


class SoftmaxWithLoss:
    """Mean cross entropy of softmax(x); t holds class numbers (N,) or one-hot rows (N, C)."""

    def __init__(self):
        self.y = None
        self.t = None
        self.loss = None

    def forward(self, x, t):
        t = np.asarray(t)
        if t.ndim == 2:
            t = t.argmax(axis=1)
        self.t = t.astype(np.int64)
        z = x - np.max(x, axis=1, keepdims=True)
        log_y = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        self.y = np.exp(log_y)
        self.loss = -np.mean(log_y[np.arange(len(self.t)), self.t])
        return self.loss

    def backward(self, dout=1.0):
        n = self.y.shape[0]
        dx = self.y.copy()
        dx[np.arange(n), self.t] -= 1.0
        return dx * dout / n
