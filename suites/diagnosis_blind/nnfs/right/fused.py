"""Output activation and loss in one object: forward(logits, labels) gives the mean loss, backward() the gradient at the
logits. Labels are class numbers, (n,) or (n, 1), or one-hot rows."""
import numpy as np


def row_softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class SoftmaxCrossEntropy:
    def __init__(self, smoothing=0.0):
        self.smoothing = smoothing

    def to_onehot(self, labels, n, classes):
        labels = np.asarray(labels)
        if labels.ndim == 2 and labels.shape[1] == classes and classes > 1:
            return labels.astype(float)
        flat = labels.reshape(-1)
        onehot = np.zeros((n, classes))
        for k in range(classes):
            onehot[:, k] = flat == k
        return onehot

    def forward(self, logits, labels):
        n, classes = logits.shape
        self.onehot = self.to_onehot(labels, n, classes)
        self.target = (1 - self.smoothing) * self.onehot + self.smoothing / classes
        self.probs = row_softmax(logits)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return -(self.target * log_probs).sum() / n

    def backward(self):
        grad = self.probs - self.target
        return grad / len(grad)


class SparseSoftmaxLoss:
    """Class numbers only; keeps the probabilities in self.output for predictions."""

    def forward(self, logits, labels):
        self.labels = np.asarray(labels).reshape(-1)
        shifted = logits - np.max(logits, axis=1, keepdims=True)
        sums = np.sum(np.exp(shifted), axis=1, keepdims=True)
        self.output = np.exp(shifted) / sums
        rows = np.arange(len(logits))
        losses = np.log(sums[:, 0]) - shifted[rows, self.labels]
        return losses.mean()

    def backward(self):
        n = self.output.shape[0]
        dlogits = self.output.copy()
        for i, label in enumerate(self.labels):
            dlogits[i, label] -= 1
        dlogits /= n
        return dlogits


class SigmoidCrossEntropy:
    """Several yes/no outputs per sample; the mean goes over samples and outputs."""

    def forward(self, logits, targets):
        self.logits = logits
        self.targets = np.asarray(targets, dtype=float).reshape(logits.shape)
        losses = np.logaddexp(0, logits) - self.targets * logits
        return losses.mean()

    def backward(self):
        probs = 0.5 * (1 + np.tanh(0.5 * self.logits))
        return (probs - self.targets) / self.targets.size


class HuberLoss:
    def __init__(self, delta=1.0):
        self.delta = delta

    def forward(self, pred, target):
        self.diff = pred - np.asarray(target).reshape(pred.shape)
        a = np.abs(self.diff)
        quadratic = 0.5 * self.diff ** 2
        linear = self.delta * (a - 0.5 * self.delta)
        return np.where(a <= self.delta, quadratic, linear).mean()

    def backward(self):
        inside = np.abs(self.diff) <= self.delta
        slope = np.where(inside, self.diff, self.delta * np.sign(self.diff))
        return slope / self.diff.size
