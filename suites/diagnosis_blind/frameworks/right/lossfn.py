"""Losses as functions that return (loss, gradient for the first argument)."""
import numpy as np


def log_softmax(z):
    shifted = z - np.max(z, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def one_hot(y, n_classes, dtype=float):
    out = np.zeros((len(y), n_classes), dtype=dtype)
    out[np.arange(len(y)), np.asarray(y, dtype=np.int64)] = 1
    return out


def smoothed_ce(logits, y, smoothing=0.1):
    """Softmax cross entropy against (1 - s) onehot + s / k; mean over the batch."""
    n, k = logits.shape
    t = one_hot(y, k) * (1.0 - smoothing) + smoothing / k
    logp = log_softmax(logits)
    loss = -np.sum(t * logp) / n
    grad = (np.exp(logp) - t) / n
    return loss, grad


def focal_loss(logits, y, gamma=2.0):
    """-(1 - p)^gamma log p of the true class, mean over the batch; gamma >= 1."""
    n, k = logits.shape
    logp_all = log_softmax(logits)
    rows, y = np.arange(n), np.asarray(y, dtype=np.int64)
    logp = logp_all[rows, y]
    p = np.exp(logp)
    loss = -np.mean((1 - p) ** gamma * logp)
    # with respect to log p
    dlogp = -((1 - p) ** gamma) + gamma * p * (1 - p) ** (gamma - 1) * logp
    grad = one_hot(y, k) - np.exp(logp_all)
    grad *= dlogp[:, None]
    return loss, grad / n


def kl_div(logits, target):
    """KL(target || softmax(logits)), mean over the batch; target rows are distributions, zeros allowed."""
    n = logits.shape[0]
    logq = log_softmax(logits)
    logt = np.log(np.where(target > 0, target, 1.0))
    loss = np.sum(target * (logt - logq)) / n
    grad = (np.exp(logq) - target) / n
    return loss, grad


def cosine_loss(pred, target, eps=1e-8):
    """Mean of 1 - cos(pred, target) over the rows."""
    n = len(pred)
    target = np.asarray(target, dtype=float)
    np_ = np.sqrt(np.sum(pred ** 2, axis=1, keepdims=True)) + eps
    nt = np.sqrt(np.sum(target ** 2, axis=1, keepdims=True)) + eps
    cos = np.sum(pred * target, axis=1, keepdims=True) / (np_ * nt)
    loss = np.mean(1.0 - cos)
    unit = pred / np.maximum(np_ - eps, eps)
    grad = -(target / (np_ * nt) - cos * unit / np_) / n
    return loss, grad


def poisson_nll(log_rate, counts):
    """exp(z) - k z with z capped at 80, mean over all entries."""
    z = np.minimum(log_rate, 80.0)
    rate = np.exp(z)
    loss = np.mean(rate - counts * z)
    grad = np.where(log_rate < 80.0, rate - counts, 0.0)
    return loss, grad / rate.size


def quantile_loss(pred, target, q=0.9):
    """Pinball loss, mean over all entries."""
    err = np.asarray(target, dtype=float).reshape(pred.shape) - pred
    loss = np.mean(np.maximum(q * err, (q - 1) * err))
    grad = np.where(err > 0, -q, 1 - q) / pred.size
    return loss, grad


def log_cosh_loss(pred, target):
    d = pred - np.asarray(target, dtype=float).reshape(pred.shape)
    a = np.abs(d)
    loss = np.mean(a + np.log1p(np.exp(-2 * a)) - np.log(2.0))
    return loss, np.tanh(d) / d.size


def multi_hinge(scores, y, margin=1.0):
    """Sum of max(0, s_j - s_y + margin) over j != y, mean over the batch."""
    n = scores.shape[0]
    rows, y = np.arange(n), np.asarray(y, dtype=np.int64)
    slack = scores - scores[rows, y][:, None] + margin
    slack[rows, y] = 0
    loss = np.sum(np.maximum(slack, 0)) / n
    grad = (slack > 0).astype(float)
    grad[rows, y] = -np.sum(grad, axis=1)
    return loss, grad / n


def elastic_net(w, l1=0.0, l2=0.0):
    """l1 |w| + l2 w^2, summed."""
    penalty = l1 * np.sum(np.abs(w)) + l2 * np.sum(w ** 2)
    return penalty, l1 * np.sign(w) + 2 * l2 * w
