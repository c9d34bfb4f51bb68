"""What a loss can give back: an object, (1, 1), a tuple, a vector; and the labels first."""
import numpy as np


class LossValue:
    def __init__(self, value, grad):
        self.value = value
        self.grad = grad

    def __float__(self):
        return float(self.value)


class SquaredLossObject:
    def __call__(self, pred, target):
        r = pred - target
        return LossValue((r ** 2).mean(), 2 * r / r.size)


class SquaredLossColumn:
    """(1, 1)"""

    def forward(self, pred, target):
        self.r = pred - target
        return np.sum(self.r ** 2).reshape(1, 1) / 2

    def backward(self):
        return self.r


class SoftmaxLossTuple:
    """(loss, probabilities); y (N,)"""

    def forward(self, scores, y):
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        self.y = y
        loss = -np.log(self.p[np.arange(len(y)), y] + 1e-12).mean()
        return loss, self.p

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.y] -= 1
        return d / len(d)


class KLVector:
    """one number per row; target rows are distributions, pred their logs"""

    def forward(self, log_q, p):
        self.p = p
        return np.sum(p * (np.log(p + 1e-12) - log_q), axis=1)

    def backward(self, dout):
        return -self.p * dout[:, None]


class TrueFirst:
    def forward(self, y_true, y_pred):
        self.d = y_pred - y_true
        return np.mean(self.d ** 4)

    def backward(self):
        return 4 * self.d ** 3 / self.d.size


class TrueFirstSign:
    def forward(self, y_true, y_pred):
        self.d = y_true - y_pred
        return np.mean(self.d ** 2)

    def backward(self):
        return 2 * self.d / self.d.size


class ClassWeightedCE:
    """weights: one number per class; logits (N, C), y one-hot (N, C)"""

    def __init__(self, weights=(0.5, 1.0, 2.0, 1.5)):
        self.weights = np.array(weights)

    def forward(self, logits, y):
        z = logits - logits.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.p, self.y = np.exp(logp), y
        return -np.sum(self.weights * y * logp) / len(y)

    def backward(self):
        return self.weights * (self.p - self.y) / len(self.y)


class BatchOf32:
    """mean of the squared lengths"""

    def forward(self, pred, target):
        self.r = pred - target
        return np.sum(self.r ** 2) / len(self.r)

    def backward(self):
        return 2 * self.r / 32
