"""Activation and loss functions, and the gradient by differences. A loss returns (value, gradient of y)."""
import numpy as np


def softmax(x):
    """Along the last axis, for one vector or a batch."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def log_softmax(x):
    """log(softmax(x)) for a batch (N, C)."""
    shifted = x - x.max(axis=1)[:, None]
    total = np.exp(shifted).sum(axis=1)
    return shifted - np.log(total)[:, None]


class Softplus:
    def forward(self, x):
        self.x = x
        return np.logaddexp(0.0, x)

    def backward(self, dout):
        e = np.exp(-np.abs(self.x))
        return dout * np.where(self.x >= 0, 1.0, e) / (1.0 + e)


def to_one_hot(t, num_classes):
    """Class numbers (N,) or (N, 1) -> (N, num_classes)."""
    t = np.asarray(t).reshape(-1)
    out = np.zeros((t.size, num_classes))
    for c in range(num_classes):
        out[:, c] = t == c
    return out


def mean_squared_error(y, t):
    """Mean over all entries of (y - t)^2; t may be (N,) where y is (N, 1)."""
    diff = y - np.asarray(t).reshape(y.shape)
    return np.mean(diff ** 2), 2.0 * diff / diff.size


def cross_entropy_error(y, t):
    """-mean log y[t] for probabilities y (N, C) and class numbers t (N,) or (N, 1)."""
    t = np.asarray(t).reshape(-1)
    n = len(t)
    picked = np.maximum(y[np.arange(n), t], 1e-12)
    grad = np.zeros(y.shape, dtype=y.dtype)
    grad[np.arange(n), t] = -1.0 / picked / n
    return -np.mean(np.log(picked)), grad


def binary_cross_entropy(y, t, eps=1e-7):
    """Mean over all entries; y probabilities, t of 0 and 1 in the shape of y."""
    p = np.clip(y, eps, 1.0 - eps)
    loss = -np.mean(t * np.log(p) + (1.0 - t) * np.log(1.0 - p))
    grad = (p - t) / (p * (1.0 - p)) / p.size
    return loss, grad


def hinge_loss(y, t):
    """mean max(0, 1 - s*y), s = +1 for label 1 and -1 for label 0; y and t (N,)."""
    s = 2.0 * np.asarray(t) - 1.0
    margin = 1.0 - s * y
    active = margin > 0
    return np.mean(np.maximum(margin, 0.0)), -(s * active) / len(y)


def numerical_gradient(f, x, h=1e-4):
    """Central differences of the scalar f at x; x is moved entry by entry and put back."""
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(np.float64)
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        idx = it.multi_index
        tmp = x[idx]
        x[idx] = tmp + h
        fxh1 = f(x)
        x[idx] = tmp - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        x[idx] = tmp
        it.iternext()
    return grad


def gradient_descent(f, init_x, lr=0.01, step_num=100):
    """The point after step_num steps and the points on the way (the start and all before the last)."""
    x = np.array(init_x, dtype=np.float64)
    history = []
    for _ in range(step_num):
        history.append(x.copy())
        x -= lr * numerical_gradient(f, x)
    return x, np.array(history)
