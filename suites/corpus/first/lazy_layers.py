"""Parameters that do not exist until the first forward, or until somebody calls setup."""
import copy

import numpy as np


class LazyDense:
    def __init__(self, units, activation=None):
        self.units = units
        self.W = None
        self.b = None

    def forward(self, x):
        if self.W is None:
            self.W = np.random.randn(x.shape[1], self.units) * 0.1
            self.b = np.zeros(self.units)
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class SetupDense:
    def __init__(self, n_units, l2=0.0):
        self.n_units = n_units
        self.l2 = l2

    def setup(self, x_shape):
        self.W = np.random.uniform(-0.3, 0.3, size=(x_shape[1], self.n_units))
        self.b = np.zeros((1, self.n_units))

    def forward(self, X):
        self.last_input = X
        return np.dot(X, self.W) + self.b

    def backward(self, delta):
        self.dW = np.dot(self.last_input.T, delta)
        self.db = np.mean(delta, axis=0, keepdims=True)
        return np.dot(delta, self.W.T)


class Optimizer:
    """plain gradient descent, one copy per parameter"""

    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def update(self, w, grad):
        return w - self.learning_rate * grad


class TwoStageDense:
    def __init__(self, n_units, input_shape=None):
        self.input_shape = input_shape
        self.n_units = n_units
        self.trainable = True
        self.W = None
        self.w0 = None

    def set_input_shape(self, shape):
        self.input_shape = shape

    def initialize(self, optimizer):
        limit = 1 / np.sqrt(self.input_shape[0])
        self.W = np.random.uniform(-limit, limit, (self.input_shape[0], self.n_units))
        self.w0 = np.zeros((1, self.n_units))
        self.W_opt = copy.copy(optimizer)
        self.w0_opt = copy.copy(optimizer)

    def forward_pass(self, X, training=True):
        self.layer_input = X
        return X.dot(self.W) + self.w0

    def backward_pass(self, accum_grad):
        W = self.W
        if self.trainable:
            grad_w = self.layer_input.T.dot(accum_grad)
            grad_w0 = np.sum(accum_grad, axis=0, keepdims=True)
            self.W = self.W_opt.update(self.W, grad_w)
            self.w0 = self.w0_opt.update(self.w0, grad_w0)
        return accum_grad.dot(W.T)


class InitWeightsDense:
    def __init__(self, n_in, n_out):
        self.n_in, self.n_out = n_in, n_out

    def init_weights(self, rng=None):
        rng = rng or np.random.default_rng(0)
        self.weights = rng.normal(0, 0.1, (self.n_in, self.n_out))
        self.bias = np.zeros(self.n_out)

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, grad):
        self.weights_grad = self.x.T @ grad
        self.bias_grad = grad.sum(axis=0)
        return grad @ self.weights.T


class NamedAffine:
    def __init__(self, name, W, b):
        self.name = name
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W


class ShapedDense:
    """shape = (inputs, outputs), initializer = callable taking a shape"""

    def __init__(self, shape, initializer=np.ones):
        self.w = initializer(shape)
        self.b = np.zeros(shape[1])

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, delta):
        self.dw = self.x.T @ delta
        self.db = delta.sum(axis=0)
        return delta @ self.w.T


class CallableInit:
    def __init__(self, n_inputs, n_outputs, init_fn):
        self.w = init_fn(n_inputs, n_outputs)
        self.b = np.zeros(n_outputs)

    def forward(self, x):
        self.x = x
        return np.tanh(x @ self.w + self.b)

    def backward(self, delta):
        delta = delta * (1 - np.tanh(self.x @ self.w + self.b) ** 2)
        self.dw = self.x.T @ delta
        self.db = delta.sum(axis=0)
        return delta @ self.w.T
