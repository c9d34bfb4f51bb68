"""Losses as functions: each returns (loss, gradient with respect to its first argument)."""
import numpy as np


def mae_loss(pred, target):
    diff = pred - np.asarray(target).reshape(pred.shape)
    loss = np.abs(diff).mean()
    return loss, np.sign(diff) / diff.size


def log_cosh_loss(pred, target):
    d = pred - np.asarray(target).reshape(pred.shape)
    loss = np.mean(np.logaddexp(d, -d) - np.log(2.0))
    grad = np.tanh(d) / d.size
    return loss, grad


def softmax_cross_entropy(logits, labels):
    """labels: class numbers (N,) or one-hot rows (N, K)."""
    n = logits.shape[0]
    labels = np.asarray(labels)
    if labels.ndim == 2:
        labels = labels.argmax(axis=1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(n), labels].mean()
    grad = np.exp(log_p)
    grad[np.arange(n), labels] -= 1
    return loss, grad / n


def nll_loss(log_probs, labels):
    """Negative log likelihood of log-probabilities; labels: class numbers (N,) or one-hot rows (N, K)."""
    n = log_probs.shape[0]
    y = np.asarray(labels)
    if y.ndim > 1:
        y = np.argmax(y, axis=1)
    y = y.astype(int)
    loss = -np.sum(log_probs[np.arange(n), y]) / n
    grad = np.zeros_like(log_probs)
    grad[np.arange(n), y] = -1.0 / n
    return loss, grad


def binary_cross_entropy(p, target, eps=1e-7):
    """Cross entropy of probabilities p, kept away from 0 and 1 by eps."""
    t = np.asarray(target, dtype=float).reshape(p.shape)
    q = np.clip(p, eps, 1 - eps)
    loss = -np.mean(t * np.log(q) + (1 - t) * np.log(1 - q))
    grad = (q - t) / (q * (1 - q)) / p.size
    return loss, grad


def kl_divergence(logits, target):
    """KL(target || softmax(logits)), mean over the rows; target rows are distributions and may hold zeros."""
    n = logits.shape[0]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    log_t = np.log(np.where(target > 0, target, 1.0))
    loss = np.sum(target * (log_t - log_q)) / n
    mass = target.sum(axis=1, keepdims=True)
    grad = (mass * np.exp(log_q) - target) / n
    return loss, grad


def hinge_loss(scores, y):
    """Binary hinge loss, scores (N,) or (N, 1), y with entries -1 and +1."""
    y = np.asarray(y).reshape(scores.shape)
    margin = 1 - y * scores
    active = margin > 0
    grad = np.zeros_like(scores)
    grad[active] = -y[active] / scores.size
    return np.maximum(margin, 0).mean(), grad


def squared_hinge_loss(scores, y):
    """Binary squared hinge loss, scores (N,) or (N, 1), y with entries -1 and +1."""
    s = scores.reshape(-1)
    t = np.asarray(y, dtype=float).reshape(-1)
    n = len(s)
    margin = np.maximum(1 - t * s, 0)
    loss = np.sum(margin ** 2) / n
    grad = -2 * t * margin / n
    return loss, grad.reshape(scores.shape)


def contrastive_loss(a, b, same, margin=1.0):
    """same * d^2 + (1 - same) * max(0, margin - d)^2, half the mean; returns the gradient of a."""
    same = np.asarray(same, dtype=float).reshape(-1, 1)
    diff = a - b
    d = np.sqrt(np.sum(diff ** 2, axis=1, keepdims=True))
    room = np.maximum(margin - d, 0)
    loss = 0.5 * np.mean(same * d ** 2 + (1 - same) * room ** 2)
    pull = same * diff
    push = (1 - same) * room * diff / np.maximum(d, 1e-12)
    return loss, (pull - push) / len(a)
