from types import SimpleNamespace

import numpy as np


class DictDense:
    def __init__(self, input_dim, output_dim):
        self.params = {
            "W": np.random.randn(input_dim, output_dim) * np.sqrt(2.0 / input_dim),
            "b": np.zeros(output_dim),
        }
        self.grads = {"W": None, "b": None}

    def forward(self, x):
        self.cache = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout):
        self.grads["W"] = self.cache.T @ dout
        self.grads["b"] = np.sum(dout, axis=0)
        return dout @ self.params["W"].T


class DKeyDense:
    def __init__(self, n_x, n_h):
        self.parameters = {"W": np.random.rand(n_x, n_h), "b": np.random.rand(1, n_h)}
        self.gradients = {}

    def forward(self, x):
        self.x = x
        return np.matmul(x, self.parameters["W"]) + self.parameters["b"]

    def backward(self, dz):
        self.gradients["dW"] = np.matmul(self.x.T, dz)
        self.gradients["db"] = np.sum(dz, axis=0, keepdims=True)
        return np.matmul(dz, self.parameters["W"].T)


class ListDense:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        W, b = self.params
        self.x = x
        return np.dot(x, W) + b

    def backward(self, dout):
        W, _ = self.params
        self.grads[0][...] = np.dot(self.x.T, dout)
        self.grads[1][...] = np.sum(dout, axis=0)
        return np.dot(dout, W.T)


class ListBilinearGate:
    """y = (x W) * (x V)"""

    def __init__(self, W, V):
        self.params = [W, V]
        self.grads = [np.zeros_like(W), np.zeros_like(V)]

    def forward(self, x):
        W, V = self.params
        self.x, self.a, self.g = x, x @ W, x @ V
        return self.a * self.g

    def backward(self, dout):
        W, V = self.params
        da, dg = dout * self.g, dout * self.a
        self.grads[0][...] = self.x.T @ da
        self.grads[1][...] = self.x.T @ dg
        dx = da @ W.T
        dx = dg @ V.T
        return dx


class Param:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)

    def zero_grad(self):
        self.grad[...] = 0.0


class ParamDense:
    """Gradients accumulate until zero_grad."""

    def __init__(self, in_dim, out_dim):
        self.w = Param(np.random.randn(in_dim, out_dim))
        self.c = Param(np.zeros(out_dim))

    def params(self):
        return [self.w, self.c]

    def zero_grad(self):
        for p in self.params():
            p.zero_grad()

    def forward(self, x):
        self.x = x
        return x @ self.w.value + self.c.value

    def backward(self, g):
        self.w.grad += self.x.T @ g
        self.c.grad += g.sum(axis=0)
        return g @ self.w.value.T


class PileUp:
    def __init__(self, dim):
        self.params = {"scale": np.ones(dim), "shift": np.zeros(dim)}
        self.grads = {"scale": np.zeros(dim), "shift": np.zeros(dim)}

    def forward(self, x):
        self.x = x
        return x * self.params["scale"] + self.params["shift"]

    def backward(self, dout):
        self.grads["scale"] += (dout * self.x).sum(axis=0)
        self.grads["shift"] += dout.sum(axis=0)
        return dout * self.params["scale"]


class Tensor(np.ndarray):
    """An array with a place for its gradient."""

    def __new__(cls, values):
        return np.asarray(values, dtype=float).view(cls)

    def __array_finalize__(self, obj):
        self.grad = getattr(obj, "grad", None)


class TensorDense:
    def __init__(self, nin, nout):
        self.W = Tensor(np.random.uniform(-1, 1, (nin, nout)))
        self.b = Tensor(np.zeros(nout))

    def forward(self, x):
        self.x = x
        return np.asarray(x @ self.W + self.b)

    def backward(self, grad):
        self.W.grad = self.x.T @ grad
        self.b.grad = grad.sum(axis=0)
        return np.asarray(grad @ self.W.T)


class SpaceDense:
    def __init__(self, n_in, n_out):
        self.params = SimpleNamespace(W=np.random.randn(n_in, n_out), b=np.zeros(n_out))
        self.grads = SimpleNamespace(W=None, b=None)

    def forward(self, x):
        self.last = x
        return x @ self.params.W + self.params.b

    def backward(self, dy):
        self.grads.W = self.last.T @ dy
        self.grads.b = dy.sum(0)
        return dy @ self.params.W.T


class DictScale:
    def __init__(self, dim):
        self.params = {"gamma": np.ones(dim), "beta": np.zeros(dim)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x * self.params["gamma"] + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = dout * self.x
        self.grads["beta"] = dout.sum(axis=0)
        return dout * self.params["gamma"]
