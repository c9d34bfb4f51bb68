"""Functions with caches, loss functions that return (loss, grad), and a small network."""
import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    dx = dout.copy()
    dx[cache <= 0] = 0
    return dx


def softmax_loss(x, y):
    """x: scores (n, c), y: class numbers (n,)."""
    n = x.shape[0]
    x = x - x.max(axis=1, keepdims=True)
    log_probs = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    rows = np.arange(n)
    loss = -log_probs[rows, y].mean()
    dx = np.exp(log_probs)
    dx[rows, y] -= 1
    return loss, dx / n


def svm_loss(x, y):
    """Multi-class hinge loss with margin 1, averaged over the batch."""
    n, num_classes = x.shape
    rows = np.arange(n)
    correct = x[rows, y]
    dx = np.zeros(x.shape)
    loss = 0.0
    for j in range(num_classes):
        margin = x[:, j] - correct + 1.0
        hit = (margin > 0) & (y != j)
        loss += margin[hit].sum()
        dx[:, j] += hit
        dx[rows, y] -= hit
    return loss / n, dx / n


def smooth_l1_loss(pred, target, beta=1.0):
    diff = pred - target
    small = np.abs(diff) < beta
    loss = np.where(small, 0.5 * diff ** 2 / beta, np.abs(diff) - 0.5 * beta)
    grad = np.zeros(target.shape)
    grad[small] = diff[small] / beta
    grad[~small] = np.sign(diff[~small])
    return loss.mean(), grad / diff.size


class DenseSGD:
    """A layer that takes its own step: backward(grad, learning_rate) returns the gradient of the input."""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * np.sqrt(1.0 / n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad, learning_rate):
        dx = grad @ self.W.T
        self.W -= learning_rate * (self.x.T @ grad)
        self.b -= learning_rate * grad.sum(axis=0)
        return dx


class TwoLayerNet:
    def __init__(self, input_dim, hidden_dim, num_classes, reg=0.0, weight_scale=0.1):
        self.reg = reg
        self.params = {
            "W1": weight_scale * np.random.randn(input_dim, hidden_dim),
            "b1": np.zeros(hidden_dim),
            "W2": weight_scale * np.random.randn(hidden_dim, num_classes),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X, y):
        W1, b1, W2, b2 = (self.params[k] for k in ("W1", "b1", "W2", "b2"))
        a, fc1 = affine_forward(X, W1, b1)
        h, act = relu_forward(a)
        scores, fc2 = affine_forward(h, W2, b2)
        data_loss, dscores = softmax_loss(scores, y)
        loss = data_loss + 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        grads = {}
        dh, grads["W2"], grads["b2"] = affine_backward(dscores, fc2)
        da = relu_backward(dh, act)
        _, grads["W1"], grads["b1"] = affine_backward(da, fc1)
        grads["W1"] += self.reg * W1
        grads["W2"] += self.reg * W2
        return loss, grads


def numerical_gradient(f, x, h=1e-5):
    """Central differences of the number f(x), x in double precision; x is as before when it returns."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        idx = it.multi_index
        old = x[idx]
        x[idx] = old + h
        fp = f(x)
        x[idx] = old - h
        fm = f(x)
        x[idx] = old
        grad[idx] = (fp - fm) / (2 * h)
        it.iternext()
    return grad
