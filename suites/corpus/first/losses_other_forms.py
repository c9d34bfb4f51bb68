"""Losses as pairs of functions, as classes with loss/grad, and as functions that return (loss, grad)."""
import numpy as np


# ---- f and f_prime, called with (true, pred)

def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)


def binary_cross_entropy(y_true, y_pred):
    return np.mean(-y_true * np.log(y_pred) - (1 - y_true) * np.log(1 - y_pred))


def binary_cross_entropy_prime(y_true, y_pred):
    return ((1 - y_true) / (1 - y_pred) + y_true / y_pred) / np.size(y_true)


# ---- classes with loss and gradient, not reduced, (y, p)

class SquareLoss(object):
    def loss(self, y, y_pred):
        return 0.5 * np.power((y - y_pred), 2)

    def gradient(self, y, y_pred):
        return -(y - y_pred)


class LogLoss(object):
    def loss(self, y, p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return - y * np.log(p) - (1 - y) * np.log(1 - p)

    def gradient(self, y, p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return - (y / p) - (1 - y) / (1 - p)


# ---- loss and grad, (pred, target), one number

class LogCosh:
    def loss(self, pred, target):
        r = np.abs(pred - target)
        return np.mean(r + np.log1p(np.exp(-2 * r)) - np.log(2))

    def grad(self, pred, target):
        return np.tanh(pred - target) / pred.size


class CosineLoss:
    """1 - cos(pred, target), mean over the rows"""

    def loss(self, pred, target):
        a = np.linalg.norm(pred, axis=1)
        b = np.linalg.norm(target, axis=1)
        return np.mean(1 - (pred * target).sum(axis=1) / (a * b))

    def grad(self, pred, target):
        a = np.linalg.norm(pred, axis=1, keepdims=True)
        b = np.linalg.norm(target, axis=1, keepdims=True)
        return -target / (a * b) / len(pred)


class Charbonnier:
    """callable, gradient kept apart"""

    def __init__(self, eps=0.1):
        self.eps = eps

    def __call__(self, pred, target):
        return np.mean(np.sqrt((pred - target) ** 2 + self.eps ** 2))

    def gradient(self, pred, target):
        r = pred - target
        return r / np.sqrt(r ** 2 + self.eps ** 2) / r.size


# ---- function -> (loss, gradient)

def softmax_cross_entropy(logits, labels):
    """logits (N, C), labels (N,)"""
    n = logits.shape[0]
    z = logits - logits.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    grad = np.exp(logp)
    grad[np.arange(n), labels] -= 1
    return -logp[np.arange(n), labels].mean(), grad / n


def huber(pred, target, delta=0.5):
    r = pred - target
    inside = np.abs(r) < delta
    loss = np.where(inside, 0.5 * r * r, delta * (np.abs(r) - 0.5 * delta))
    grad = np.where(inside, r, np.sign(r))
    return loss.mean(), grad / r.size


def hinge_with_penalty(W, X, y, reg):
    """multiclass SVM of a linear classifier: W (D, C), X (N, D), y (N,); returns loss, dW"""
    N = X.shape[0]
    scores = X @ W
    right = scores[np.arange(N), y][:, None]
    margin = np.maximum(0, scores - right + 1)
    margin[np.arange(N), y] = 0
    loss = margin.sum() / N + reg * np.sum(W * W)
    hit = (margin > 0).astype(float)
    hit[np.arange(N), y] = -hit.sum(axis=1)
    dW = X.T @ hit / N + 2 * reg * W
    return loss, dW
