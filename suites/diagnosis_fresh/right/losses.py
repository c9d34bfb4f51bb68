"""Losses with forward(pred, target) and backward()."""

import numpy as np


class MSE:
    def forward(self, pred, target):
        self.diff = pred - target.reshape(pred.shape)
        return np.mean(self.diff**2)

    def backward(self):
        return 2.0 * self.diff / self.diff.size


class MAE:
    def forward(self, pred, target):
        self.diff = pred - target.reshape(pred.shape)
        return np.mean(np.abs(self.diff))

    def backward(self):
        return np.sign(self.diff) / self.diff.size


class Huber:
    def __init__(self, delta=0.7):
        self.delta = delta

    def forward(self, pred, target):
        self.r = pred - target.reshape(pred.shape)
        small = np.abs(self.r) <= self.delta
        quad = 0.5 * self.r**2
        lin = self.delta * (np.abs(self.r) - 0.5 * self.delta)
        return np.mean(np.where(small, quad, lin))

    def backward(self):
        small = np.abs(self.r) <= self.delta
        tail = self.delta * np.sign(self.r)
        return np.where(small, self.r, tail) / self.r.size


class LogCosh:
    def forward(self, pred, target):
        self.r = pred - target.reshape(pred.shape)
        a = np.abs(self.r)
        return np.mean(a + np.log1p(np.exp(-2 * a)) - np.log(2.0))

    def backward(self):
        return np.tanh(self.r) / self.r.size


class CrossEntropy:
    """Softmax and cross entropy in one; targets are one-hot rows."""

    def forward(self, logits, onehot):
        shifted = logits - logits.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p, self.t = np.exp(logp), onehot
        return -np.sum(onehot * logp) / logits.shape[0]

    def backward(self):
        n = self.p.shape[0]
        return (self.p - self.t) / n


class SparseCrossEntropy:
    """Softmax and cross entropy in one; targets are class indices."""

    def forward(self, logits, labels):
        n = logits.shape[0]
        shifted = logits - logits.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p, self.labels = np.exp(logp), labels
        return -logp[np.arange(n), labels].mean()

    def backward(self):
        n = self.p.shape[0]
        grad = self.p.copy()
        grad[np.arange(n), self.labels] -= 1
        grad /= n
        return grad


class BCEWithLogits:
    def forward(self, logits, target):
        target = target.reshape(logits.shape).astype(float)
        self.z, self.t = logits, target
        loss = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
        return loss.mean()

    def backward(self):
        p = 1 / (1 + np.exp(-self.z))
        return (p - self.t) / self.z.size


class Hinge:
    """Several classes, class indices, margin 1."""

    def forward(self, scores, labels):
        n = scores.shape[0]
        rows = np.arange(n)
        m = np.maximum(0, scores - scores[rows, labels][:, None] + 1.0)
        m[rows, labels] = 0
        self.m, self.labels = m, labels
        return m.sum() / n

    def backward(self):
        n = self.m.shape[0]
        grad = (self.m > 0).astype(float)
        grad[np.arange(n), self.labels] -= grad.sum(axis=1)
        return grad * (1 / n)
