"""Differentiation without a tape: every function returns (output, pullback), and pullback(g) gives the gradients of the inputs."""
import numpy as np


def unbroadcast(g, shape):
    """Adds up the axes along which an array of this shape was stretched."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True)


def add(a, b):
    return a + b, lambda g: (unbroadcast(g, a.shape), unbroadcast(g, b.shape))


def mul(a, b):
    return a * b, lambda g: (unbroadcast(g * b, a.shape), unbroadcast(g * a, b.shape))


def div(a, b):
    q = a / b
    return q, lambda g: (unbroadcast(g / b, a.shape), unbroadcast(-g * q / b, b.shape))


def matmul(a, b):
    return a @ b, lambda g: (g @ b.T, a.T @ g)


def clip(x, low, high):
    inside = (x > low) & (x < high)
    return np.clip(x, low, high), lambda g: g * inside


def softplus(x):
    return np.logaddexp(0, x), lambda g: g * 0.5 * (1 + np.tanh(0.5 * x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    s = e / e.sum(axis=-1, keepdims=True)
    return s, lambda g: s * (g - np.sum(g * s, axis=-1, keepdims=True))


def logsumexp(x):
    """Over the last axis."""
    top = x.max(axis=-1, keepdims=True)
    e = np.exp(x - top)
    total = e.sum(axis=-1, keepdims=True)
    return (np.log(total) + top)[..., 0], lambda g: g[..., None] * e / total


def unit(x):
    """Rows of length one; a zero row stays zero."""
    length = np.maximum(np.sqrt(np.sum(x * x, axis=-1, keepdims=True)), 1e-12)
    y = x / length
    return y, lambda g: (g - y * np.sum(g * y, axis=-1, keepdims=True)) / length


def take(table, rows):
    def pull(g):
        grad = np.zeros(table.shape, dtype=g.dtype)
        np.add.at(grad, rows, g)
        return grad
    return table[rows], pull


def concat(a, b):
    """Along the last axis."""
    cut = a.shape[-1]
    return np.concatenate([a, b], axis=-1), lambda g: (g[..., :cut], g[..., cut:])


def maxout(x, pieces):
    """(N, D * pieces) -> (N, D), the largest of each group of neighbours; the first one wins a tie."""
    groups = x.reshape(x.shape[0], -1, pieces)
    best = groups.argmax(axis=2)[..., None]

    def pull(g):
        grad = np.zeros(groups.shape, dtype=g.dtype)
        np.put_along_axis(grad, best, g[..., None], axis=2)
        return grad.reshape(x.shape)
    return np.take_along_axis(groups, best, axis=2)[..., 0], pull


def numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar f(x); x is left as it was."""
    grad = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        below = f(x)
        grad[i] = (above - below) / (2 * h)
        x[i] = kept
    return grad


class MLP:
    """Two layers with softplus and a softmax cross entropy, l2 / 2 * |W|^2 on both matrices."""

    def __init__(self, n_in, n_hidden, n_out, l2=0.01, seed=0):
        rng = np.random.default_rng(seed)
        self.l2 = l2
        self.params = {"W1": rng.normal(0, n_in ** -0.5, (n_in, n_hidden)), "b1": np.zeros(n_hidden),
                       "W2": rng.normal(0, n_hidden ** -0.5, (n_hidden, n_out)), "b2": np.zeros(n_out)}

    def forward(self, x):
        p = self.params
        a, pull_a = matmul(x, p["W1"])
        a, pull_b1 = add(a, p["b1"])
        h, pull_h = softplus(a)
        z, pull_z = matmul(h, p["W2"])
        z, pull_b2 = add(z, p["b2"])

        def pull(g):
            gz, db2 = pull_b2(g)
            dh, dW2 = pull_z(gz)
            ga, db1 = pull_b1(pull_h(dh))
            dx, dW1 = pull_a(ga)
            return dx, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
        return z, pull

    def loss(self, x, t):
        z, _ = self.forward(x)
        lse, _ = logsumexp(z)
        penalty = sum(np.sum(self.params[k] ** 2) for k in ("W1", "W2"))
        return np.mean(lse - z[np.arange(len(z)), t]) + 0.5 * self.l2 * penalty

    def gradient(self, x, t):
        z, pull = self.forward(x)
        g, _ = softmax(z)
        g[np.arange(len(z)), t] -= 1
        _, grads = pull(g / len(z))
        for k in ("W1", "W2"):
            grads[k] = grads[k] + self.l2 * self.params[k]
        return grads
