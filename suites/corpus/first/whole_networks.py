"""Networks with a backward of their own: it takes the output's gradient, or the targets."""

import numpy as np


class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, grad):
        return grad * self.y * (1 - self.y)


class TwoLayers:
    """dicts of parameters and gradients; the data gets no gradient"""

    def __init__(self, n_in=50, n_hidden=30, n_out=10):
        self.params = {
            "W1": np.random.randn(n_in, n_hidden),
            "b1": np.zeros(n_hidden),
            "W2": np.random.randn(n_hidden, n_out),
            "b2": np.zeros(n_out),
        }
        self.grads = {}

    def forward(self, x):
        self.x = x
        self.h = np.maximum(x @ self.params["W1"] + self.params["b1"], 0)
        return self.h @ self.params["W2"] + self.params["b2"]

    def backward(self, dout):
        self.grads["W2"], self.grads["b2"] = self.h.T @ dout, dout.sum(axis=0)
        dh = (dout @ self.params["W2"].T) * (self.h > 0)
        self.grads["W1"], self.grads["b1"] = self.x.T @ dh, dh.sum(axis=0)


class TwoLayersNoMask(TwoLayers):
    """the gradient passes where the unit was off"""

    def backward(self, dout):
        self.grads["W2"], self.grads["b2"] = self.h.T @ dout, dout.sum(axis=0)
        dh = dout @ self.params["W2"].T
        self.grads["W1"], self.grads["b1"] = self.x.T @ dh, dh.sum(axis=0)


class Digits:
    """layers inside, an input of a size that is written in the code"""

    def __init__(self):
        self.first = Dense(12 * 12, 6)
        self.act = Sigmoid()
        self.second = Dense(6, 4)

    def forward(self, images):
        flat = images.reshape(-1, 12 * 12)
        return self.second.forward(self.act.forward(self.first.forward(flat)))

    def backward(self, grad):
        self.first.backward(self.act.backward(self.second.backward(grad)))


class DigitsPast(Digits):
    """the gradient goes past the activation"""

    def backward(self, grad):
        self.first.backward(self.second.backward(grad))


class TargetsOnly:
    """softmax at the end; backward takes the targets"""

    def __init__(self, n_in, n_hidden, n_out):
        self.w1 = np.random.randn(n_in, n_hidden)
        self.c1 = np.zeros((1, n_hidden))
        self.w2 = np.random.randn(n_hidden, n_out)
        self.c2 = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        self.h = np.tanh(x @ self.w1 + self.c1)
        z = self.h @ self.w2 + self.c2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, y_true):
        dz = (self.p - y_true) / len(y_true)
        self.dw2, self.dc2 = self.h.T @ dz, dz.sum(axis=0, keepdims=True)
        dh = dz @ self.w2.T * (1 - self.h**2)
        self.dw1, self.dc1 = self.x.T @ dh, dh.sum(axis=0, keepdims=True)


class TargetsOnlyPoint(TargetsOnly):
    """the derivative of tanh at its own output"""

    def backward(self, y_true):
        dz = (self.p - y_true) / len(y_true)
        self.dw2, self.dc2 = self.h.T @ dz, dz.sum(axis=0, keepdims=True)
        dh = dz @ self.w2.T * (1 - np.tanh(self.h) ** 2)
        self.dw1, self.dc1 = self.x.T @ dh, dh.sum(axis=0, keepdims=True)


class Stack:
    """any number of layers, handed to the constructor"""

    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad


class StackOnce:
    """every layer gets the gradient of the output's layer"""

    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers[1:]):
            grad = layer.backward(grad)
        return grad @ self.layers[0].W.T


class Growing:
    """layers are added one by one"""

    def __init__(self):
        self.layers = []

    def add(self, layer):
        self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)


class GrowingTwice(Growing):
    """the last layer is gone through twice"""

    def backward(self, grad):
        grad = self.layers[-1].backward(grad) @ self.layers[-1].W
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
