"""Embedding, dropout, a residual block, a self-updating dense layer, and a small classifier with train()/eval()."""
import numpy as np


class Embedding:
    """Rows of W (vocab, dim). The row of padding_idx gives zeros and learns nothing."""

    def __init__(self, vocab, dim, padding_idx=None):
        self.W = np.random.default_rng(0).standard_normal((vocab, dim)) * 0.1
        self.padding_idx = padding_idx
        self.dW = None

    def forward(self, idx):
        self.idx = np.array(idx, dtype=np.intp)
        out = self.W[self.idx]
        if self.padding_idx is not None:
            out[self.idx == self.padding_idx] = 0.0
        return out

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)
        if self.padding_idx is not None:
            self.dW[self.padding_idx] = 0.0
        return None


class Dropout:
    """Inverted dropout; p is the share of dropped units."""

    def __init__(self, p=0.5):
        self.p = p
        self.training = True
        self.mask = None

    def forward(self, x):
        if not self.training or self.p == 0:
            self.mask = None
            return x.copy()
        self.mask = (np.random.rand(*x.shape) >= self.p) / (1.0 - self.p)
        return x * self.mask

    def backward(self, dout):
        if self.mask is None:
            return dout.copy()
        return dout * self.mask


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.standard_normal((n_in, n_out)) * np.sqrt(2.0 / n_in)
        self.b = np.zeros(n_out)
        self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Tanh:
    def forward(self, x):
        y = np.tanh(x)
        self.y = y.copy()        # blocks may go on working in place on what they get
        return y

    def backward(self, dout):
        return dout * (1.0 - self.y ** 2)


class ResidualBlock:
    """x + tanh(fc2(tanh(fc1(x))))"""

    def __init__(self, dim, hidden):
        rng = np.random.default_rng(1)
        self.fc1, self.fc2 = Linear(dim, hidden, rng), Linear(hidden, dim, rng)
        self.act1, self.act2 = Tanh(), Tanh()

    def forward(self, x):
        h = self.act1.forward(self.fc1.forward(x))
        y = self.act2.forward(self.fc2.forward(h))
        y += x
        return y

    def backward(self, dout):
        d = self.fc2.backward(self.act2.backward(dout))
        d = self.fc1.backward(self.act1.backward(d))
        return d + dout


class OnlineDense:
    """A dense layer that takes its SGD step inside backward(grad, lr)."""

    def __init__(self, n_in, n_out):
        self.weights = np.random.default_rng(2).standard_normal((n_in, n_out)) * 0.5
        self.bias = np.zeros((1, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, grad, lr):
        dx = grad @ self.weights.T
        self.weights -= lr * (self.x.T @ grad)
        self.bias -= lr * grad.sum(axis=0, keepdims=True)
        return dx


class MLP:
    """Linear - ReLU - (dropout) - Linear - ReLU - Linear with softmax cross entropy and 0.5 * l2 * sum(W ** 2).
    loss(x, t) and gradient(x, t); t holds class numbers, of shape (n,) or (n, 1)."""

    def __init__(self, n_in, n_hidden, n_out, l2=0.0, drop=0.0):
        rng = np.random.default_rng(3)
        sizes = [n_in, n_hidden, n_hidden, n_out]
        self.params = {}
        for i in range(3):
            self.params[f"W{i + 1}"] = rng.standard_normal((sizes[i], sizes[i + 1])) * np.sqrt(2.0 / sizes[i])
            self.params[f"b{i + 1}"] = np.zeros(sizes[i + 1])
        self.l2 = l2
        self.drop = Dropout(drop)

    def train(self):
        self.drop.training = True

    def eval(self):
        self.drop.training = False

    def predict(self, x):
        p = self.params
        self.x = x
        self.z1 = x @ p["W1"] + p["b1"]
        self.h1 = self.drop.forward(np.maximum(self.z1, 0))
        self.z2 = self.h1 @ p["W2"] + p["b2"]
        self.h2 = np.maximum(self.z2, 0)
        return self.h2 @ p["W3"] + p["b3"]

    def loss(self, x, t):
        t = np.reshape(t, -1)
        scores = self.predict(x)
        scores = scores - scores.max(axis=1, keepdims=True)
        exp = np.exp(scores)
        total = exp.sum(axis=1, keepdims=True)
        self.probs = exp / total
        data = np.mean(np.log(total[:, 0]) - scores[np.arange(len(t)), t])
        return data + 0.5 * self.l2 * sum(np.sum(self.params[f"W{i}"] ** 2) for i in (1, 2, 3))

    def accuracy(self, x, t):
        labels = np.reshape(t, -1)
        return np.mean(np.argmax(self.predict(x), axis=1) == labels)

    def gradient(self, x, t):
        self.loss(x, t)
        p, grads = self.params, {}
        n = len(x)
        d = self.probs.copy()
        d[np.arange(n), np.reshape(t, -1)] -= 1.0
        d /= n
        grads["W3"], grads["b3"] = self.h2.T @ d, d.sum(axis=0)
        d = (d @ p["W3"].T) * (self.z2 > 0)
        grads["W2"], grads["b2"] = self.h1.T @ d, d.sum(axis=0)
        d = self.drop.backward(d @ p["W2"].T) * (self.z1 > 0)
        grads["W1"], grads["b1"] = self.x.T @ d, d.sum(axis=0)
        for name in ("W1", "W2", "W3"):
            grads[name] += self.l2 * p[name]
        return grads


def numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar function f at x; x is put back as it was."""
    grad = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        keep = x[i]
        x[i] = keep + h
        upper = f(x)
        x[i] = keep - h
        lower = f(x)
        grad[i] = (upper - lower) / (2 * h)
        x[i] = keep
    return grad
