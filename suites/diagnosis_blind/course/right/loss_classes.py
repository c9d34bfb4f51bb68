"""Losses as classes: forward(prediction, target) returns the mean loss, backward() the gradient of the prediction."""
import numpy as np


def sigmoid(z):
    return np.exp(-np.logaddexp(0.0, -z))


class MSELoss:
    def forward(self, pred, target):
        target = np.asarray(target).reshape(pred.shape)
        self.diff = pred - target
        return np.mean(self.diff ** 2)

    def backward(self):
        return 2 * self.diff / self.diff.size


class HuberLoss:
    def __init__(self, delta=1.0):
        self.delta = delta

    def forward(self, pred, target):
        self.diff = pred - np.asarray(target).reshape(pred.shape)
        a = np.abs(self.diff)
        quadratic = 0.5 * a ** 2
        linear = self.delta * (a - 0.5 * self.delta)
        return np.mean(np.where(a <= self.delta, quadratic, linear))

    def backward(self):
        inside = np.abs(self.diff) <= self.delta
        grad = np.where(inside, self.diff, self.delta * np.sign(self.diff))
        return grad / self.diff.size


class BCEWithLogitsLoss:
    """Binary cross entropy of logits; positives count pos_weight times."""

    def __init__(self, pos_weight=1.0):
        self.pos_weight = pos_weight

    def forward(self, logits, target):
        self.z = logits.copy()
        self.t = np.asarray(target, dtype=float).reshape(logits.shape)
        softplus = np.logaddexp(0.0, self.z)
        per_sample = (1 - self.t) * softplus + self.pos_weight * self.t * (softplus - self.z)
        return per_sample.mean()

    def backward(self):
        p = sigmoid(self.z)
        grad = (1 - self.t) * p - self.pos_weight * self.t * (1 - p)
        return grad / self.z.size


class FocalLoss:
    """Binary focal loss of logits: -alpha_t (1 - p_t)^gamma log p_t."""

    def __init__(self, gamma=2.0, alpha=0.25):
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits, target):
        t = np.asarray(target, dtype=float).reshape(logits.shape)
        self.sign = 2 * t - 1
        self.alpha_t = self.alpha * t + (1 - self.alpha) * (1 - t)
        self.log_pt = -np.logaddexp(0.0, -self.sign * logits)
        self.pt = np.exp(self.log_pt)
        self.q = sigmoid(-self.sign * logits)
        return np.mean(-self.alpha_t * self.q ** self.gamma * self.log_pt)

    def backward(self):
        modulating = self.q ** self.gamma
        inner = self.gamma * self.pt * self.log_pt - self.q
        grad = self.alpha_t * modulating * inner * self.sign
        return grad / grad.size


class LabelSmoothingCrossEntropy:
    """Cross entropy of logits (N, K) against class numbers (N,), with smoothed targets."""

    def __init__(self, smoothing=0.1):
        self.smoothing = smoothing

    def forward(self, logits, labels):
        n, k = logits.shape
        shifted = logits - logits.max(axis=1, keepdims=True)
        self.log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.onehot = np.zeros((n, k))
        self.onehot[np.arange(n), labels] = 1.0
        target = (1 - self.smoothing) * self.onehot + self.smoothing / k
        return -np.sum(target * self.log_p) / n

    def backward(self):
        n, k = self.onehot.shape
        soft = (1 - self.smoothing) * self.onehot + self.smoothing / k
        return (np.exp(self.log_p) - soft) / n


class CosineLoss:
    """Mean of 1 - cos(a, b) over the rows; backward returns the gradients of a and of b."""

    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, a, b):
        self.na = np.maximum(np.linalg.norm(a, axis=1, keepdims=True), self.eps)
        self.nb = np.maximum(np.linalg.norm(b, axis=1, keepdims=True), self.eps)
        self.ua = a / self.na
        self.ub = b / self.nb
        self.cos = np.sum(self.ua * self.ub, axis=1, keepdims=True)
        return np.mean(1 - self.cos)

    def backward(self):
        n = self.cos.shape[0]
        da = -(self.ub - self.cos * self.ua) / self.na
        db = -(self.ua - self.cos * self.ub) / self.nb
        return da / n, db / n


class TripletLoss:
    """max(0, |a - p|^2 - |a - n|^2 + margin), mean over the rows."""

    def __init__(self, margin=1.0):
        self.margin = margin

    def forward(self, anchor, positive, negative):
        self.to_pos = anchor - positive
        self.to_neg = anchor - negative
        gap = np.sum(self.to_pos ** 2, axis=1) - np.sum(self.to_neg ** 2, axis=1)
        per_row = np.maximum(gap + self.margin, 0)
        self.active = (per_row > 0)[:, np.newaxis]
        return per_row.mean()

    def backward(self):
        scale = 2.0 * self.active / len(self.active)
        danchor = scale * (self.to_pos - self.to_neg)
        dpositive = -scale * self.to_pos
        dnegative = scale * self.to_neg
        return danchor, dpositive, dnegative
