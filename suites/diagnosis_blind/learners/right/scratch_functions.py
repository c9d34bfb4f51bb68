"""The same things once more as plain functions: f_forward(...) -> (out, cache), f_backward(dout, cache)."""
import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w + b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def softplus_forward(x):
    out = np.logaddexp(0, x)
    return out, x


def softplus_backward(dout, cache):
    x = cache
    return dout * 0.5 * (1 + np.tanh(0.5 * x))


def swish_forward(x):
    s = 0.5 * (1 + np.tanh(0.5 * x))
    return x * s, (x, s)


def swish_backward(dout, cache):
    x, s = cache
    return dout * (s + x * s * (1 - s))


def dropout_forward(x, rate, training=True):
    if training:
        mask = (np.random.rand(*x.shape) >= rate) / (1 - rate)
    else:
        mask = np.ones(x.shape)
    return x * mask, (mask, rate)


def dropout_backward(dout, cache):
    mask, rate = cache
    return dout * mask


def layernorm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=1, keepdims=True)
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    g = dout * gamma
    dx = g - g.mean(axis=1, keepdims=True)
    dx = dx - x_hat * np.mean(g * x_hat, axis=1, keepdims=True)
    return dx / std, dgamma, dbeta


def softmax_loss(x, y):
    """x: scores (N, C); y: class numbers (N,). Returns the mean loss and its gradient at the scores."""
    N = x.shape[0]
    shifted = x - x.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    log_p = shifted - np.log(e.sum(axis=1, keepdims=True))
    loss = -np.mean(log_p[np.arange(N), y])
    dx = e / e.sum(axis=1, keepdims=True)
    dx[np.arange(N), y] -= 1
    return loss, dx / N


def hinge_loss(x, y):
    """Every wrong class should stay at least 1 below the right one."""
    N = x.shape[0]
    rows = np.arange(N)
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / N
    dx = (margins > 0).astype(float)
    violations = dx.sum(axis=1)
    dx[rows, y] -= violations
    return loss, dx / N


class FullyConnected:
    """The kind that learns inside backward: it takes a step and hands the error on."""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad, learning_rate):
        grad_input = grad @ self.W.T
        self.W = self.W - learning_rate * (self.x.T @ grad)
        self.b = self.b - learning_rate * grad.sum(axis=0)
        return grad_input


def two_layer_loss(params, X, y, reg=0.0):
    """affine - swish - affine - softmax; the penalty is reg / 2 times the squares of both weights."""
    a1, cache1 = affine_forward(X, params['W1'], params['b1'])
    h1, cache_swish = swish_forward(a1)
    scores, cache2 = affine_forward(h1, params['W2'], params['b2'])
    loss, dscores = softmax_loss(scores, y)
    loss += 0.5 * reg * (np.sum(params['W1'] ** 2) + np.sum(params['W2'] ** 2))
    grads = {}
    dh1, grads['W2'], grads['b2'] = affine_backward(dscores, cache2)
    da1 = swish_backward(dh1, cache_swish)
    _, grads['W1'], grads['b1'] = affine_backward(da1, cache1)
    grads['W1'] += reg * params['W1']
    grads['W2'] += reg * params['W2']
    return loss, grads
