"""Core layers of a tiny deep learning framework: every layer keeps its arrays in `params` and `grads`."""
import numpy as np


class Layer:
    def __init__(self):
        self.params = {}
        self.grads = {}
        self.training = True

    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError

    def train(self):
        self.training = True

    def eval(self):
        self.training = False


class Linear(Layer):
    def __init__(self, in_features, out_features, rng=None):
        super().__init__()
        rng = np.random.default_rng(0) if rng is None else rng
        limit = np.sqrt(6.0 / (in_features + out_features))
        self.params["W"] = rng.uniform(-limit, limit, (in_features, out_features))
        self.params["b"] = np.zeros(out_features)
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}

    def forward(self, x):
        self._x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, grad):
        self.grads["W"] = self._x.T @ grad
        self.grads["b"] = grad.sum(axis=0)
        return grad @ self.params["W"].T


class Embedding(Layer):
    def __init__(self, num_embeddings, dim, rng=None):
        super().__init__()
        rng = np.random.default_rng(0) if rng is None else rng
        self.params["W"] = rng.normal(0.0, 0.1, (num_embeddings, dim))
        self.grads["W"] = np.zeros((num_embeddings, dim))

    def forward(self, idx):
        self._idx = np.asarray(idx)
        return self.params["W"][self._idx]

    def backward(self, grad):
        dW = np.zeros_like(self.params["W"])
        np.add.at(dW, self._idx, grad)
        self.grads["W"] = dW


class Dropout(Layer):
    """Inverted dropout; the identity in evaluation."""

    def __init__(self, p=0.5, rng=None):
        super().__init__()
        self.p = p
        self.rng = np.random.default_rng(0) if rng is None else rng
        self._mask = None

    def forward(self, x):
        if not self.training or self.p == 0:
            self._mask = None
            return x.copy()
        keep = 1.0 - self.p
        self._mask = (self.rng.random(x.shape) < keep) / keep
        return x * self._mask

    def backward(self, grad):
        if self._mask is None:
            return grad.copy()
        return grad * self._mask


class Flatten(Layer):
    def forward(self, x):
        self._shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, grad):
        return grad.reshape(self._shape)


class ResidualLinear(Layer):
    """y = x + relu(x W + b), with W square."""

    def __init__(self, features, rng=None):
        super().__init__()
        self.linear = Linear(features, features, rng)
        self.params = self.linear.params

    def forward(self, x):
        self._z = self.linear.forward(x)
        return x + np.maximum(self._z, 0)

    def backward(self, grad):
        dx = self.linear.backward(grad * (self._z > 0))
        self.grads = self.linear.grads
        return grad + dx


class Sequential(Layer):
    def __init__(self, layers):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def train(self):
        self.training = True
        for layer in self.layers:
            layer.train()

    def eval(self):
        self.training = False
        for layer in self.layers:
            layer.eval()


class Momentum:
    """SGD with momentum over a list of layers."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.velocity = {}

    def step(self, layers):
        for i, layer in enumerate(layers):
            for name, p in layer.params.items():
                key = (i, name)
                v = self.velocity.get(key, 0.0)
                v = self.momentum * v - self.lr * layer.grads[name]
                self.velocity[key] = v
                p += v
