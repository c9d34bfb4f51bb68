"""Whole small networks with loss(x, t) and gradient(x, t), parameters and gradients in dicts."""
from collections import OrderedDict

import numpy as np


class Affine:
    def __init__(self, params, w_name, b_name):
        self.params, self.w_name, self.b_name = params, w_name, b_name

    def forward(self, x, train_flg=False):
        self.x = x
        return x @ self.params[self.w_name] + self.params[self.b_name]

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.params[self.w_name].T


class Relu:
    def forward(self, x, train_flg=False):
        self.positive = x > 0
        return x * self.positive

    def backward(self, dout):
        return dout * self.positive


class Dropout:
    def __init__(self, ratio):
        self.ratio = ratio

    def forward(self, x, train_flg=False):
        self.mask = np.ones(x.shape)
        if train_flg:
            self.mask = (np.random.rand(*x.shape) >= self.ratio) / (1.0 - self.ratio)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxWithLoss:
    def forward(self, x, t):
        z = x - x.max(axis=1, keepdims=True)
        self.log_y = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.t = t if t.ndim == 2 else np.eye(x.shape[1])[t]
        return -np.sum(self.t * self.log_y) / x.shape[0]

    def backward(self, dout=1.0):
        return dout * (np.exp(self.log_y) - self.t) / self.t.shape[0]


class TwoLayerNet:
    """Affine - ReLU - Affine - softmax; 0.5 * weight_decay * sum(W^2) is a part of the loss."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01, weight_decay=0.0):
        self.weight_decay = weight_decay
        self.params = {}
        self.params['W1'] = weight_init_std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = weight_init_std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)
        self.layers = OrderedDict()
        self.layers['Affine1'] = Affine(self.params, 'W1', 'b1')
        self.layers['Relu1'] = Relu()
        self.layers['Affine2'] = Affine(self.params, 'W2', 'b2')
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        penalty = sum(np.sum(self.params[k] ** 2) for k in ('W1', 'W2'))
        return self.last_layer.forward(self.predict(x), t) + 0.5 * self.weight_decay * penalty

    def accuracy(self, x, t):
        t = t.argmax(axis=1) if t.ndim == 2 else t
        return np.mean(self.predict(x).argmax(axis=1) == t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1.0)
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        grads = {}
        grads['W2'] = self.layers['Affine2'].dW + self.weight_decay * self.params['W2']
        grads['b2'] = self.layers['Affine2'].db
        grads['W1'] = self.layers['Affine1'].dW + self.weight_decay * self.params['W1']
        grads['b1'] = self.layers['Affine1'].db
        return grads


class DropoutNet:
    """Any number of hidden layers, dropout after each; l2 * sum(W^2) is a part of the loss."""

    def __init__(self, sizes, drop_ratio=0.5, l2=0.0):
        self.l2, self.depth = l2, len(sizes) - 1
        self.params = {}
        for i in range(1, self.depth + 1):
            scale = np.sqrt(2.0 / sizes[i - 1])
            self.params['W%d' % i] = scale * np.random.randn(sizes[i - 1], sizes[i])
            self.params['b%d' % i] = np.zeros(sizes[i])
        self.affines = [Affine(self.params, 'W%d' % i, 'b%d' % i) for i in range(1, self.depth + 1)]
        self.relus = [Relu() for _ in range(self.depth - 1)]
        self.drops = [Dropout(drop_ratio) for _ in range(self.depth - 1)]
        self.head = SoftmaxWithLoss()

    def predict(self, x, train_flg=False):
        for affine, relu, drop in zip(self.affines, self.relus, self.drops):
            x = relu.forward(affine.forward(x))
            x = drop.forward(x, train_flg)
        return self.affines[-1].forward(x)

    def loss(self, x, t, train_flg=False):
        y = self.predict(x, train_flg)
        return self.head.forward(y, t) + self.l2 * sum(np.sum(a.params[a.w_name] ** 2) for a in self.affines)

    def accuracy(self, x, t):
        hits = self.predict(x).argmax(axis=1) == (t.argmax(axis=1) if t.ndim == 2 else t)
        return hits.mean()

    def gradient(self, x, t, train_flg=False):
        self.loss(x, t, train_flg)
        d = self.affines[-1].backward(self.head.backward())
        for i in range(self.depth - 2, -1, -1):
            d = self.affines[i].backward(self.relus[i].backward(self.drops[i].backward(d)))
        grads = {}
        for a in self.affines:
            grads[a.w_name] = a.dW + 2 * self.l2 * self.params[a.w_name]
            grads[a.b_name] = a.db
        return grads


class BinaryNet:
    """One tanh layer and one logistic output; labels 0 or 1 as (N,) or (N, 1)."""

    def __init__(self, n_in, n_hidden, std=0.1):
        self.params = {}
        self.params['W1'] = std * np.random.randn(n_in, n_hidden)
        self.params['b1'] = np.zeros(n_hidden)
        self.params['W2'] = std * np.random.randn(n_hidden, 1)
        self.params['b2'] = np.zeros(1)

    def predict(self, x):
        """The logits (N, 1)."""
        hidden = np.tanh(x @ self.params['W1'] + self.params['b1'])
        return hidden @ self.params['W2'] + self.params['b2']

    def loss(self, x, t):
        z = self.predict(x)
        return np.mean(np.logaddexp(0.0, z) - z * t.reshape(-1, 1))

    def accuracy(self, x, t):
        return np.mean((self.predict(x) > 0).ravel() == t.ravel())

    def gradient(self, x, t):
        z1 = np.tanh(x @ self.params['W1'] + self.params['b1'])
        a2 = z1 @ self.params['W2'] + self.params['b2']
        da2 = (0.5 * (1.0 + np.tanh(0.5 * a2)) - t.reshape(-1, 1)) / x.shape[0]
        dz1 = da2 @ self.params['W2'].T
        da1 = dz1 * (1.0 - z1 ** 2)
        return {'W1': x.T @ da1, 'b1': da1.sum(axis=0), 'W2': z1.T @ da2, 'b2': da2.sum(axis=0)}
