"""A classifier with two dense layers for the spiral data, put together from layers that return what they compute."""
import numpy as np


class Dense:
    def __init__(self, n_in, n_out, l2=0.0, l1=0.0):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)
        self.l2 = l2
        self.l1 = l1

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout + 2 * self.l2 * self.W + self.l1 * np.sign(self.W)
        self.db = dout.sum(axis=0)
        return dout @ self.W.T

    def penalty(self):
        return self.l2 * np.sum(self.W ** 2) + self.l1 * np.sum(np.abs(self.W))


class ReLU:
    def forward(self, x):
        self.active = x > 0
        return np.where(self.active, x, 0)

    def backward(self, dout):
        return np.where(self.active, dout, 0)


class Dropout:
    def __init__(self, drop):
        self.drop = drop
        self.mask = None

    def forward(self, x, training):
        self.mask = None
        if not training or self.drop == 0:
            return x
        keep = 1.0 - self.drop
        self.mask = (np.random.rand(*x.shape) < keep) / keep
        return x * self.mask

    def backward(self, dout):
        if self.mask is None:
            return dout
        return dout * self.mask


class SoftmaxLoss:
    def forward(self, scores, t):
        t = np.asarray(t)
        self.t = t.argmax(axis=1) if t.shape == scores.shape else t.reshape(-1)
        scores = scores - scores.max(axis=1, keepdims=True)
        self.log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return -self.log_p[np.arange(len(self.t)), self.t].mean()

    def backward(self):
        n = len(self.t)
        d = np.exp(self.log_p)
        d[np.arange(n), self.t] -= 1.0
        return d / n


class SpiralNet:
    """params and grads are dicts with the keys W1, b1, W2, b2."""

    def __init__(self, n_in=2, n_hidden=16, n_classes=3, l2=1e-3, drop=0.0):
        self.l2 = l2
        self.params = {
            "W1": np.random.randn(n_in, n_hidden) / np.sqrt(n_in),
            "b1": np.zeros(n_hidden),
            "W2": np.random.randn(n_hidden, n_classes) / np.sqrt(n_hidden),
            "b2": np.zeros(n_classes),
        }
        self.relu = ReLU()
        self.dropout = Dropout(drop)
        self.last = SoftmaxLoss()

    def predict(self, x, training=False):
        p = self.params
        self.x = x
        self.hidden = self.relu.forward(x @ p["W1"] + p["b1"])
        self.dropped = self.dropout.forward(self.hidden, training)
        return self.dropped @ p["W2"] + p["b2"]

    def loss(self, x, t, training=False):
        data_loss = self.last.forward(self.predict(x, training), t)
        penalty = np.sum(self.params["W1"] ** 2) + np.sum(self.params["W2"] ** 2)
        return data_loss + self.l2 * penalty

    def accuracy(self, x, t):
        scores = self.predict(x)
        t = np.asarray(t)
        t = t.argmax(axis=1) if t.shape == scores.shape else t.reshape(-1)
        return np.mean(scores.argmax(axis=1) == t)

    def gradient(self, x, t, training=False):
        self.loss(x, t, training)
        dscores = self.last.backward()
        grads = {}
        grads["W2"] = self.dropped.T @ dscores + 2 * self.l2 * self.params["W2"]
        grads["b2"] = dscores.sum(axis=0)
        dhidden = self.dropout.backward(dscores @ self.params["W2"].T)
        dpre = self.relu.backward(dhidden)
        grads["W1"] = self.x.T @ dpre + 2 * self.l2 * self.params["W1"]
        grads["b1"] = dpre.sum(axis=0)
        return grads


class Model:
    """A chain of layers with forward/backward; get_parameters gives a snapshot that training does not touch."""

    def __init__(self, layers):
        self.layers = list(layers)
        self.trainable = [layer for layer in self.layers if hasattr(layer, "W")]

    def forward(self, x, training=False):
        for layer in self.layers:
            x = layer.forward(x, training) if isinstance(layer, Dropout) else layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def get_parameters(self):
        return [(layer.W.copy(), layer.b.copy()) for layer in self.trainable]

    def set_parameters(self, parameters):
        for layer, (W, b) in zip(self.trainable, parameters):
            layer.W = W.copy()
            layer.b = b.copy()
