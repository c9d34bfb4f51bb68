# mypy: ignore-errors
"""Losses beyond the books: forward(pred, target) returns the mean loss, backward() its gradient."""

import numpy as np


class HuberLoss:
    def __init__(self, delta=1.0):
        self.delta = delta

    def forward(self, pred, target):
        self.diff = pred - target
        size = np.abs(self.diff)
        inside = 0.5 * self.diff**2
        outside = self.delta * (size - 0.5 * self.delta)
        return np.mean(np.where(size <= self.delta, inside, outside))

    def backward(self):
        return np.clip(self.diff, -self.delta, self.delta) / self.diff.size


class MSELoss:
    def forward(self, pred, target):
        self.pred, self.target = pred.copy(), target.reshape(pred.shape)
        return np.mean((self.pred - self.target) ** 2)

    def backward(self):
        grad = np.empty(self.pred.shape)
        grad[...] = 2 * (self.pred - self.target) / self.pred.size
        return grad


class LogCoshLoss:
    def forward(self, pred, target):
        self.diff = pred - target
        size = np.abs(self.diff)
        return np.mean(size + np.log1p(np.exp(-2 * size)) - np.log(2))

    def backward(self):
        return np.tanh(self.diff) / self.diff.size


class HingeLoss:
    """Mean of max(0, 1 - y p) for labels -1 and 1."""

    def forward(self, pred, target):
        self.target = target.reshape(pred.shape).astype(float)
        self.margin = 1 - self.target * pred
        return np.mean(np.maximum(0, self.margin))

    def backward(self):
        return np.where(self.margin > 0, -self.target, 0.0) / self.margin.size


class KLDivLoss:
    """Sum of t (log t - log p) over the classes, averaged over the rows; p and t probabilities."""

    eps = 1e-12

    def forward(self, pred, target):
        self.pred = np.maximum(pred, self.eps)
        self.target = target.copy()
        log_t = np.log(np.maximum(target, self.eps))
        return np.sum(target * (log_t - np.log(self.pred))) / len(pred)

    def backward(self):
        return -self.target / self.pred / len(self.pred)


class FocalLoss:
    """-(1 - p)^gamma log p of the true class, p = softmax of the logits (Lin et al. 2017)."""

    def __init__(self, gamma=2.0):
        self.gamma = gamma

    def forward(self, logits, labels):
        n = len(logits)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p = np.exp(log_p)
        self.labels = labels.ravel().astype(int)
        self.log_pt = log_p[np.arange(n), self.labels]
        self.pt = self.p[np.arange(n), self.labels]
        return np.mean(-((1 - self.pt) ** self.gamma) * self.log_pt)

    def backward(self):
        n = len(self.pt)
        one_hot = np.eye(self.p.shape[1])[self.labels]
        rest = 1 - self.pt
        factor = self.gamma * rest ** (self.gamma - 1) * self.pt * self.log_pt - rest**self.gamma
        return factor[:, None] * (one_hot - self.p) / n


class CosineEmbeddingLoss:
    """Mean of 1 - cos(a, b) over the rows; returns the gradient with respect to a."""

    eps = 1e-12

    def forward(self, a, b):
        self.a, self.b = a.copy(), b.copy()
        self.norm_a = np.sqrt(np.sum(a * a, axis=1, keepdims=True) + self.eps)
        self.norm_b = np.sqrt(np.sum(b * b, axis=1, keepdims=True) + self.eps)
        self.cos = np.sum(a * b, axis=1, keepdims=True) / (self.norm_a * self.norm_b)
        return np.mean(1 - self.cos)

    def backward(self):
        n = len(self.a)
        dcos = self.b / (self.norm_a * self.norm_b) - self.cos * self.a / self.norm_a**2
        return -dcos / n


class WeightedCrossEntropy:
    """From the logits, every sample weighted by the weight of its true class."""

    def __init__(self, class_weights):
        self.class_weights = np.asarray(class_weights, dtype=float)

    def forward(self, logits, labels):
        n = len(logits)
        labels = labels.ravel().astype(int)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.labels, self.probs = labels, np.exp(log_p)
        return -np.sum(self.class_weights[labels] * log_p[np.arange(n), labels]) / n

    def backward(self):
        n = len(self.probs)
        grad = self.probs.copy()
        grad[np.arange(n), self.labels] -= 1
        grad *= self.class_weights[self.labels][:, None]
        return grad / n
