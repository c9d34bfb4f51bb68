"""Losses. The functions return (loss, gradient[s]); the classes have forward(...) and backward()."""
import numpy as np


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


class LogCosh:
    def forward(self, pred, target):
        self.pred = np.array(pred, dtype=float)
        self.err = self.pred - target
        a = np.abs(self.err)
        return np.mean(a + np.log1p(np.exp(-2 * a)) - np.log(2.0))

    def backward(self):
        return np.tanh(self.err) / self.pred.size


class QuantileLoss:
    def __init__(self, q=0.8):
        self.q = q

    def forward(self, pred, target):
        self.err = np.asarray(target, dtype=float) - pred
        return np.mean(np.maximum(self.q * self.err, (self.q - 1) * self.err))

    def backward(self):
        grad = np.where(self.err > 0, -self.q, 1 - self.q)
        return grad / self.err.size


class GaussianKL:
    """KL( N(mu, exp(logvar)) || N(0, 1) ), summed over units, averaged over the batch."""

    def forward(self, mu, logvar):
        self.mu, self.logvar = mu.copy(), logvar.copy()
        kl = np.exp(logvar) + mu ** 2 - 1 - logvar
        return 0.5 * kl.sum() / len(mu)

    def backward(self):
        n = len(self.mu)
        dmu = self.mu / n
        dlogvar = 0.5 * (np.exp(self.logvar) - 1) / n
        return dmu, dlogvar


def svm_loss(scores, y):
    """Multi-class hinge loss with class numbers y."""
    n = scores.shape[0]
    rows = np.arange(n)
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1.0)
    margins[rows, y] = 0
    loss = margins.sum() / n
    dscores = (margins > 0).astype(float)
    dscores[rows, y] -= dscores.sum(axis=1)
    return loss, dscores / n


def contrastive_loss(a, b, same, margin=4.0):
    """Pairs of embeddings; `same` is 1 for pairs that belong together and 0 for the others."""
    same = np.asarray(same, dtype=float).reshape(-1, 1)
    n = len(a)
    diff = a - b
    dist = np.sqrt(np.sum(diff ** 2, axis=1, keepdims=True) + 1e-12)
    gap = np.maximum(0, margin - dist)
    loss = 0.5 * np.sum(same * dist ** 2 + (1 - same) * gap ** 2) / n
    pull = same * diff
    push = -(1 - same) * gap * diff / dist
    da = (pull + push) / n
    return loss, da, -da


def triplet_loss(anchor, positive, negative, margin=1.0):
    n = len(anchor)
    d_pos = np.sum((anchor - positive) ** 2, axis=1)
    d_neg = np.sum((anchor - negative) ** 2, axis=1)
    hinge = d_pos - d_neg + margin
    loss = np.maximum(0, hinge).sum() / n
    active = (hinge > 0).astype(float)[:, None] / n
    d_anchor = 2 * active * (negative - positive)
    d_positive = 2 * active * (positive - anchor)
    d_negative = 2 * active * (anchor - negative)
    return loss, d_anchor, d_positive, d_negative


def policy_gradient_loss(logits, actions, advantages, beta=0.1):
    """REINFORCE with an entropy bonus."""
    n = len(logits)
    rows = np.arange(n)
    logp = log_softmax(logits)
    p = np.exp(logp)
    entropy = -np.sum(p * logp, axis=1, keepdims=True)
    loss = -np.mean(logp[rows, actions] * advantages) - beta * entropy.mean()
    dlogits = p.copy()
    dlogits[rows, actions] -= 1
    dlogits = dlogits * np.reshape(advantages, (-1, 1))
    dlogits = dlogits + beta * p * (logp + entropy)
    return loss, dlogits / n


def distillation_loss(student, teacher, labels, T=3.0, alpha=0.5):
    """alpha * cross entropy with the labels + (1 - alpha) * cross entropy with the softened teacher."""
    n = len(student)
    rows = np.arange(n)
    hard = log_softmax(student)
    soft = log_softmax(student / T)
    q = np.exp(log_softmax(teacher / T))
    loss = -alpha * hard[rows, labels].mean() - (1 - alpha) * np.sum(q * soft) / n
    d_hard = np.exp(hard)
    d_hard[rows, labels] -= 1
    d_soft = (np.exp(soft) - q) / T
    return loss, (alpha * d_hard + (1 - alpha) * d_soft) / n


def dice_loss(pred, target, smooth=1.0):
    """1 - (2 sum(p t) + s) / (sum p + sum t + s), averaged over the samples."""
    t = np.asarray(target, dtype=float)
    n = len(pred)
    num = 2 * np.sum(pred * t, axis=1, keepdims=True) + smooth
    total = np.sum(pred, axis=1, keepdims=True) + np.sum(t, axis=1, keepdims=True) + smooth
    loss = np.mean(1 - num / total)
    grad = -(2 * t * total - num) / total ** 2
    return loss, grad / n


def cosine_loss(a, b, eps=1e-12):
    """Mean of 1 - cos(a_i, b_i); returns the gradient for both sides."""
    n = len(a)
    na = np.sqrt(np.sum(a * a, axis=1, keepdims=True) + eps)
    nb = np.sqrt(np.sum(b * b, axis=1, keepdims=True) + eps)
    ua, ub = a / na, b / nb
    cos = np.sum(ua * ub, axis=1, keepdims=True)
    da = -(ub - cos * ua) / na
    db = -(ua - cos * ub) / nb
    return np.mean(1 - cos), da / n, db / n
