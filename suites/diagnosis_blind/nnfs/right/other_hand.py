"""Layers with params/grads dicts, layers that learn inside backward, and optimizers that work on dicts."""
import numpy as np


class FullyConnected:
    def __init__(self, n_in, n_out):
        self.params = {"W": np.random.randn(n_in, n_out) * 0.1, "b": np.zeros(n_out)}
        self.grads = {"W": np.zeros((n_in, n_out)), "b": np.zeros(n_out)}

    def forward(self, x):
        self.x = x
        return x.dot(self.params["W"]) + self.params["b"]

    def backward(self, delta):
        self.grads["W"] = self.x.T.dot(delta)
        self.grads["b"] = delta.sum(axis=0)
        return delta.dot(self.params["W"].T)


class WordVectors:
    """rows of a table, picked by whole numbers: (n,) -> (n, size)"""

    def __init__(self, n_words, size):
        self.params = {"W": np.random.randn(n_words, size)}
        self.grads = {"W": np.zeros((n_words, size))}

    def forward(self, ids):
        self.ids = np.asarray(ids)
        return self.params["W"][self.ids]

    def backward(self, delta):
        dW = np.zeros_like(self.params["W"])
        np.add.at(dW, self.ids, delta)
        self.grads["W"] = dW


class LearningDense:
    """backward(delta, learning_rate) moves the weights and returns the gradient of the input."""

    def __init__(self, n_in, n_out):
        self.weights = np.random.randn(n_in, n_out) * 0.1
        self.bias = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, delta, learning_rate):
        dx = delta @ self.weights.T
        self.weights = self.weights - learning_rate * (self.x.T @ delta)
        self.bias = self.bias - learning_rate * delta.sum(axis=0, keepdims=True)
        return dx


class LeakyReLU:
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, x):
        self.negative = x < 0
        out = x.copy()
        out[self.negative] *= self.slope
        return out

    def backward(self, delta):
        dx = delta.copy()
        dx[self.negative] *= self.slope
        return dx


class Swish:
    """x * sigmoid(x)"""

    def forward(self, x):
        self.x = x
        self.s = 0.5 * (1 + np.tanh(0.5 * x))
        return x * self.s

    def backward(self, delta):
        return delta * (self.s + self.x * self.s * (1 - self.s))


class UnitNorm:
    """every row divided by its Euclidean length"""

    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, x):
        self.length = np.sqrt((x ** 2).sum(axis=1, keepdims=True) + self.eps)
        self.out = x / self.length
        return self.out

    def backward(self, delta):
        along = (delta * self.out).sum(axis=1, keepdims=True)
        return (delta - self.out * along) / self.length


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for key in params:
            v = self.v.get(key, np.zeros_like(params[key]))
            v = self.momentum * v - self.lr * grads[key]
            self.v[key] = v
            params[key] += v


class AdamDict:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.weight_decay = weight_decay  # decoupled, as in AdamW
        self.t = 0
        self.m = {}
        self.v = {}

    def update(self, params, grads):
        self.t += 1
        for key, g in grads.items():
            if key not in self.m:
                self.m[key] = np.zeros_like(params[key])
                self.v[key] = np.zeros_like(params[key])
            self.m[key] = self.beta1 * self.m[key] + (1 - self.beta1) * g
            self.v[key] = self.beta2 * self.v[key] + (1 - self.beta2) * g * g
            m_hat = self.m[key] / (1 - self.beta1 ** self.t)
            v_hat = self.v[key] / (1 - self.beta2 ** self.t)
            params[key] -= self.lr * (m_hat / (np.sqrt(v_hat) + self.eps) + self.weight_decay * params[key])
