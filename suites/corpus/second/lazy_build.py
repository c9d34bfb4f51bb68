import copy
import math

import numpy as np


class Module:
    """Base of everything here. Parameters appear late."""

    def forward(self, x):
        raise NotImplementedError()

    def backward(self, grad):
        raise NotImplementedError()


class LazyDense(Module):
    def __init__(self, units):
        self.units = units
        self.kernel = None
        self.bias = None

    def forward(self, x):
        if self.kernel is None:
            self.kernel = np.random.randn(x.shape[-1], self.units) / np.sqrt(x.shape[-1])
            self.bias = np.zeros(self.units)
        self.x = x
        return x @ self.kernel + self.bias

    def backward(self, grad):
        self.dkernel = self.x.T @ grad
        self.dbias = grad.sum(axis=0)
        return grad @ self.kernel.T


class LazyNorm(Module):
    """Layer normalisation over the last axis; gamma is made at the first call."""

    def __init__(self, eps=1e-5):
        self.eps = eps
        self.gamma = None

    def forward(self, x):
        if self.gamma is None:
            self.gamma = np.ones(x.shape[-1])
        self.x = x
        self.std = np.sqrt(x.var(axis=-1, keepdims=True) + self.eps)
        self.h = (x - x.mean(axis=-1, keepdims=True)) / self.std
        return self.gamma * self.h

    def backward(self, grad):
        self.dgamma = (grad * self.x).sum(axis=0)
        g = grad * self.gamma
        return (g - g.mean(-1, keepdims=True) - self.h * (g * self.h).mean(-1, keepdims=True)) / self.std


class SetupDense(Module):
    def __init__(self, n_out):
        self.n_out = n_out

    def _setup(self, shape, rng):
        self.W = rng.normal(size=(shape[-1], self.n_out))
        self.b = np.zeros(self.n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class BuiltScale(Module):
    def __init__(self):
        self.built = False

    def setup(self, input_shape):
        self.s = np.random.uniform(0.5, 1.5, input_shape[-1])
        self.built = True

    def forward(self, x):
        self.x = x
        return self.s * x * x

    def backward(self, grad):
        self.ds = np.sum(grad * self.x**2, axis=0)
        return grad * self.s * self.x


class PlainSGD:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def update(self, w, grad_wrt_w):
        return w - self.learning_rate * grad_wrt_w


class Dense(Module):
    """Two stages: set_input_shape, then initialize(optimizer)."""

    def __init__(self, n_units, input_shape=None):
        self.n_units = n_units
        self.input_shape = input_shape
        self.trainable = True
        self.W = None
        self.w0 = None

    def set_input_shape(self, shape):
        self.input_shape = shape

    def initialize(self, optimizer):
        limit = 1 / math.sqrt(self.input_shape[0])
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

    def output_shape(self):
        return (self.n_units,)


class InitWeights(Module):
    def __init__(self, fan_in, fan_out, bias=True):
        self.fan_in, self.fan_out, self.bias = fan_in, fan_out, bias

    def init_weights(self):
        self.w = np.random.randn(self.fan_in, self.fan_out)
        if self.bias:
            self.b = np.zeros(self.fan_out)

    def forward(self, x):
        self.x = x
        out = x @ self.w
        if self.bias:
            out = out + self.b
        return out

    def backward(self, grad):
        self.dw = self.x.T @ grad
        if self.bias:
            self.db = grad.sum(axis=0)
        return grad @ self.w.T


def he_normal(shape):
    return np.random.randn(*shape) * np.sqrt(2 / shape[0])


class CallableInit(Module):
    def __init__(self, in_features, out_features, initializer=he_normal):
        self.W = initializer((in_features, out_features))
        self.b = np.zeros(out_features)

    def forward(self, x):
        self.x = x
        return np.maximum(0, x @ self.W + self.b)

    def backward(self, grad):
        z = self.x @ self.W + self.b
        grad = np.where(z > 0, grad, 0)
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class NamedDense(Module):
    def __init__(self, name, num_input, num_output, init_std=0.1):
        self.name = name
        self.W = np.random.randn(num_input, num_output) * init_std
        self.b = np.zeros(num_output)

    def forward(self, input):
        self._saved = input
        return input.dot(self.W) + self.b

    def backward(self, grad_output):
        self.grad_W = self._saved.T.dot(grad_output)
        self.grad_b = grad_output.mean(axis=0)
        return grad_output.dot(self.W.T)


class ShapedTable(Module):
    """A learned offset for every position: parameters of the given shape."""

    def __init__(self, input_shape):
        self.offset = np.zeros(input_shape)

    def forward(self, x):
        return x + self.offset

    def backward(self, grad):
        self.doffset = grad.sum(axis=0)
        return grad.copy()
