"""Losses as classes: forward(pred, target) returns a number, backward() the gradient of pred."""
import numpy as np


class Loss:
    def __call__(self, pred, target):
        return self.forward(pred, target)


class MSELoss(Loss):
    def forward(self, pred, target):
        target = np.asarray(target, dtype=float).reshape(pred.shape)
        self.diff = pred - target
        return np.mean(self.diff ** 2)

    def backward(self):
        return 2 * self.diff / self.diff.size


class MAELoss(Loss):
    def forward(self, pred, target):
        target = np.asarray(target, dtype=float).reshape(pred.shape)
        self.diff = pred - target
        return np.mean(np.abs(self.diff))

    def backward(self):
        return np.sign(self.diff) / self.diff.size


class HuberLoss(Loss):
    def __init__(self, delta=1.0):
        self.delta = delta

    def forward(self, pred, target):
        self.diff = pred - np.asarray(target, dtype=float).reshape(pred.shape)
        a = np.abs(self.diff)
        quadratic = 0.5 * self.diff ** 2
        linear = self.delta * a - 0.5 * self.delta ** 2
        return np.mean(np.where(a <= self.delta, quadratic, linear))

    def backward(self):
        return np.clip(self.diff, -self.delta, self.delta) / self.diff.size


class BCEWithLogitsLoss(Loss):
    def forward(self, logits, target):
        self.logits = logits
        self.target = np.asarray(target, dtype=float).reshape(logits.shape)
        loss = np.logaddexp(0, logits) - logits * self.target
        return loss.mean()

    def backward(self):
        prob = 0.5 * (1.0 + np.tanh(0.5 * self.logits))
        return (prob - self.target) / self.target.size


class HingeLoss(Loss):
    """Labels 0 and 1, one score for each sample."""

    def forward(self, scores, target):
        t = np.asarray(target).reshape(scores.shape)
        self.sign = 2.0 * t.astype(float) - 1.0
        self.margin = 1.0 - self.sign * scores
        return np.maximum(self.margin, 0).mean()

    def backward(self):
        return -self.sign * (self.margin > 0) / self.sign.size


class KLDivLoss(Loss):
    """KL(target || softmax(logits)), averaged over the batch; target rows are distributions."""

    def forward(self, logits, target):
        z = logits - logits.max(axis=1, keepdims=True)
        self.log_q = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.p = np.asarray(target, dtype=float)
        log_p = np.log(np.where(self.p > 0, self.p, 1.0))
        return (self.p * (log_p - self.log_q)).sum() / len(logits)

    def backward(self):
        total = self.p.sum(axis=1, keepdims=True)
        return (np.exp(self.log_q) * total - self.p) / len(self.p)


class CrossEntropyLoss(Loss):
    """Logits (n, classes), class numbers (n,)."""

    def forward(self, logits, target):
        self.target = np.asarray(target).astype(int)
        z = logits - logits.max(axis=1, keepdims=True)
        e = np.exp(z)
        s = e.sum(axis=1, keepdims=True)
        self.probs = e / s
        rows = np.arange(len(logits))
        return np.mean(np.log(s[:, 0]) - z[rows, self.target])

    def backward(self):
        grad = self.probs.copy()
        grad[np.arange(len(grad)), self.target] -= 1
        return grad / len(grad)
