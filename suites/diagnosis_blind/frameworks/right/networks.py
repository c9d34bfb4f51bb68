"""Small networks and the parts they are made of.

FC follows the convention backward(grad, lr): it updates its own weights and returns the gradient of its input.
All others keep their gradients in attributes of their own or in a dict.
"""
import numpy as np


def numerical_gradient(f, x, h=1e-5):
    """Central differences of f(x), entry by entry; x is perturbed in place and put back."""
    grad = np.zeros(x.shape)
    for idx in np.ndindex(*x.shape):
        old = x[idx]
        x[idx] = old + h
        plus = f(x)
        x[idx] = old - h
        minus = f(x)
        grad[idx] = (plus - minus) / (2 * h)
        x[idx] = old
    return grad


def accuracy(scores, labels):
    """Share of right answers: class scores (n, k), or one probability a sample, (n,) or (n, 1)."""
    labels = np.asarray(labels)
    if scores.ndim == 2 and scores.shape[1] > 1:
        answers = scores.argmax(axis=1)
        if labels.ndim == 2 and labels.shape[1] > 1:
            labels = labels.argmax(axis=1)
    else:
        answers = (scores > 0.5).reshape(-1)
    return float(np.mean(answers == labels.reshape(-1)))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class SoftmaxWithLoss:
    def forward(self, x, t):
        t = np.asarray(t)
        self.t = t.argmax(axis=1) if t.ndim == 2 else t.astype(int)
        self.y = softmax(x)
        z = x - x.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -np.mean(logp[np.arange(len(x)), self.t])

    def backward(self, dout=1.0):
        n = self.y.shape[0]
        dx = self.y.copy()
        dx[np.arange(n), self.t] -= 1.0
        return dout * dx / n


class FC:
    def __init__(self, n_in, n_out, seed=0):
        self.weights = np.random.default_rng(seed).normal(0, np.sqrt(1 / n_in), (n_in, n_out))
        self.bias = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, grad, lr):
        dx = grad @ self.weights.T
        self.weights -= lr * (self.x.T @ grad)
        self.bias -= lr * grad.sum(axis=0, keepdims=True)
        return dx


class Dropout:
    def __init__(self, rate=0.3, seed=0):
        self.keep = 1.0 - rate
        self.rng = np.random.default_rng(seed)

    def draw(self, shape):
        return self.rng.binomial(1, self.keep, size=shape) / self.keep

    def forward(self, x, training=True):
        self.mask = self.draw(x.shape) if training else np.ones(x.shape)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class TanhBlock:
    """x + tanh(x W + b): a block with a shortcut."""

    def __init__(self, size, seed=0):
        self.W = np.random.default_rng(seed).normal(0, 0.5, (size, size))
        self.b = np.zeros(size)

    def forward(self, x):
        self.x = x
        self.a = np.tanh(x @ self.W + self.b)
        return x + self.a

    def backward(self, grad):
        dz = grad * (1 - self.a ** 2)
        self.dW = self.x.T @ dz
        self.db = dz.sum(axis=0)
        return grad + dz @ self.W.T


class Score:
    """One number for each sample: (n, d) -> (n,)."""

    def __init__(self, size, seed=0):
        self.W = np.random.default_rng(seed).normal(0, 0.5, (size, 1))

    def forward(self, x):
        self.x = x
        return (x @ self.W)[:, 0]

    def backward(self, grad):
        self.dW = self.x.T @ grad[:, None]
        return grad[:, None] @ self.W.T


class RNN:
    """(n, steps, d) -> (n, steps, hidden), h_t = tanh(x_t Wx + h_{t-1} Wh + b) from h = 0."""

    def __init__(self, n_in, n_hidden, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {"Wx": rng.normal(0, 0.4, (n_in, n_hidden)),
                       "Wh": rng.normal(0, 0.4, (n_hidden, n_hidden)),
                       "b": np.zeros(n_hidden)}
        self.grads = {}

    def forward(self, xs):
        n, steps, _ = xs.shape
        self.xs = xs
        self.hs = np.zeros((n, steps + 1, len(self.params["b"])))
        for t in range(steps):
            z = xs[:, t] @ self.params["Wx"] + self.hs[:, t] @ self.params["Wh"] + self.params["b"]
            self.hs[:, t + 1] = np.tanh(z)
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}
        dxs = np.zeros(self.xs.shape)
        dnext = np.zeros(self.hs[:, 0].shape)
        for t in reversed(range(self.xs.shape[1])):
            dz = (dhs[:, t] + dnext) * (1 - self.hs[:, t + 1] ** 2)
            self.grads["Wx"] += self.xs[:, t].T @ dz
            self.grads["Wh"] += self.hs[:, t].T @ dz
            self.grads["b"] += dz.sum(axis=0)
            dxs[:, t] = dz @ self.params["Wx"].T
            dnext = dz @ self.params["Wh"].T
        return dxs


def attention_forward(q, k, v):
    """q (n, tq, d), k (n, tk, d), v (n, tk, e) -> out (n, tq, e), cache"""
    scale = 1.0 / np.sqrt(q.shape[2])
    a = softmax(q @ k.transpose(0, 2, 1) * scale)
    return a @ v, (q, k, v, a, scale)


def attention_backward(dout, cache):
    q, k, v, a, scale = cache
    dv = a.transpose(0, 2, 1) @ dout
    da = dout @ v.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=2, keepdims=True)) * scale
    dq = ds @ k
    dk = ds.transpose(0, 2, 1) @ q
    return dq, dk, dv


class TwoLayerNet:
    def __init__(self, n_in, n_hidden, n_out, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {"W1": rng.normal(0, 0.3, (n_in, n_hidden)), "b1": np.zeros(n_hidden),
                       "W2": rng.normal(0, 0.3, (n_hidden, n_out)), "b2": np.zeros(n_out)}

    def predict(self, x):
        self.hidden = np.tanh(x @ self.params["W1"] + self.params["b1"])
        return self.hidden @ self.params["W2"] + self.params["b2"]

    def loss(self, x, t):
        return SoftmaxWithLoss().forward(self.predict(x), t)

    def gradient(self, x, t):
        head = SoftmaxWithLoss()
        head.forward(self.predict(x), t)
        dscores = head.backward()
        dz = (dscores @ self.params["W2"].T) * (1 - self.hidden ** 2)
        return {"W1": x.T @ dz, "b1": dz.sum(axis=0),
                "W2": self.hidden.T @ dscores, "b2": dscores.sum(axis=0)}
