"""Losses: forward(pred, target) returns a number, backward() the gradient with respect to pred."""
import numpy as np

EPS = 1e-7


class MSELoss:
    """Mean over all entries."""

    def forward(self, pred, target):
        self.diff = pred - np.asarray(target, dtype=pred.dtype).reshape(pred.shape)
        return np.mean(self.diff ** 2)

    def backward(self):
        return 2.0 * self.diff / self.diff.size


class MAELoss:
    """Mean over all entries; targets (n,) or (n, 1) for predictions (n, 1)."""

    def forward(self, pred, target):
        target = np.asarray(target, dtype=pred.dtype).reshape(pred.shape)
        self.diff = pred - target
        return np.mean(np.abs(self.diff))

    def backward(self):
        return np.sign(self.diff) / self.diff.size


class HuberLoss:
    """Quadratic up to delta, linear beyond; summed over the outputs, mean over the samples."""

    def __init__(self, delta=1.0):
        self.delta = delta

    def forward(self, pred, target):
        self.error = pred - np.asarray(target, dtype=pred.dtype).reshape(pred.shape)
        size = np.abs(self.error)
        self.small = size <= self.delta
        per_entry = np.where(self.small, 0.5 * size ** 2, self.delta * (size - 0.5 * self.delta))
        return per_entry.sum() / len(pred)

    def backward(self):
        linear = self.delta * np.sign(self.error)
        return np.where(self.small, self.error, linear) / len(self.error)


class BCELoss:
    """Binary cross-entropy on probabilities, mean over all entries; labels 0/1 of any dtype."""

    def forward(self, pred, target):
        self.pred = pred
        self.target = np.asarray(target, dtype=pred.dtype).reshape(pred.shape)
        p = np.clip(pred, EPS, 1 - EPS)
        return -np.mean(self.target * np.log(p) + (1 - self.target) * np.log(1 - p))

    def backward(self):
        t = self.target
        prob = np.clip(self.pred, EPS, 1 - EPS)
        return (-t / prob + (1 - t) / (1 - prob)) / prob.size


class SoftmaxCrossEntropy:
    """On logits (N, C); class numbers or one-hot labels; `class_weight` (C,) weighs the samples of each class."""

    def __init__(self, class_weight=None):
        self.class_weight = class_weight

    def forward(self, logits, labels):
        labels = np.asarray(labels)
        if labels.ndim == 2:
            labels = labels.argmax(axis=1)
        n, n_classes = logits.shape
        weight = np.ones(n_classes) if self.class_weight is None else np.asarray(self.class_weight)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.prob = np.exp(log_p)
        self.labels = labels.astype(int)
        self.weight = weight.astype(logits.dtype)
        self.rows = np.arange(n)
        return -np.sum(self.weight[self.labels] * log_p[self.rows, self.labels]) / n

    def backward(self):
        grad = self.prob.copy()
        grad[self.rows, self.labels] -= 1.0
        grad = grad * self.weight[self.labels][:, None]
        return grad / len(self.rows)


class KLDivLoss:
    """KL(target || softmax(logits)), summed over the classes, mean over the samples."""

    def forward(self, logits, target):
        self.target = np.asarray(target, dtype=logits.dtype)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.q = np.exp(log_q)
        log_t = np.log(np.where(self.target > 0, self.target, 1.0))
        return np.sum(self.target * (log_t - log_q)) / logits.shape[0]

    def backward(self):
        total = self.target.sum(axis=1, keepdims=True)
        return (self.q * total - self.target) / self.q.shape[0]


class CosineLoss:
    """1 - cos(pred, target), mean over the rows."""

    def forward(self, pred, target):
        a, b = pred, np.asarray(target, dtype=pred.dtype)
        self.norm_a = np.maximum(np.sqrt(np.sum(a * a, axis=1, keepdims=True)), EPS)
        norm_b = np.maximum(np.sqrt(np.sum(b * b, axis=1, keepdims=True)), EPS)
        self.unit_a, self.unit_b = a / self.norm_a, b / norm_b
        self.cos = np.sum(self.unit_a * self.unit_b, axis=1, keepdims=True)
        return np.mean(1.0 - self.cos)

    def backward(self):
        dcos = (self.unit_b - self.cos * self.unit_a) / self.norm_a
        return -dcos / len(self.cos)
