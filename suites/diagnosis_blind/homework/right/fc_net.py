"""Fully connected layers and networks (assignment 2)."""
import numpy as np


def affine_forward(x, w, b):
    """x: (N, d_1, ..., d_k), w: (D, M), b: (M,)."""
    out = x.reshape(x.shape[0], -1) @ w + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx


def dropout_forward(x, dropout_param):
    """Inverted dropout; dropout_param: 'p' (probability to keep a unit), 'mode' ('train' or 'test')."""
    p, mode = dropout_param['p'], dropout_param['mode']
    mask = None
    if mode == 'train':
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    else:
        out = x.copy()
    return out, (mode, mask)


def dropout_backward(dout, cache):
    mode, mask = cache
    if mode == 'train':
        dx = dout * mask
    else:
        dx = dout.copy()
    return dx


def softmax_loss(x, y):
    """x: (N, C) scores, y: (N,) labels; returns loss and dx."""
    N = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    loss = -np.mean(log_probs[np.arange(N), y])
    dx = np.exp(log_probs)
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


class TrainableLayer:
    """Affine layer that does its own gradient step: backward(dout, learning_rate) returns dx."""

    def __init__(self, n_in, n_out, weight_scale=0.1):
        self.W = weight_scale * np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout, learning_rate):
        dx = dout @ self.W.T
        self.W = self.W - learning_rate * (self.x.T @ dout)
        self.b = self.b - learning_rate * dout.sum(axis=0)
        return dx


class FullyConnectedNet:
    """{affine - relu - [dropout]} x (L - 1) - affine - softmax, with L2 regularisation 0.5 * reg * sum(W ** 2)."""

    def __init__(self, hidden_dims, input_dim=32, num_classes=10, dropout=1, reg=0.0, weight_scale=1e-2):
        self.reg = reg
        self.use_dropout = dropout < 1
        self.num_layers = 1 + len(hidden_dims)
        self.params = {}
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for i in range(1, self.num_layers + 1):
            self.params['W%d' % i] = weight_scale * np.random.randn(dims[i - 1], dims[i])
            self.params['b%d' % i] = np.zeros(dims[i])
        self.dropout_param = {'mode': 'train', 'p': dropout}

    def loss(self, X, y=None):
        """Scores if y is None, otherwise (loss, grads)."""
        self.dropout_param['mode'] = 'test' if y is None else 'train'
        out, caches = X, []
        for i in range(1, self.num_layers):
            out, fc_cache = affine_forward(out, self.params['W%d' % i], self.params['b%d' % i])
            out, relu_cache = relu_forward(out)
            drop_cache = None
            if self.use_dropout:
                out, drop_cache = dropout_forward(out, self.dropout_param)
            caches.append((fc_cache, relu_cache, drop_cache))
        L = self.num_layers
        scores, last_cache = affine_forward(out, self.params['W%d' % L], self.params['b%d' % L])
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        grads = {}
        dh, grads['W%d' % L], grads['b%d' % L] = affine_backward(dscores, last_cache)
        for i in reversed(range(1, L)):
            fc_cache, relu_cache, drop_cache = caches[i - 1]
            if self.use_dropout:
                dh = dropout_backward(dh, drop_cache)
            dh = relu_backward(dh, relu_cache)
            dh, grads['W%d' % i], grads['b%d' % i] = affine_backward(dh, fc_cache)
        for i in range(1, L + 1):
            W = self.params['W%d' % i]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads['W%d' % i] += self.reg * W
        return loss, grads

    def predict(self, X):
        return np.argmax(self.loss(X), axis=1)
