# quick experiment, run me with: python trains_at_import.py
import time

import numpy as np

np.random.seed(0)
HIDDEN = 16
LEARNING_RATE = 1e-3


class Linear:
    def __init__(self, n_in, n_out=HIDDEN):
        self.W = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class Sine:
    """with a frequency"""

    def __init__(self, omega=3.0):
        self.omega = omega

    def forward(self, x):
        self.x = x
        return np.sin(self.omega * x)

    def backward(self, grad):
        return grad * np.cos(self.omega * self.x)


class SquaredError:
    def forward(self, y, t):
        self.d = y - t
        return 0.5 * (self.d ** 2).sum() / len(y)

    def backward(self):
        return self.d / len(self.d)


data = np.random.randn(20000, 8)
target = np.sin(data.sum(axis=1, keepdims=True))
net = [Linear(8), Sine(), Linear(HIDDEN, 1)]
criterion = SquaredError()

step = 0
while True:
    out = data
    for layer in net:
        out = layer.forward(out)
    loss = criterion.forward(out, target)
    grad = criterion.backward()
    for layer in reversed(net):
        grad = layer.backward(grad)
        if hasattr(layer, 'W'):
            layer.W -= LEARNING_RATE * layer.dW
            layer.b -= LEARNING_RATE * layer.db
    step += 1
    print(step, loss)
    time.sleep(0.1)
    if loss < 1e-9:
        break
