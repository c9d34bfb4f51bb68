"""Layers that keep their parameters in containers (dicts, lists, objects)."""
import numpy as np


class Parameter:
    """A value and its gradient."""

    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)

    def zero_grad(self):
        self.grad = np.zeros_like(self.value)


class Tensor(np.ndarray):
    """ndarray with a gradient"""

    def __new__(cls, data):
        obj = np.asarray(data, dtype=np.float64).view(cls)
        obj.grad = None
        return obj

    def __array_finalize__(self, obj):
        if obj is not None:
            self.grad = getattr(obj, 'grad', None)


class LinearDict:
    def __init__(self, input_size, output_size):
        self.params = {'W': np.random.randn(input_size, output_size),
                       'b': np.random.randn(output_size)}
        self.grads = {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params['W'] + self.params['b']

    def backward(self, grad):
        self.grads['b'] = np.sum(grad, axis=0)
        self.grads['W'] = self.inputs.T @ grad
        return grad @ self.params['W'].T


class BilinearDict:
    """y = x * (x W) + b"""

    def __init__(self, dim):
        self.params = dict(W=np.random.randn(dim, dim), b=np.zeros(dim))
        self.grads = dict(dW=np.zeros((dim, dim)), db=np.zeros(dim))

    def forward(self, x):
        self.x = x
        self.xw = x @ self.params['W']
        return x * self.xw + self.params['b']

    def backward(self, dout):
        self.grads['dW'] = self.x.T @ (dout * self.x)
        self.grads['db'] = dout.sum(axis=0)
        # product rule
        return (dout * self.x) @ self.params['W'].T


class MatMulList:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.x = None

    def forward(self, x):
        W, = self.params
        self.x = x
        return np.dot(x, W)

    def backward(self, dout):
        W, = self.params
        self.grads[0][...] = np.dot(self.x.T, dout)
        return np.dot(dout, W.T)


class EmbeddingList:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        W, = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        dW, = self.grads
        dW[...] = 0
        dW[self.idx] = dout
        return None


class ParamLinear:
    def __init__(self, n_in, n_out):
        self.w = Parameter(np.random.randn(n_in, n_out) / np.sqrt(n_in))
        self.b = Parameter(np.zeros(n_out))

    def parameters(self):
        return [self.w, self.b]

    def zero_grad(self):
        for p in self.parameters():
            p.zero_grad()

    def forward(self, x):
        self.x = x
        return x @ self.w.value + self.b.value

    def backward(self, grad):
        self.w.grad += self.x.T @ grad
        self.b.grad += grad.sum(axis=0)
        return grad @ self.w.value.T


class ParamPReLU:
    def __init__(self, num_parameters):
        self.alpha = Parameter(np.full(num_parameters, 0.25))

    def parameters(self):
        return [self.alpha]

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha.value * x)

    def backward(self, grad):
        self.alpha.grad = (grad * self.x).sum(axis=0)
        return grad * np.where(self.x > 0, 1.0, self.alpha.value)


class TensorLinear:
    def __init__(self, n_in, n_out):
        self.W = Tensor(np.random.randn(n_in, n_out))
        self.b = Tensor(np.random.randn(1, n_out))

    def forward(self, x):
        self.x = x
        return np.asarray(x @ self.W + self.b)

    def backward(self, g):
        self.W.grad = self.x.T @ g
        self.b.grad = g.sum(axis=0, keepdims=True)
        return np.asarray(g @ self.W.T)
