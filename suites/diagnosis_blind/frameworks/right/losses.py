"""Losses as objects: forward(pred, target) is the mean loss, backward() the gradient for pred.

Targets may be integers of any size and, for one output, of shape (n,) or (n, 1).
"""
import numpy as np


class Loss:
    def __call__(self, pred, target):
        return self.forward(pred, target)

    def _prepare(self, pred, target):
        target = np.asarray(target)
        if target.shape != pred.shape:
            target = target.reshape(pred.shape)
        self.pred = pred
        self.target = target.astype(np.result_type(pred.dtype, np.float32))

    def forward(self, pred, target):
        raise NotImplementedError

    def backward(self):
        raise NotImplementedError


class MSELoss(Loss):
    def forward(self, pred, target):
        self._prepare(pred, target)
        self.diff = self.pred - self.target
        return np.mean(self.diff ** 2)

    def backward(self):
        return 2.0 * self.diff / self.diff.size


class MAELoss(Loss):
    def forward(self, pred, target):
        self._prepare(pred, target)
        return np.mean(np.abs(self.pred - self.target))

    def backward(self):
        return np.sign(self.pred - self.target) / self.pred.size


class HuberLoss(Loss):
    def __init__(self, delta=1.0):
        self.delta = delta

    def forward(self, pred, target):
        self._prepare(pred, target)
        self.diff = self.pred - self.target
        size = np.abs(self.diff)
        inner = 0.5 * self.diff ** 2
        outer = self.delta * (size - 0.5 * self.delta)
        return np.mean(np.where(size <= self.delta, inner, outer))

    def backward(self):
        return np.clip(self.diff, -self.delta, self.delta) / self.diff.size


class BCELoss(Loss):
    """On probabilities."""

    def __init__(self, eps=1e-7):
        self.eps = eps

    def forward(self, pred, target):
        self._prepare(pred, target)
        self.p = np.clip(self.pred, self.eps, 1 - self.eps)
        y = self.target
        return -np.mean(y * np.log(self.p) + (1 - y) * np.log(1 - self.p))

    def backward(self):
        y = self.target
        return ((1 - y) / (1 - self.p) - y / self.p) / self.p.size


class BCEWithLogitsLoss(Loss):
    """On logits; pos_weight multiplies the term of the positives."""

    def __init__(self, pos_weight=1.0):
        self.pos_weight = pos_weight

    def forward(self, pred, target):
        self._prepare(pred, target)
        z, y = self.pred, self.target
        pos = self.pos_weight * y * np.logaddexp(0.0, -z)
        neg = (1 - y) * np.logaddexp(0.0, z)
        return np.mean(pos + neg)

    def backward(self):
        z, y = self.pred, self.target
        s = 0.5 * (1.0 + np.tanh(0.5 * z))
        grad = (1 - y) * s - self.pos_weight * y * (1 - s)
        return grad / z.size


class HingeLoss(Loss):
    """Labels are 0 and 1; pred is a score."""

    def __init__(self, margin=1.0):
        self.margin = margin

    def forward(self, pred, target):
        self._prepare(pred, target)
        self.sign = 2.0 * self.target - 1.0
        self.slack = self.margin - self.sign * self.pred
        return np.mean(np.maximum(0.0, self.slack))

    def backward(self):
        return np.where(self.slack > 0, -self.sign, 0.0) / self.slack.size


class CrossEntropyLoss:
    """On logits of shape (n, classes); the target holds class numbers (n,) or one-hot rows."""

    def __call__(self, logits, target):
        return self.forward(logits, target)

    def forward(self, logits, target):
        target = np.asarray(target)
        if target.ndim == 2:
            target = target.argmax(axis=1)
        self.labels = target.astype(np.int64)
        self.rows = np.arange(len(logits))
        shifted = logits - logits.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.probs = np.exp(logp)
        return -logp[self.rows, self.labels].mean()

    def backward(self):
        grad = self.probs.copy()
        grad[self.rows, self.labels] -= 1.0
        return grad / len(grad)
