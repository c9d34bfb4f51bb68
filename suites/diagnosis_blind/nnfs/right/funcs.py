"""The same building blocks as plain functions: every *_forward returns (out, cache), every *_backward takes (dout, cache).
Losses return (loss, gradient)."""
import numpy as np


def dense_forward(x, w, b):
    out = x.dot(w) + b
    return out, (x, w)


def dense_backward(dout, cache):
    x, w = cache
    dx = dout.dot(w.T)
    dw = x.T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db


def flatten_forward(x):
    out = x.reshape(len(x), -1).copy()
    return out, x.shape


def flatten_backward(dout, cache):
    return dout.reshape(cache)


def prelu_forward(x, a):
    """a holds one slope per column, shape (m,)."""
    out = np.where(x > 0, x, a * x)
    return out, (x, a)


def prelu_backward(dout, cache):
    x, a = cache
    dx = np.where(x > 0, dout, a * dout)
    da = np.sum(dout * np.minimum(x, 0), axis=0)
    return dx, da


def scale_forward(x, gamma, beta):
    out = gamma * x + beta
    return out, (x, gamma, out)


def scale_backward(dout, cache):
    x, gamma, _ = cache
    dgamma = (dout * x).sum(axis=0)
    dbeta = dout.sum(axis=0)
    return dout * gamma, dgamma, dbeta


def softplus_forward(x):
    out = np.logaddexp(0, x)
    return out, x


def softplus_backward(dout, cache):
    x = cache
    return dout * 0.5 * (1 + np.tanh(x / 2))


def tanh_forward(x):
    out = np.tanh(x)
    return out, out


def tanh_backward(dout, cache):
    out = cache
    return dout * (1 - out ** 2)


def dropout_forward(x, p, training=True):
    """p is the probability that a unit is dropped."""
    if training:
        mask = (np.random.rand(*x.shape) >= p) / (1 - p)
    else:
        mask = np.ones(x.shape)
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache


def softmax_loss(scores, y):
    """Mean cross-entropy of raw scores; y holds class numbers or one-hot rows."""
    y = np.asarray(y)
    n = scores.shape[0]
    if y.shape == scores.shape:
        y = y.argmax(axis=1)
    y = y.reshape(n)
    shifted = scores - scores.max(axis=1, keepdims=True)
    expo = np.exp(shifted)
    total = expo.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - shifted[np.arange(n), y])
    dscores = expo / total
    dscores[np.arange(n), y] -= 1
    return loss, dscores / n


def elastic_penalty(params, l1, l2):
    """l1 * sum |w| + l2 * sum w^2 over all arrays of the dict, with the gradients in a dict of the same keys."""
    loss, grads = 0.0, {}
    for name, w in params.items():
        loss += l1 * np.abs(w).sum() + l2 * (w ** 2).sum()
        grads[name] = l1 * np.sign(w) + 2 * l2 * w
    return loss, grads


def mse_loss(pred, target):
    diff = pred - np.asarray(target).reshape(pred.shape)
    loss = (diff ** 2).mean()
    return loss, 2 * diff / diff.size
