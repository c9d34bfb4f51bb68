import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


class AffineThree:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dout):
        dX = dout @ self.W.T
        dW = self.X.T @ dout
        db = dout.sum(axis=0)
        return dX, dW, db


class AffineNested:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros((1, n_out))

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dout):
        return dout @ self.W.T, [self.X.T @ dout, dout.sum(axis=0, keepdims=True)]


class AffineLast:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, a_prev):
        self.a_prev = a_prev
        return a_prev.dot(self.W) + self.b

    def backward(self, dz):
        dW = self.a_prev.T.dot(dz)
        db = dz.sum(axis=0)
        da_prev = dz.dot(self.W.T)
        return dW, db, da_prev


class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) * 0.1
        self.Wh = np.random.randn(hidden_size, hidden_size) * 0.1
        self.b = np.zeros(hidden_size)

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.h = np.tanh(x @ self.Wx + h_prev @ self.Wh + self.b)
        return self.h

    def backward(self, dh):
        da = dh * (1 - self.h**2)
        dWx = self.x.T @ da
        dWh = self.h_prev.T @ dh
        db = da.sum(axis=0)
        return da @ self.Wx.T, da @ self.Wh.T, dWx, dWh, db


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.W = np.random.randn(input_size + hidden_size, 4 * hidden_size) * 0.1
        self.b = np.zeros(4 * hidden_size)
        self.H = hidden_size

    def forward(self, x, h, c):
        self.xh = np.concatenate([x, h], axis=1)
        i, f, o, g = np.split(self.xh @ self.W + self.b, 4, axis=1)
        self.i, self.f, self.o, self.g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        self.c_prev = c
        c_next = self.f * c + self.i * self.g
        self.tc = np.tanh(c_next)
        return self.o * self.tc, c_next

    def backward(self, dh, dc):
        dc = dc + dh * self.o * (1 - self.tc**2)
        dz = np.concatenate([
            dc * self.g * self.i * (1 - self.i),
            dc * self.c_prev * self.f * (1 - self.f),
            dh * self.tc * self.o * (1 - self.o),
            dc * self.i * (1 - self.g**2),
        ], axis=1)
        self.dW = self.xh.T @ dz
        self.db = dz.sum(axis=0)
        dxh = dz @ self.W.T
        return dxh[:, :-self.H], dxh[:, -self.H:], dc * self.f


class PeepLSTMCell:
    """Same cell, own layout of the gates: f, i, g, o."""

    def __init__(self, input_size, hidden_size):
        self.W = np.random.randn(input_size + hidden_size, 4 * hidden_size) * 0.1
        self.b = np.zeros(4 * hidden_size)
        self.H = hidden_size

    def forward(self, x, h, c):
        self.xh = np.concatenate([x, h], axis=1)
        f, i, g, o = np.split(self.xh @ self.W + self.b, 4, axis=1)
        self.f, self.i, self.g, self.o = sigmoid(f), sigmoid(i), np.tanh(g), sigmoid(o)
        self.c_prev = c
        c_next = self.f * c + self.i * self.g
        self.tc = np.tanh(c_next)
        return self.o * self.tc, c_next

    def backward(self, dh, dc):
        dc = dc + dh * self.o * (1 - self.tc**2)
        dz = np.concatenate([
            dc * self.c_prev * self.i * (1 - self.i),
            dc * self.g * self.i * (1 - self.i),
            dc * self.i * (1 - self.g**2),
            dh * self.tc * self.o * (1 - self.o),
        ], axis=1)
        self.dW = self.xh.T @ dz
        self.db = dz.sum(axis=0)
        dxh = dz @ self.W.T
        return dxh[:, :-self.H], dxh[:, -self.H:], dc * self.f


class Bilinear:
    def __init__(self, in1, in2):
        self.M = np.random.randn(in1, in2)

    def forward(self, left, right):
        self.left, self.right = left, right
        return np.sum((left @ self.M) * right, axis=1, keepdims=True)

    def backward(self, g):
        d_left = g * (self.right @ self.M.T)
        d_right = g * (self.left @ self.M)
        d_M = self.left.T @ (g * self.right)
        return d_left, d_right, d_M


class Multiply:
    def forward(self, x, y):
        self.x = x
        self.y = y
        return x * y

    def backward(self, dout):
        dx = dout * self.x
        dy = dout * self.y
        return dx, dy


class WeightedSum:
    def forward(self, a, b):
        return 2 * a - 3 * b

    def backward(self, dout):
        return 2 * dout, -3 * dout
