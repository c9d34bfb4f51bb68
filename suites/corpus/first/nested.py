"""Layers made of layers, and parameters that hang on an object of their own."""
import numpy as np


class Weights:
    """params and grads of one layer"""

    def __init__(self, **arrays):
        self.params = arrays
        self.grads = {k: np.zeros_like(v) for k, v in arrays.items()}


class Dense:
    def __init__(self, n_in, n_out):
        self.store = Weights(w=np.random.randn(n_in, n_out), b=np.zeros(n_out))

    def forward(self, x):
        self.x = x
        return x @ self.store.params['w'] + self.store.params['b']

    def backward(self, dout):
        self.store.grads['w'] = self.x.T @ dout
        self.store.grads['b'] = dout.sum(axis=0)
        return dout @ self.store.params['w'].T


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dout):
        return dout * (1 - self.y ** 2)


class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


class Mlp:
    def __init__(self, n_in, n_hidden, n_out):
        self.net = Sequential([Dense(n_in, n_hidden), Tanh(), Dense(n_hidden, n_out)])

    def forward(self, x):
        return self.net.forward(x)

    def backward(self, dout):
        return self.net.backward(dout)


class Gate:
    """sigmoid(dense_a(x)) * dense_b(x)"""

    def __init__(self, n_in, n_out):
        self.dense_a = Dense(n_in, n_out)
        self.dense_b = Dense(n_in, n_out)

    def forward(self, x):
        self.s = 1 / (1 + np.exp(-self.dense_a.forward(x)))
        self.v = self.dense_b.forward(x)
        return self.s * self.v

    def backward(self, dout):
        dx = self.dense_a.backward(dout * self.v * self.s * (1 - self.s))
        dx = self.dense_b.backward(dout * self.s)
        return dx


class HiddenSetup:
    """_setup(input_shape, rng) has to be called before the first forward"""

    def __init__(self, units, scale=0.5):
        self.units = units
        self.scale = scale

    def _setup(self, input_shape, rng):
        self._W = rng.normal(0, self.scale, (input_shape[-1], self.units))
        self._b = np.zeros(self.units)

    def forward(self, x):
        self._x = x
        return x @ self._W + self._b

    def backward(self, dout):
        self._dW = self._x.T @ dout
        self._db = dout.sum(axis=0)
        return dout @ self._W.T
