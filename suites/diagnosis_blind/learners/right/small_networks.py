"""Whole small networks: TwoLayerNet and MultiLayerNet (fish book) and a little Model with dropout (NNFS)."""
from collections import OrderedDict
import numpy as np


def numerical_gradient(f, x):
    """Central differences of the scalar function f at x. f is called while x is changed in place."""
    h = 1e-4
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=['multi_index'])
    for _ in it:
        idx = it.multi_index
        tmp_val = x[idx].copy()
        x[idx] = tmp_val + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        x[idx] = tmp_val
        grad[idx] = (fxh1 - fxh2) / (2 * h)
    return grad


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def class_numbers(t):
    t = np.asarray(t)
    return t.argmax(axis=1) if t.ndim == 2 else t


class Affine:

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x, training=True):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = dout.sum(axis=0)
        return np.dot(dout, self.W.T)


class Relu:

    def forward(self, x, training=True):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Dropout:

    def __init__(self, rate):
        self.keep = 1 - rate

    def forward(self, x, training=True):
        self.mask = np.ones(x.shape)
        if training:
            self.mask = np.random.binomial(1, self.keep, size=x.shape) / self.keep
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxWithLoss:

    def forward(self, x, t):
        self.t = class_numbers(t)
        self.log_y = log_softmax(x)
        return -np.mean(self.log_y[np.arange(len(self.t)), self.t])

    def backward(self, dout=1):
        dx = np.exp(self.log_y)
        dx[np.arange(len(self.t)), self.t] -= 1
        return dout * dx / len(self.t)


class TwoLayerNet:
    """Everything by hand: sigmoid in the middle, softmax at the end."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01):
        self.params = {}
        self.params['W1'] = weight_init_std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = weight_init_std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def predict(self, x):
        W1, W2 = self.params['W1'], self.params['W2']
        b1, b2 = self.params['b1'], self.params['b2']
        self.z1 = 0.5 * (1 + np.tanh(0.5 * (np.dot(x, W1) + b1)))
        return np.dot(self.z1, W2) + b2

    def loss(self, x, t):
        t = class_numbers(t)
        log_y = log_softmax(self.predict(x))
        return -np.mean(log_y[np.arange(len(t)), t])

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == class_numbers(t))

    def gradient(self, x, t):
        t = class_numbers(t)
        dy = np.exp(log_softmax(self.predict(x)))
        dy[np.arange(len(t)), t] -= 1
        dy /= len(t)
        grads = {}
        grads['W2'] = np.dot(self.z1.T, dy)
        grads['b2'] = dy.sum(axis=0)
        da1 = np.dot(dy, self.params['W2'].T) * self.z1 * (1 - self.z1)
        grads['W1'] = np.dot(x.T, da1)
        grads['b1'] = da1.sum(axis=0)
        return grads


class MultiLayerNet:
    """Any number of hidden layers, He initial values, weight decay 1/2 lambda sum W^2."""

    def __init__(self, input_size, hidden_size_list, output_size, weight_decay_lambda=0):
        self.weight_decay_lambda = weight_decay_lambda
        sizes = [input_size] + list(hidden_size_list) + [output_size]
        self.depth = len(sizes) - 1
        self.params = {}
        for i in range(1, self.depth + 1):
            scale = np.sqrt(2.0 / sizes[i - 1])
            self.params['W' + str(i)] = scale * np.random.randn(sizes[i - 1], sizes[i])
            self.params['b' + str(i)] = np.zeros(sizes[i])
        self.build()

    def build(self):
        self.layers = OrderedDict()
        for i in range(1, self.depth + 1):
            self.layers['Affine' + str(i)] = Affine(self.params['W' + str(i)], self.params['b' + str(i)])
            if i < self.depth:
                self.layers['Relu' + str(i)] = Relu()
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        self.build()        # so that params may be replaced by other arrays
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        weight_decay = 0
        for i in range(1, self.depth + 1):
            weight_decay += 0.5 * self.weight_decay_lambda * np.sum(self.params['W' + str(i)] ** 2)
        y = self.predict(x)
        return self.last_layer.forward(y, t) + weight_decay

    def numerical_gradient(self, x, t):
        return {key: numerical_gradient(lambda _: self.loss(x, t), p) for key, p in self.params.items()}

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        grads = {}
        for i in range(self.depth, 0, -1):
            layer = self.layers['Affine' + str(i)]
            grads['W' + str(i)] = layer.dW + self.weight_decay_lambda * layer.W
            grads['b' + str(i)] = layer.db
        return grads


class Model:
    """Dense, ReLU, Dropout, Dense; predict() is for the finished network, gradient() for training."""

    def __init__(self, n_inputs, n_hidden, n_outputs, rate=0.1):
        self.params = {'W1': np.sqrt(2 / n_inputs) * np.random.randn(n_inputs, n_hidden), 'b1': np.zeros(n_hidden),
                       'W2': np.sqrt(2 / n_hidden) * np.random.randn(n_hidden, n_outputs), 'b2': np.zeros(n_outputs)}
        self.rate = rate

    def forward(self, X, training):
        p = self.params
        self.layers = [Affine(p['W1'], p['b1']), Relu(), Dropout(self.rate), Affine(p['W2'], p['b2'])]
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def predict(self, X):
        return self.forward(X, training=False)

    def gradient(self, X, y):
        output = SoftmaxWithLoss()
        loss = output.forward(self.forward(X, training=True), y)
        dvalues = output.backward()
        for layer in reversed(self.layers):
            dvalues = layer.backward(dvalues)
        first, last = self.layers[0], self.layers[-1]
        return loss, {'W1': first.dW, 'b1': first.db, 'W2': last.dW, 'b2': last.db}
