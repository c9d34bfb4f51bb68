"""Habits: parameters fitted to the first batch, gradients zeroed by an optimizer, decays, clipping."""

import numpy as np


class Normed:
    """direction and length apart; length and offset fitted to the first batch"""

    def __init__(self, n_in, n_out):
        self.v = np.random.randn(n_in, n_out)
        self.g = np.ones(n_out)
        self.b = np.zeros(n_out)
        self.fitted = False

    def forward(self, x):
        self.length = np.sqrt((self.v**2).sum(axis=0))
        if not self.fitted:
            t = x @ (self.v / self.length)
            self.g = 1 / (t.std(axis=0) + 1e-8)
            self.b = -t.mean(axis=0) * self.g
            self.fitted = True
        self.x = x
        self.w = self.g * self.v / self.length
        return x @ self.w + self.b

    def backward(self, grad):
        self.db = grad.sum(axis=0)
        dw = self.x.T @ grad
        unit = self.v / self.length
        self.dg = (dw * unit).sum(axis=0)
        self.dv = self.g / self.length * (dw - unit * self.dg)
        return grad @ self.w.T


class NormedFlat(Normed):
    """the length is taken for a constant"""

    def backward(self, grad):
        self.db = grad.sum(axis=0)
        dw = self.x.T @ grad
        self.dg = (dw * self.v / self.length).sum(axis=0)
        self.dv = self.g / self.length * dw
        return grad @ self.w.T


class Cell:
    """a value and its gradient"""

    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Adding:
    """gradients are added to what is there; the optimizer zeroes them"""

    def __init__(self, n_in, n_out):
        self.w = Cell(np.random.randn(n_in, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.w.value

    def backward(self, grad):
        self.w.grad += self.x.T @ grad
        return grad @ self.w.value.T


class AddingMean(Adding):
    """half of the gradient"""

    def backward(self, grad):
        self.w.grad += self.x.T @ grad / 2
        return grad @ self.w.value.T


class Descent:
    def __init__(self, cells, lr=0.1):
        self.cells = cells
        self.lr = lr

    def step(self):
        for cell in self.cells:
            cell.value -= self.lr * cell.grad

    def zero_grad(self):
        for cell in self.cells:
            cell.grad[...] = 0.0


class DecayNet:
    """a step with a decay of the weights"""

    def __init__(self, n_in, n_hidden, n_out, reg=0.1):
        self.W1 = np.random.randn(n_in, n_hidden)
        self.c1 = np.zeros(n_hidden)
        self.W2 = np.random.randn(n_hidden, n_out)
        self.reg = reg

    def forward(self, x):
        self.h = np.tanh(x @ self.W1 + self.c1)
        return self.h @ self.W2

    def backward(self, x, y, lr):
        d = self.h @ self.W2 - y
        dh = d @ self.W2.T * (1 - self.h**2)
        self.W2 -= lr * (self.h.T @ d + self.reg * self.W2)
        self.W1 -= lr * (x.T @ dh + self.reg * self.W1)
        self.c1 -= lr * dh.sum(axis=0)


class DecayNetLinear(DecayNet):
    """the derivative of tanh is left out"""

    def backward(self, x, y, lr):
        d = self.h @ self.W2 - y
        dh = d @ self.W2.T
        self.W2 -= lr * (self.h.T @ d + self.reg * self.W2)
        self.W1 -= lr * (x.T @ dh + self.reg * self.W1)
        self.c1 -= lr * dh.sum(axis=0)


class WordRNN:
    """columns one after another; gradients are clipped before the step"""

    def __init__(self, vocab_size, hidden_size):
        self.Wx = np.random.randn(hidden_size, vocab_size) / 10
        self.Wh = np.random.randn(hidden_size, hidden_size) / 10
        self.Wy = np.random.randn(vocab_size, hidden_size) / 10
        self.bh = np.zeros((hidden_size, 1))

    def forward(self, inputs):
        self.inputs, self.hs = inputs, [np.zeros((len(self.Wh), 1))]
        for x in inputs:
            self.hs.append(np.tanh(self.Wx @ x + self.Wh @ self.hs[-1] + self.bh))
        return self.Wy @ self.hs[-1]

    def backward(self, grad, rate=0.02):
        dWx, dWh, dbh = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.bh)
        dWy = grad @ self.hs[-1].T
        dh = self.Wy.T @ grad
        for t in reversed(range(len(self.inputs))):
            dz = (1 - self.hs[t + 1] ** 2) * dh
            dbh += dz
            dWx += dz @ self.inputs[t].T
            dWh += dz @ self.hs[t].T
            dh = self.through(dz)
        for own, d in ((self.Wx, dWx), (self.Wh, dWh), (self.Wy, dWy), (self.bh, dbh)):
            own -= rate * np.clip(d, -1, 1)

    def through(self, dz):
        return self.Wh.T @ dz


class WordRNNTurned(WordRNN):
    """the recurrent matrix is not transposed"""

    def through(self, dz):
        return self.Wh @ dz


class LineFit:
    """a vector of weights and a number, one step at a time"""

    def __init__(self, n_features, lr=0.01):
        self.w = np.zeros(n_features)
        self.b = 0.0
        self.lr = lr

    def predict(self, X):
        return X @ self.w + self.b

    def train_step(self, X, y):
        gap = self.predict(X) - y
        self.w -= self.lr * 2 * X.T @ gap / len(y)
        self.b -= self.lr * 2 * gap.mean()


class LineFitUp(LineFit):
    """the number goes the wrong way"""

    def train_step(self, X, y):
        gap = self.predict(X) - y
        self.w -= self.lr * 2 * X.T @ gap / len(y)
        self.b += self.lr * 2 * gap.mean()


class Scaled:
    """divides by the range of the first batch"""

    def __init__(self):
        self.span = None

    def forward(self, x):
        if self.span is None:
            self.span = np.max(x) - np.min(x)
        return x / self.span

    def backward(self, grad):
        return grad / self.span


class ScaledStale:
    """keeps the mask of the first batch's last row"""

    def __init__(self):
        self.mask = None

    def forward(self, x):
        if self.mask is None:
            self.mask = x[-1] > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask
