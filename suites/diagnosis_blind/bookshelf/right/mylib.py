"""My own small library: functions with a cache, a two-layer network, a numerical gradient, metrics."""
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


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def layernorm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, (xhat, gamma, var, eps)


def layernorm_backward(dout, cache):
    xhat, gamma, var, eps = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    inv_std = 1.0 / np.sqrt(var + eps)
    m1 = dxhat.mean(axis=1, keepdims=True)
    m2 = np.mean(dxhat * xhat, axis=1, keepdims=True)
    dx = (dxhat - m1 - xhat * m2) * inv_std
    return dx, dgamma, dbeta


def softmax_loss(x, y, smoothing=0.0):
    """Mean cross-entropy of scores x (n, c) for class numbers y (n,), with label smoothing; returns (loss, dx)."""
    n, c = x.shape
    z = x - x.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    t = np.full((n, c), smoothing / c)
    t[np.arange(n), y] = 1 - smoothing + smoothing / c
    loss = -np.sum(t * log_p) / n
    dx = (np.exp(log_p) - t) / n
    return loss, dx


class TwoLayerNet:
    """affine - relu - affine - softmax, with an L2 penalty 0.5 * reg * |W|^2 on both matrices."""

    def __init__(self, input_size, hidden_size, output_size, reg=0.0, weight_init_std=0.01):
        self.reg = reg
        self.params = {
            'W1': weight_init_std * np.random.randn(input_size, hidden_size),
            'b1': np.zeros(hidden_size),
            'W2': weight_init_std * np.random.randn(hidden_size, output_size),
            'b2': np.zeros(output_size),
        }

    def predict(self, x):
        h, self.cache1 = affine_forward(x, self.params['W1'], self.params['b1'])
        r, self.cache_r = relu_forward(h)
        scores, self.cache2 = affine_forward(r, self.params['W2'], self.params['b2'])
        return scores

    def loss(self, x, t):
        data_loss, _ = softmax_loss(self.predict(x), t)
        penalty = np.sum(self.params['W1'] ** 2) + np.sum(self.params['W2'] ** 2)
        return data_loss + 0.5 * self.reg * penalty

    def gradient(self, x, t):
        _, dscores = softmax_loss(self.predict(x), t)
        grads = {}
        dr, dw2, grads['b2'] = affine_backward(dscores, self.cache2)
        grads['W2'] = dw2 + self.reg * self.params['W2']
        dh = relu_backward(dr, self.cache_r)
        _, dw1, grads['b1'] = affine_backward(dh, self.cache1)
        grads['W1'] = dw1 + self.reg * self.params['W1']
        return grads

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == t)


def numerical_gradient(f, x, h=1e-4):
    """Central differences of the scalar function f at the float64 array x; x is as before when it returns."""
    grad = np.zeros_like(x)
    for idx in np.ndindex(*x.shape):
        tmp_val = x[idx]
        x[idx] = tmp_val + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        x[idx] = tmp_val
    return grad


def confusion_matrix(y_true, y_pred, num_classes):
    cm = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(cm, (y_true, y_pred), 1)
    return cm


def macro_f1(y_true, y_pred, num_classes):
    """Mean of the F1 values of all classes; a class that never occurs counts as 0."""
    cm = confusion_matrix(y_true, y_pred, num_classes)
    scores = np.zeros(num_classes)
    for c in range(num_classes):
        total = cm[c, :].sum() + cm[:, c].sum()
        if total > 0:
            scores[c] = 2 * cm[c, c] / total
    return scores.mean()
