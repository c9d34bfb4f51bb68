"""Losses with options, and metrics.  A class has forward(pred, target) and backward(dout=1.0); a function returns (loss, gradient)."""
import numpy as np


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


class Loss:
    """reduction: "mean", "sum" or "none"."""

    def __init__(self, reduction="mean"):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(reduction)
        self.reduction = reduction

    def reduce(self, values, count):
        self.scale = 1.0 / count if self.reduction == "mean" else 1.0
        return values if self.reduction == "none" else values.sum() * self.scale

    def __call__(self, pred, target):
        return self.forward(pred, target)


class CrossEntropyLoss(Loss):
    """Logits (N, C) against class numbers (N,) or one-hot rows; class weights enter the mean as weights."""

    def __init__(self, weight=None, label_smoothing=0.0, reduction="mean"):
        super().__init__(reduction)
        self.weight, self.label_smoothing = weight, label_smoothing

    def forward(self, logits, target):
        target = np.asarray(target)
        if target.ndim == 2:
            target = target.argmax(axis=1)
        n, classes = logits.shape
        w = np.ones(classes) if self.weight is None else np.asarray(self.weight)
        q = np.full((n, classes), self.label_smoothing / classes)
        q[np.arange(n), target] = 1.0 - self.label_smoothing + self.label_smoothing / classes
        self.wq = w * q
        self.logp = log_softmax(logits)
        return self.reduce(-np.sum(self.wq * self.logp, axis=1), w[target].sum())

    def backward(self, dout=1.0):
        dout = np.reshape(dout, (-1, 1))
        grad = np.exp(self.logp) * self.wq.sum(axis=1, keepdims=True) - self.wq
        return dout * grad * self.scale


class BCEWithLogitsLoss(Loss):
    """Any shape of logits; labels of the same size, 0 or 1."""

    def __init__(self, pos_weight=1.0, reduction="mean"):
        super().__init__(reduction)
        self.pos_weight = pos_weight

    def forward(self, logits, target):
        self.y = np.reshape(target, logits.shape).astype(float)
        self.z = logits
        values = (1 - self.y) * np.logaddexp(0, self.z) + self.pos_weight * self.y * np.logaddexp(0, -self.z)
        return self.reduce(values, values.size)

    def backward(self, dout=1.0):
        p = 0.5 * (1.0 + np.tanh(0.5 * self.z))
        grad = (1 - self.y) * p - self.pos_weight * self.y * (1 - p)
        return dout * grad * self.scale


class HuberLoss(Loss):
    def __init__(self, delta=1.0, reduction="mean"):
        super().__init__(reduction)
        self.delta = delta

    def forward(self, pred, target):
        self.r = pred - np.reshape(target, pred.shape)
        a = np.abs(self.r)
        values = np.where(a <= self.delta, 0.5 * self.r ** 2, self.delta * (a - 0.5 * self.delta))
        return self.reduce(values, values.size)

    def backward(self, dout=1.0):
        return dout * np.clip(self.r, -self.delta, self.delta) * self.scale


def focal_loss(logits, labels, gamma=2.0):
    """Mean of -(1 - p)^gamma log p at the true class."""
    rows = np.arange(len(logits))
    logp = log_softmax(logits)
    p = np.exp(logp)
    lt = logp[rows, labels]
    rest = np.maximum(-np.expm1(lt), 1e-12)
    loss = np.mean(-rest ** gamma * lt)
    dlt = -rest ** gamma + gamma * rest ** (gamma - 1) * np.exp(lt) * lt
    grad = -p * dlt[:, None]
    grad[rows, labels] += dlt
    return loss, grad / len(logits)


def hinge_loss(scores, labels):
    """Mean of max(0, 1 - s f) with s = +1 for label 1 and -1 for label 0; scores (N,)."""
    s = 2.0 * np.asarray(labels) - 1.0
    slack = np.maximum(0.0, 1.0 - s * scores)
    return slack.mean(), np.where(slack > 0, -s, 0.0) / len(scores)


def triplet_loss(anchor, positive, negative, margin=1.0):
    """Mean of max(0, |a - p|^2 - |a - n|^2 + margin); the gradient is a triple."""
    dp, dn = anchor - positive, anchor - negative
    gap = np.sum(dp ** 2, axis=1) - np.sum(dn ** 2, axis=1) + margin
    active = (gap > 0)[:, None] / len(anchor)
    grad_a = 2 * active * (dp - dn)
    grad_p = -2 * active * dp
    grad_n = 2 * active * dn
    return np.maximum(gap, 0).mean(), (grad_a, grad_p, grad_n)


def info_nce(a, b, temperature=0.1):
    """Row i of a belongs to row i of b, all other rows of b are negatives; the gradient is a pair."""
    n = len(a)
    logp = log_softmax(a @ b.T / temperature)
    loss = -np.trace(logp) / n
    d = (np.exp(logp) - np.eye(n)) / (n * temperature)
    return loss, (d @ b, d.T @ a)


def dice_loss(logits, labels):
    """1 - the mean over the classes of the soft Dice score; labels are class numbers."""
    n, classes = logits.shape
    p = np.exp(log_softmax(logits))
    truth = np.eye(classes)[labels]
    overlap = 2 * np.sum(p * truth, axis=0) + 1.0
    total = np.sum(p, axis=0) + np.sum(truth, axis=0) + 1.0
    dp = np.zeros_like(p)
    for c in range(classes):
        dp[:, c] = (overlap[c] / total[c] - 2 * truth[:, c]) / (total[c] * classes)
    grad = p * (dp - np.sum(dp * p, axis=1, keepdims=True))
    return 1.0 - np.mean(overlap / total), grad


def binary_accuracy(pred, target, threshold=0.5):
    pred, target = np.ravel(pred), np.ravel(target)
    return np.mean((pred > threshold) == (target > 0.5))


def macro_f1(pred_labels, labels, num_classes):
    scores = []
    for c in range(num_classes):
        tp = np.sum((pred_labels == c) & (labels == c))
        wrong = np.sum((pred_labels == c) != (labels == c))
        scores.append(2 * tp / max(2 * tp + wrong, 1))
    return float(np.mean(scores))
