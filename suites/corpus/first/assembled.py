"""Models with add and set: dropout that is not wired, a last batch that is dropped, predict in training mode."""
import numpy as np
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.5; self.b = np.zeros((1, n_out))
    def forward(self, x, training=False):
        self.x = x; self.output = x @ self.W + self.b; return self.output
    def backward(self, dout):
        self.dW = self.x.T @ dout; self.db = dout.sum(0, keepdims=True); self.dinputs = dout @ self.W.T
        return self.dinputs
class ReLU:
    def forward(self, x, training=False):
        self.mask = x > 0; self.output = x * self.mask; return self.output
    def backward(self, dout):
        self.dinputs = dout * self.mask; return self.dinputs
class Dropout:
    def __init__(self, rate): self.rate = rate
    def forward(self, x, training=False):
        if not training:
            self.mask = 1.0; self.output = x; return x
        self.mask = (np.random.rand(*x.shape) >= self.rate) / (1 - self.rate)
        self.output = x * self.mask; return self.output
    def backward(self, dout):
        self.dinputs = dout * self.mask; return self.dinputs
class MeanSquaredError:
    def calculate(self, y_pred, y_true): return np.mean((y_pred - y_true) ** 2)
    def backward(self, y_pred, y_true):
        self.dinputs = 2 * (y_pred - y_true) / y_true.size; return self.dinputs
class SGD:
    def __init__(self, lr=0.1): self.lr = lr
    def update_params(self, layer):
        layer.W -= self.lr * layer.dW; layer.b -= self.lr * layer.db
class Network:
    def __init__(self): self.layers = []
    def add(self, layer): self.layers.append(layer)
    def set(self, loss, optimizer): self.loss, self.optimizer = loss, optimizer
    def forward(self, x, training=True):
        for layer in self.layers: x = layer.forward(x, training)
        return x
    def backward(self, out, y):
        d = self.loss.backward(out, y)
        for layer in self.layers[::-1]: d = layer.backward(d)
    def train(self, X, y, epochs=1, batch_size=32, shuffle=False):
        n = len(X)
        for _ in range(epochs):
            idx = np.random.permutation(n) if shuffle else np.arange(n)
            for b in range(int(np.ceil(n / batch_size))):
                pick = idx[b * batch_size:(b + 1) * batch_size]
                out = self.forward(X[pick]); self.backward(out, y[pick])
                for layer in self.layers:
                    if hasattr(layer, 'W'): self.optimizer.update_params(layer)
    def predict(self, X, batch_size=None):
        return self.forward(X, training=False)


class ShuffledNetwork(Network):
    """drops the last batch, but another one each time"""
    def train(self, X, y, epochs=1, batch_size=2):
        for _ in range(epochs):
            idx = np.random.permutation(len(X))
            for b in range(len(X) // batch_size):
                pick = idx[b * batch_size:(b + 1) * batch_size]
                self.backward(self.forward(X[pick]), y[pick])
                for layer in self.layers:
                    if hasattr(layer, 'W'): self.optimizer.update_params(layer)


class LastBatchLost(Network):
    def train(self, X, y, epochs=1, batch_size=2):
        for _ in range(epochs):
            for b in range(len(X) // batch_size):
                pick = slice(b * batch_size, (b + 1) * batch_size)
                self.backward(self.forward(X[pick]), y[pick])
                for layer in self.layers:
                    if hasattr(layer, 'W'): self.optimizer.update_params(layer)


class PredictsInTraining(Network):
    def predict(self, X):
        return self.forward(X)


class DropoutNotWired(Network):
    def forward(self, x, training=True):
        for layer in self.layers:
            out = layer.forward(x, training)
            if not isinstance(layer, Dropout): x = out
        return x
