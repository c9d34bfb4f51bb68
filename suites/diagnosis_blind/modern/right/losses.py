"""Losses: functions that return (loss, grad), and classes with forward(pred, target) and backward(). All are means
over the batch."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def huber_loss(pred, target, delta=1.0):
    """pred and target of any equal shape; mean over all entries."""
    r = pred - target
    small = np.abs(r) <= delta
    loss = np.where(small, 0.5 * r ** 2, delta * (np.abs(r) - 0.5 * delta))
    grad = np.zeros_like(r)
    grad[small] = r[small]
    grad[~small] = delta * np.sign(r[~small])
    return loss.mean(), grad / r.size


def log_cosh_loss(pred, target):
    r = pred - target
    loss = np.logaddexp(r, -r) - np.log(2.0)
    return loss.mean(), np.tanh(r) / r.size


def label_smoothing_loss(logits, y, smoothing=0.1):
    """Cross entropy of logits (n, c) against class numbers y, (n,) or (n, 1), smoothed with the uniform distribution."""
    y = np.reshape(y, -1)
    n, c = len(y), logits.shape[1]
    q = np.full(logits.shape, smoothing / c)
    q[np.arange(n), y] += 1.0 - smoothing
    logp = log_softmax(logits)
    loss = -(q * logp).sum() / n
    return loss, (np.exp(logp) - q) / n


def multiclass_hinge_loss(scores, y, margin=1.0):
    """Sum over the wrong classes of max(0, s_j - s_y + margin), mean over the batch."""
    n, c = scores.shape
    rows = np.arange(n)
    grad = np.zeros(scores.shape)
    correct = scores[rows, y]
    loss = 0.0
    for j in range(c):
        gap = scores[:, j] - correct + margin
        active = (gap > 0) & (y != j)
        loss += gap[active].sum()
        grad[active, j] += 1.0
        grad[rows[active], y[active]] -= 1.0
    return loss / n, grad / n


def binary_hinge_loss(scores, labels):
    """labels 0 or 1, scores of the same shape: mean of max(0, 1 - (2 label - 1) score)."""
    t = 2 * labels.astype(float) - 1
    slack = np.maximum(0, 1 - t * scores)
    grad = np.where(slack > 0, -t, 0.0)
    return slack.mean(), grad / scores.size


def triplet_loss(anchor, positive, negative, margin=1.0):
    """mean of max(0, |a - p|^2 - |a - n|^2 + margin); returns loss, (da, dp, dn)."""
    ap, an = anchor - positive, anchor - negative
    gap = np.sum(ap ** 2, axis=1) - np.sum(an ** 2, axis=1) + margin
    active = (gap > 0)[:, None] / len(anchor)
    da = 2 * (ap - an) * active
    dp = -2 * ap * active
    dn = 2 * an * active
    return np.maximum(gap, 0).mean(), (da, dp, dn)


class CosineEmbeddingLoss:
    """1 - cos for y = 1, max(0, cos - margin) for y = -1. backward() returns (dx1, dx2)."""

    def __init__(self, margin=0.0, eps=1e-12):
        self.margin, self.eps = margin, eps

    def forward(self, x1, x2, y):
        self.x1, self.x2 = x1, x2
        self.y = np.reshape(y, -1)
        self.n1 = np.maximum(np.linalg.norm(x1, axis=1), self.eps)
        self.n2 = np.maximum(np.linalg.norm(x2, axis=1), self.eps)
        self.cos = np.einsum("nd,nd->n", x1, x2) / (self.n1 * self.n2)
        losses = np.where(self.y == 1, 1.0 - self.cos, np.maximum(0.0, self.cos - self.margin))
        return losses.mean()

    def backward(self, dout=1.0):
        dcos = np.where(self.y == 1, -1.0, (self.cos > self.margin).astype(float))
        dcos = (dout * dcos / self.y.shape[0])[:, None]
        u1, u2 = self.x1 / self.n1[:, None], self.x2 / self.n2[:, None]
        cos = self.cos[:, None]
        dx1 = dcos * (u2 - cos * u1) / self.n1[:, None]
        dx2 = dcos * (u1 - cos * u2) / self.n2[:, None]
        return dx1, dx2


class KLDivLoss:
    """sum p log(p / q), mean over the batch; forward(q, p) with probabilities q (prediction) and p (target)."""

    def __init__(self, eps=1e-10):
        self.eps = eps

    def forward(self, q, p):
        self.q, self.p = q, p
        log_ratio = np.log(np.clip(p, self.eps, 1.0)) - np.log(np.clip(q, self.eps, 1.0))
        return np.sum(p * log_ratio) / q.shape[0]

    def backward(self, dout=1.0):
        q = np.clip(self.q, self.eps, 1.0)
        return -dout * self.p / q / self.q.shape[0]


class WeightedBCEWithLogits:
    """pos_weight weighs the positive class. logits (n,) or (n, 1); labels 0/1 of either shape."""

    def __init__(self, pos_weight=1.0):
        self.pos_weight = pos_weight

    def forward(self, logits, labels):
        self.z = logits
        self.t = np.reshape(labels, logits.shape).astype(float)
        positive = self.pos_weight * self.t * np.logaddexp(0, -self.z)
        negative = (1 - self.t) * np.logaddexp(0, self.z)
        return np.mean(positive + negative)

    def backward(self):
        s = sigmoid(self.z)
        grad = (1 - self.t) * s - self.pos_weight * self.t * (1 - s)
        return grad / self.z.size


class FocalLoss:
    """Multi-class, on logits (n, c): mean of -(1 - p_t)^gamma log p_t. Targets: class numbers or one-hot rows."""

    def __init__(self, gamma=2.0):
        self.gamma = gamma

    def forward(self, logits, target):
        target = np.asarray(target)
        if target.ndim == 2:
            target = target.argmax(axis=1)
        self.target = target
        self.logp = log_softmax(logits)
        self.rows = np.arange(logits.shape[0])
        self.log_pt = self.logp[self.rows, self.target]
        self.pt = np.exp(self.log_pt)
        return -np.mean((1 - self.pt) ** self.gamma * self.log_pt)

    def backward(self, dout=1.0):
        g, pt = self.gamma, self.pt
        rest = np.maximum(1 - pt, 1e-12)
        dlog_pt = -rest ** g + g * rest ** (g - 1) * pt * self.log_pt
        dlogits = -np.exp(self.logp)
        dlogits[self.rows, self.target] += 1.0
        return dout * dlogits * dlog_pt[:, None] / len(pt)
