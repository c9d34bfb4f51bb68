import numpy as np


class Loss:
    """Base class"""

    def forward(self, pred, true):
        raise NotImplementedError()

    def backward(self):
        raise NotImplementedError()

    def __call__(self, pred, true):
        return self.forward(pred, true)


class MSELoss(Loss):
    def forward(self, pred, true):
        self.diff = pred - true
        return np.mean(self.diff ** 2)

    def backward(self):
        return 2 * self.diff / self.diff.size


class L1Loss(Loss):
    def forward(self, pred, true):
        self.pred, self.true = pred, true
        return np.abs(pred - true).mean()

    def backward(self):
        return np.sign(self.true - self.pred) / self.pred.size


class HuberLoss(Loss):
    def __init__(self, delta=0.7):
        self.delta = delta

    def forward(self, pred, true):
        self.r = pred - true
        small = np.abs(self.r) <= self.delta
        loss = np.where(small, 0.5 * self.r ** 2,
                        self.delta * (np.abs(self.r) - 0.5 * self.delta))
        return loss.mean()

    def backward(self):
        return np.clip(self.r, -self.delta, self.delta) / self.r.size


class CrossEntropyLoss(Loss):
    """softmax + cross entropy on logits; labels are one-hot"""

    def forward(self, logits, labels):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p, self.labels = np.exp(log_p), labels
        return -(labels * log_p).sum() / len(logits)

    def backward(self):
        return (self.p - self.labels) / len(self.p)


class SparseCrossEntropyLoss(Loss):
    """same with class numbers"""

    def forward(self, logits, labels):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p, self.labels = np.exp(log_p), labels
        return -log_p[np.arange(len(labels)), labels].mean()

    def backward(self):
        d = self.p.copy()
        for c in range(d.shape[1] - 1):
            d[self.labels == c, c] -= 1
        return d / len(d)


class BCELoss(Loss):
    def forward(self, pred, true):
        self.pred, self.true = np.clip(pred, 1e-12, 1 - 1e-12), true
        return -np.mean(true * np.log(self.pred) + (1 - true) * np.log(1 - self.pred))

    def backward(self):
        grad = -self.true / self.pred + (1 - self.true) / (1 - self.pred)
        return grad / self.pred.size


class HingeLoss(Loss):
    """labels are -1 or +1"""

    def forward(self, score, target):
        self.score, self.target = score, target
        self.margin = 1 - score * target
        return np.maximum(0, self.margin).mean()

    def backward(self):
        return np.where(self.margin > 0, -self.target, 0.0) / self.score.size
