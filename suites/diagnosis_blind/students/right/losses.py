"""Exercise sheet 4: losses. Every function returns (loss, gradient with respect to the predictions)."""
import numpy as np

EPS = 1e-7


def _as_column(pred, target):
    """targets (n,) are allowed for predictions (n, 1)"""
    return np.asarray(target, dtype=float).reshape(pred.shape)


def mse_loss(pred, target):
    """mean over samples and outputs"""
    diff = pred - _as_column(pred, target)
    loss = np.mean(diff ** 2)
    grad = 2 * diff / diff.size
    return loss, grad


def mae_loss(pred, target):
    y = _as_column(pred, target)
    loss = np.mean(np.abs(y - pred))
    grad = np.sign(pred - y) / pred.size
    return loss, grad


def huber_loss(pred, target, delta=1.0):
    r = pred - _as_column(pred, target)
    small = np.abs(r) <= delta
    loss = np.mean(np.where(small, 0.5 * r ** 2, delta * (np.abs(r) - 0.5 * delta)))
    grad = np.where(small, r, delta * np.sign(r)) / r.size
    return loss, grad


def svm_loss(scores, y):
    """multiclass hinge loss with margin 1, y: class numbers (n,)"""
    n = scores.shape[0]
    rows = np.arange(n)
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1.0)
    margins[rows, y] = 0
    loss = np.sum(margins) / n
    dx = (margins > 0).astype(float)
    dx[rows, y] -= np.sum(margins > 0, axis=1)
    return loss, dx / n


def binary_hinge_loss(scores, y):
    """scores (n,), y in {-1, +1}"""
    y = np.asarray(y, dtype=float)
    slack = 1 - y * scores
    loss = np.mean(np.maximum(0, slack))
    grad = np.where(slack > 0, -y, 0.0) / len(scores)
    return loss, grad


def bce_loss(pred, target):
    """predictions are probabilities (n, k) or (n, 1), labels 0/1; mean over everything"""
    y = _as_column(pred, target)
    p = np.clip(pred, EPS, 1 - EPS)
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    grad = (p - y) / (p * (1 - p)) / p.size
    return loss, grad


def bce_with_logits_loss(logits, target):
    z, y = logits, np.asarray(target, dtype=float).reshape(logits.shape)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    sigmoid = 0.5 * (1 + np.tanh(0.5 * z))
    return loss, (sigmoid - y) / z.size


def kl_loss(q, p):
    """KL(p || q) averaged over rows; q: predicted distribution, p: target distribution"""
    q_safe = np.clip(q, EPS, 1.0)
    p_safe = np.clip(p, EPS, 1.0)
    loss = np.sum(p * (np.log(p_safe) - np.log(q_safe))) / len(q)
    grad = -p / q_safe / len(q)
    return loss, grad


def softmax_loss(scores, labels):
    """labels: class numbers (n,) or one-hot (n, classes)"""
    y = np.argmax(labels, axis=1) if labels.ndim == 2 else labels
    n = len(scores)
    shifted = scores - scores.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -np.sum(logp[np.arange(n), y]) / n
    grad = np.exp(logp)
    grad[np.arange(n), y] -= 1
    return loss, grad / n


def softmax(x):
    """x: (n, classes)"""
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


class SoftmaxWithLoss:
    def __init__(self):
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.y = softmax(x)
        self.t = t if t.ndim == 2 else np.eye(x.shape[1])[t]
        shifted = x - np.max(x, axis=1, keepdims=True)
        log_y = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        return -np.sum(self.t * log_y) / x.shape[0]

    def backward(self, dout=1):
        batch_size = self.t.shape[0]
        return dout * (self.y - self.t) / batch_size
