"""Losses with masks and weights, contrastive losses; most return (loss, grad)."""
import numpy as np


def masked_cross_entropy(logits, targets, mask):
    """logits (N, T, V), targets (N, T) class numbers, mask (N, T) of 0/1: the mean over the kept steps."""
    N, T, V = logits.shape
    n, t = np.arange(N)[:, None], np.arange(T)[None, :]
    targets = np.asarray(targets, dtype=np.int64)
    m = np.asarray(mask, dtype=float)
    z = logits - logits.max(axis=2, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=2, keepdims=True))
    kept = max(m.sum(), 1.0)
    loss = -(logp[n, t, targets] * m).sum() / kept
    grad = np.exp(logp)
    grad[n, t, targets] -= 1
    grad *= m[:, :, None] / kept
    return loss, grad


def smoothed_cross_entropy(logits, labels, smoothing=0.1):
    """logits (N, K), labels (N,) class numbers or (N, K) one-hot; the mean over the batch."""
    N, K = logits.shape
    labels = np.asarray(labels)
    if labels.ndim == 2:
        labels = labels.argmax(axis=1)
    target = np.full((N, K), smoothing / K)
    for k in range(K):
        target[labels == k, k] += 1.0 - smoothing
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    s = e.sum(axis=1, keepdims=True)
    p = e / s
    logp = logits - logits.max(axis=1, keepdims=True) - np.log(s)
    loss = -(target * logp).sum() / N
    return loss, (p - target) / N


class WeightedBCE:
    """Binary cross entropy of logits with a weight for the positive class; the mean over all entries."""

    def __init__(self, pos_weight=1.0):
        self.pos_weight = pos_weight

    def forward(self, logits, y):
        self.z = logits
        self.y = np.asarray(y, dtype=float).reshape(logits.shape)
        pos = self.pos_weight * self.y * np.logaddexp(0.0, -logits)
        neg = (1 - self.y) * np.logaddexp(0.0, logits)
        return np.mean(pos + neg)

    def backward(self):
        p = 0.5 * (1.0 + np.tanh(0.5 * self.z))
        g = (1 - self.y) * p - self.pos_weight * self.y * (1 - p)
        return g / self.z.size


class ContrastiveLoss:
    """Pairs (a, b) and labels 1 (same) or 0: y d^2 + (1 - y) max(0, margin - d)^2, halved, mean over the pairs."""

    def __init__(self, margin=1.0, l2=0.0):
        self.margin = margin
        self.l2 = l2

    def forward(self, a, b, same):
        self.a, self.b = a, b
        self.y = np.asarray(same, dtype=float).reshape(-1, 1)
        self.diff = a - b
        self.d = np.sqrt((self.diff ** 2).sum(axis=1, keepdims=True))
        self.gap = np.maximum(self.margin - self.d, 0)
        loss = 0.5 * np.mean(self.y * self.d ** 2 + (1 - self.y) * self.gap ** 2)
        return loss + 0.5 * self.l2 * (np.sum(a ** 2) + np.sum(b ** 2))

    def backward(self):
        n = self.a.shape[0]
        direction = self.diff / np.maximum(self.d, 1e-12)
        g = (self.y * self.diff - (1 - self.y) * self.gap * direction) / n
        da = g + self.l2 * self.a
        db = -g + self.l2 * self.b
        return da, db


def triplet_loss(anchor, positive, negative, margin=0.5):
    """mean of max(0, |a - p|^2 - |a - n|^2 + margin); returns the loss and the three gradients."""
    dp = anchor - positive
    dn = anchor - negative
    v = (dp ** 2).sum(axis=1) - (dn ** 2).sum(axis=1) + margin
    loss = np.maximum(v, 0).mean()
    active = (v > 0)[:, None] / len(v)
    da = 2 * (dp - dn) * active
    return loss, (da, -2 * dp * active, 2 * dn * active)


def info_nce(q, k, temperature=0.1):
    """Row i of q belongs to row i of k, the other rows are negatives. Returns loss, dq, dk."""
    n = q.shape[0]
    s = q @ k.T / temperature
    s = s - s.max(axis=1, keepdims=True)
    p = np.exp(s)
    total = p.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - np.diag(s))
    ds = (p / total - np.eye(n)) / n
    return loss, ds @ k / temperature, ds.T @ q / temperature


class CosineLoss:
    """mean of 1 - cos(pred, target); forward(pred, target), backward() gives the gradient of pred."""

    def forward(self, pred, target):
        self.np = np.maximum(np.sqrt((pred ** 2).sum(axis=1, keepdims=True)), 1e-8)
        nt = np.maximum(np.sqrt((target ** 2).sum(axis=1, keepdims=True)), 1e-8)
        self.u = pred / self.np
        self.v = target / nt
        self.cos = (self.u * self.v).sum(axis=1, keepdims=True)
        return np.mean(1 - self.cos)

    def backward(self):
        n = self.u.shape[0]
        return -(self.v - self.cos * self.u) / (self.np * n)


def hinge_loss(scores, y):
    """scores (N,), y (N,) of 0/1: mean of max(0, 1 - s t) with t = 2 y - 1."""
    t = 2.0 * np.asarray(y, dtype=float) - 1.0
    margin = 1.0 - scores * t
    loss = np.maximum(margin, 0).mean()
    grad = np.where(margin > 0, -t, 0.0) / len(t)
    return loss, grad


def huber_loss(pred, target, delta=1.0, weights=None):
    """Weighted mean over all entries; weights has the shape (N,) and counts the samples of pred (N, D)."""
    r = pred - target
    w = np.ones(len(pred)) if weights is None else np.asarray(weights, dtype=float)
    w = w[:, None]
    small = np.abs(r) <= delta
    each = np.where(small, 0.5 * r ** 2, delta * (np.abs(r) - 0.5 * delta))
    total = w.sum() * pred.shape[1]
    loss = (w * each).sum() / total
    grad = w * np.where(small, r, delta * np.sign(r)) / total
    return loss, grad
