"""Loss functions: each returns (loss, gradient of its first argument[s]); losses are means over the batch."""
import numpy as np


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def label_smoothing_loss(logits, labels, smoothing=0.1):
    """Cross entropy against (1 - s) * onehot + s / classes."""
    n, c = logits.shape
    logp = log_softmax(logits)
    target = np.full((n, c), smoothing / c)
    target[np.arange(n), labels] += 1.0 - smoothing
    loss = -np.sum(target * logp) / n
    return loss, (np.exp(logp) - target) / n


def softmax_focal_loss(logits, labels, gamma=2.0):
    """mean of -(1 - p_t)^gamma * log p_t."""
    n = logits.shape[0]
    rows = np.arange(n)
    logp = log_softmax(logits)
    lpt = logp[rows, labels]
    pt = np.exp(lpt)
    q = np.maximum(-np.expm1(lpt), 1e-12)
    loss = np.mean(-(q ** gamma) * lpt)
    dlpt = gamma * q ** (gamma - 1) * pt * lpt - q ** gamma
    grad = -np.exp(logp)
    grad[rows, labels] += 1
    return loss, grad * dlpt[:, None] / n


def bce_with_logits(logits, targets, pos_weight=1.0):
    """logits and targets each (n,) or (n, 1): mean of pos_weight * y * softplus(-x) + (1 - y) * softplus(x)."""
    x = logits.reshape(-1)
    y = np.asarray(targets).reshape(-1).astype(float)
    loss = np.mean(pos_weight * y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x))
    p = 0.5 * (1 + np.tanh(0.5 * x))
    grad = (pos_weight * y * (p - 1) + (1 - y) * p) / x.size
    return loss, grad.reshape(logits.shape)


def kl_distillation(student, teacher, temperature=2.0):
    """T^2 * mean over the batch of KL(softmax(teacher / T) || softmax(student / T))."""
    T = temperature
    ls = log_softmax(student / T)
    lt = log_softmax(teacher / T)
    pt = np.exp(lt)
    n = student.shape[0]
    loss = T * T * np.sum(pt * (lt - ls)) / n
    return loss, T * (np.exp(ls) - pt) / n


def gaussian_kl(mu, logvar):
    """KL(N(mu, e^logvar) || N(0, 1)), summed over the latent axis, mean over the batch."""
    n = mu.shape[0]
    loss = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar)) / n
    return loss, mu / n, 0.5 * (np.exp(logvar) - 1) / n


def triplet_loss(anchor, positive, negative, margin=1.0):
    """mean of max(0, |a - p|^2 - |a - n|^2 + margin); gradients of anchor, positive, negative."""
    ap, an = anchor - positive, anchor - negative
    gap = np.sum(ap ** 2, axis=1) - np.sum(an ** 2, axis=1) + margin
    active = (gap > 0)[:, None] / anchor.shape[0]
    da = 2 * (ap - an) * active
    dp = -2 * ap * active
    dn = 2 * an * active
    return np.mean(np.maximum(gap, 0)), da, dp, dn


def contrastive_loss(x1, x2, same, margin=2.0):
    """Pairs: d^2 where same == 1, max(0, margin - d)^2 otherwise."""
    n = x1.shape[0]
    same = np.asarray(same).astype(bool)
    diff = x1 - x2
    d = np.sqrt(np.sum(diff ** 2, axis=1))
    short = np.maximum(margin - d, 0)
    loss = np.sum(np.where(same, d ** 2, short ** 2)) / n
    coef = np.where(same, 2.0, -2.0 * short / np.maximum(d, 1e-12))
    dx1 = coef[:, None] * diff / n
    return loss, dx1, -dx1


def info_nce(za, zb, temperature=0.1):
    """Row i of za belongs to row i of zb; similarities are scaled inner products of the normalised rows."""
    n = za.shape[0]
    na = np.maximum(np.linalg.norm(za, axis=1, keepdims=True), 1e-12)
    nb = np.maximum(np.linalg.norm(zb, axis=1, keepdims=True), 1e-12)
    a, b = za / na, zb / nb
    logp = log_softmax(a @ b.T / temperature)
    idx = np.arange(n)
    loss = -np.mean(logp[idx, idx])
    ds = np.exp(logp)
    ds[idx, idx] -= 1
    ds = ds / (n * temperature)
    da, db = ds @ b, ds.T @ a
    dza = (da - a * np.sum(da * a, axis=1, keepdims=True)) / na
    dzb = (db - b * np.sum(db * b, axis=1, keepdims=True)) / nb
    return loss, dza, dzb


def huber_loss(pred, target, delta=1.0):
    """Mean over all entries; the targets of predictions (n, 1) may come as (n,)."""
    r = pred - np.asarray(target).reshape(pred.shape)
    small = np.abs(r) <= delta
    loss = np.where(small, 0.5 * r ** 2, delta * (np.abs(r) - 0.5 * delta)).mean()
    return loss, np.where(small, r, delta * np.sign(r)) / r.size


def masked_sequence_loss(logits, labels, ignore_index=-1):
    """logits (N, T, C), labels (N, T): mean cross entropy over the labels that are not ignore_index."""
    N, T, C = logits.shape
    flat = np.asarray(labels).reshape(-1)
    keep = flat != ignore_index
    count = max(keep.sum(), 1)
    logp = log_softmax(logits.reshape(-1, C))
    idx = np.where(keep, flat, 0).astype(int)
    rows = np.arange(N * T)
    loss = -np.sum(logp[rows, idx] * keep) / count
    grad = np.exp(logp)
    grad[rows, idx] -= 1
    grad = grad * keep[:, None] / count
    return loss, grad.reshape(N, T, C)


def hinge_loss(scores, labels):
    """scores (n,), labels 0 or 1 (n,): mean of max(0, 1 - y * score) with y = -1 or 1."""
    y = 2 * np.asarray(labels).astype(int) - 1
    gap = 1 - y * scores
    return np.mean(np.maximum(gap, 0)), -y * (gap > 0) / scores.size


def binary_accuracy(logits, targets):
    """Share of right signs; logits and targets each (n,) or (n, 1)."""
    pred = logits.reshape(-1) > 0
    return np.mean(pred == (np.asarray(targets).reshape(-1) > 0.5))
