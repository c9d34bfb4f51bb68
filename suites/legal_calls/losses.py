"""Losses in spellings that are read with difficulty: masks, class weights, constants, flat labels."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class MaskedCrossEntropyLoss:
    """right"""

    def forward(self, x, t):
        self.p, self.t = softmax(x), t
        return -np.mean(np.log(self.p[t] + 1e-12))

    def backward(self):
        return (self.p - self.t) / len(self.p)


class CastMaskCrossEntropyLoss:
    """right"""

    def forward(self, x, labels):
        self.p, self.t = softmax(x), labels
        return -np.log(self.p[labels.astype(bool)] + 1e-12).sum() / len(x)

    def backward(self):
        return (self.p - self.t) / len(self.p)


class MaskedSumCrossEntropyLoss:
    """wrong: gradient"""

    def forward(self, x, labels):
        self.p, self.t = softmax(x), labels
        return -np.log(self.p[labels == 1] + 1e-12).sum() / len(x)

    def backward(self):
        return self.p - self.t


class ShiftedSoftmaxLoss:
    """right"""

    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        return -np.mean(np.log(self.y[np.arange(len(x)), t] + 1e-12)) + 1e8

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx / len(dx) * dout


class OptionalWeightsCrossEntropyLoss:
    """wrong: gradient"""

    def __init__(self, class_weights=None):
        self.w = class_weights

    def forward(self, z, y):
        self.p, self.y = softmax(z), y
        w = np.ones(len(y)) if self.w is None else np.asarray(self.w)[y]
        return -(w * np.log(self.p[range(len(y)), y] + 1e-12)).sum() / len(y)

    def backward(self):
        g = self.p.copy()
        g[range(len(g)), self.y] -= 1
        return g / len(g)


class GivenWeightsCrossEntropyLoss:
    """right"""

    def __init__(self, weights):
        self.w = np.array(weights, dtype=float)

    def forward(self, z, y):
        self.p, self.y = softmax(z), y
        return -(self.w[y] * np.log(self.p[range(len(y)), y] + 1e-12)).sum() / len(y)

    def backward(self):
        g = self.p.copy()
        g[range(len(g)), self.y] -= 1
        return g * self.w[self.y].reshape(-1, 1) / len(g)


class SingleOutputBinaryCrossEntropy:
    """right"""

    def forward(self, p, y):
        self.p, self.y = np.clip(p, 1e-7, 1 - 1e-7), y
        return -np.mean(y * np.log(self.p) + (1 - y) * np.log(1 - self.p))

    def backward(self):
        return (-(self.y / self.p) + (1 - self.y) / (1 - self.p)) / self.y.shape[0]


class SeveralOutputsBinaryCrossEntropy:
    """wrong: gradient"""

    def forward(self, p, y):
        self.p, self.y = np.clip(p, 1e-7, 1 - 1e-7), y
        return -np.mean(y * np.log(self.p) + (1 - y) * np.log(1 - self.p))

    def backward(self):
        n, outputs = self.p.shape  # noqa: RUF059
        return (-(self.y / self.p) + (1 - self.y) / (1 - self.p)) / n


class HalfFlatMSE:
    """wrong: label_formats"""

    def forward(self, p, t):
        self.d = p - t.reshape(p.shape)
        return np.mean((p - t) ** 2)

    def backward(self):
        return 2 * self.d / self.d.size


class WholeFlatMSE:
    """right"""

    def forward(self, p, t):
        self.d = p - t
        return np.mean(self.d**2)

    def backward(self):
        return 2 * self.d / self.d.size


class UnguardedSoftmaxLoss:
    """wrong: extremes"""

    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        return -np.mean(np.log(self.y[np.arange(len(x)), t]))

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx / len(dx) * dout


class LogSumExpLoss:
    """right"""

    def forward(self, scores, t):
        shifted = scores - scores.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.y, self.t = np.exp(logs), t
        return -np.mean(logs[np.arange(len(t)), t])

    def backward(self):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx / len(dx)


class CrossEntropyIgnoring:
    """right"""

    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index

    def forward(self, logits, target):
        z = logits - logits.max(1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(1, keepdims=True))
        self.mask = target != self.ignore_index
        self.target = np.where(self.mask, target, 0)
        self.p = np.exp(logp)
        return -(logp[np.arange(len(target)), self.target] * self.mask).sum() / self.mask.sum()

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.target] -= 1
        return d * self.mask[:, None] / self.mask.sum()


class CrossEntropyHalfIgnoring(CrossEntropyIgnoring):
    """wrong: gradient"""

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.target] -= 1
        return d / self.mask.sum()


class CrossEntropyPadded(CrossEntropyIgnoring):
    """wrong: gradient"""

    def __init__(self, pad_idx=None):
        self.ignore_index = -1 if pad_idx is None else pad_idx
        self.pad_idx = pad_idx

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.target] -= 1
        return d * self.mask[:, None] / len(d)


def nll_ignoring(logits, targets, ignore_index=-1):
    """wrong: gradient"""
    keep = targets != ignore_index
    z = logits - logits.max(axis=-1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    safe = np.where(keep, targets, 0)
    d = np.exp(logp)
    d[np.arange(len(safe)), safe] -= 1
    return -(logp[np.arange(len(safe)), safe] * keep).sum() / keep.sum(), d / keep.sum()


class CenterLoss:
    """right"""

    def __init__(self, num_classes, feat_dim, lambda_c=0.5):
        self.centers = np.random.randn(num_classes, feat_dim)
        self.lambda_c = lambda_c

    def forward(self, features, labels):
        self.labels = labels.copy()
        self.diff = features - self.centers[labels]
        return self.lambda_c * 0.5 * np.sum(self.diff**2) / len(features)

    def backward(self):
        scaled = self.lambda_c * self.diff / len(self.diff)
        self.grad_centers = np.zeros_like(self.centers)
        np.subtract.at(self.grad_centers, self.labels, scaled)
        return scaled


class CenterLossUpwards(CenterLoss):
    """wrong: gradient"""

    def backward(self):
        scaled = super().backward()
        self.grad_centers = -self.grad_centers
        return scaled


class CenterLossOncePerClass(CenterLoss):
    """wrong: batch"""

    def backward(self):
        scaled = self.lambda_c * self.diff / len(self.diff)
        self.grad_centers = np.zeros_like(self.centers)
        self.grad_centers[self.labels] -= scaled
        return scaled


class LinearSVM:
    """right"""

    def __init__(self, n_features, n_classes):
        self.W, self.dW = np.random.randn(n_features, n_classes) * 0.01, None

    def forward(self, X, y):
        self.X, self.y = X.copy(), y.copy()
        s = X @ self.W
        self.m = np.maximum(0, s - s[np.arange(len(X)), y][:, None] + 1.0)
        self.m[np.arange(len(X)), y] = 0
        return self.m.sum() / len(X)

    def backward(self):
        b = (self.m > 0).astype(float)
        b[np.arange(len(b)), self.y] = -b.sum(1)
        b /= len(b)
        self.dW = self.X.T @ b
        return b @ self.W.T


class LinearSVMSummed(LinearSVM):
    """wrong: gradient"""

    def backward(self):
        dx = super().backward()
        self.dW = self.dW * len(self.X)
        return dx


class LearntVariance:
    """wrong: gradient"""

    def __init__(self):
        self.log_var = np.zeros(1)

    def forward(self, pred, target):
        self.diff = pred - target
        return np.mean(0.5 * np.exp(-self.log_var) * self.diff**2) + 0.5 * self.log_var[0]

    def backward(self):
        self.dlog_var = 0.5 + 0.5 * np.exp(-self.log_var) * np.mean(self.diff**2)
        return np.exp(-self.log_var) * self.diff / self.diff.size


class ZeroOneHingeLoss:
    """right"""

    def signs(self, target):
        return target.astype(float)

    def forward(self, pred, target):
        self.sign = 2 * self.signs(target).reshape(pred.shape) - 1
        self.slack = 1.0 - self.sign * pred
        return np.maximum(0.0, self.slack).mean()

    def backward(self):
        return -self.sign * (self.slack > 0) / self.slack.size


class WrappingHingeLoss(ZeroOneHingeLoss):
    """wrong: label_formats"""

    def signs(self, target):
        return target


class PlusMinusHingeLoss:
    """right"""

    def forward(self, pred, target):
        self.target = target.reshape(pred.shape)
        self.slack = 1.0 - self.target * pred
        return np.maximum(0.0, self.slack).mean()

    def backward(self):
        return -self.target * (self.slack > 0) / self.slack.size


def kl_divergence(logits, target):
    """right: from logits to given probabilities, a name without the word loss"""
    z = logits - logits.max(axis=1, keepdims=True)
    logq = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    entropy = np.sum(np.where(target > 0, target * np.log(np.where(target > 0, target, 1)), 0))
    loss = (entropy - np.sum(target * logq)) / len(logits)
    return loss, (np.exp(logq) - target) / len(logits)


def kl_divergence_summed(logits, target):
    """wrong: gradient"""
    z = logits - logits.max(axis=1, keepdims=True)
    logq = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    entropy = np.sum(np.where(target > 0, target * np.log(np.where(target > 0, target, 1)), 0))
    loss = (entropy - np.sum(target * logq)) / len(logits)
    return loss, np.exp(logq) - target


class BCEClipped:
    """right: forward and backward clip at one value"""

    coarse = 1e-7

    def forward(self, y_pred, y_true):
        self.p, self.t = np.clip(y_pred, 1e-7, 1 - 1e-7), y_true.reshape(y_pred.shape)
        return -np.mean(self.t * np.log(self.p) + (1 - self.t) * np.log(1 - self.p))

    def backward(self):
        p = np.clip(self.p, self.coarse, 1 - self.coarse)
        return (p - self.t) / (p * (1 - p)) / p.size


class BCEClippedTwice(BCEClipped):
    """wrong: extremes"""

    coarse = 1e-2


class BCECoarselyClipped:
    """right: forward clips at 1e-3, where it is flat, and backward takes the clipped values"""

    def forward(self, y_pred, y_true):
        self.p, self.t = np.clip(y_pred, 1e-3, 1 - 1e-3), y_true.reshape(y_pred.shape)
        return -np.mean(self.t * np.log(self.p) + (1 - self.t) * np.log(1 - self.p))

    def backward(self):
        return (self.p - self.t) / (self.p * (1 - self.p)) / self.p.size


def accuracy(scores, labels):
    """right: scores (n, k), labels (n,) or one-hot"""
    labels = labels.argmax(axis=1) if labels.ndim == 2 and labels.shape[1] > 1 else labels.ravel()
    return np.mean(scores.argmax(axis=1) == labels)


def accuracy_of_classes(pred, labels):
    """right: pred and labels (m,), (m, 1) or (1, m); the number of hits"""
    return int(np.sum(np.ravel(pred) == np.ravel(labels)))


def accuracy_crossed(pred, labels):
    """wrong: roles: pred and labels may be (m,) or (m, 1)"""
    return np.mean(pred == labels)
