import numpy as np

EPS = 1e-12


def stable_sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


class OneHotCE:
    """Probabilities and one-hot rows."""

    def forward(self, probs, onehot):
        self.p = np.clip(probs, EPS, 1.0)
        self.inside = probs >= EPS
        self.t = onehot
        return -np.sum(onehot * np.log(self.p)) / probs.shape[0]

    def backward(self):
        n = self.p.shape[0]
        return self.inside * (self.t.astype(float) / self.p) * (-1.0 / n)


class IndexCE:
    """Logits and class numbers."""

    def forward(self, logits, y):
        z = logits - np.max(logits, axis=1, keepdims=True)
        e = np.exp(z)
        self.p = e / e.sum(axis=1, keepdims=True)
        self.y = y
        picked = z[np.arange(len(y)), y] - np.log(e.sum(axis=1))
        return -picked.mean()

    def backward(self):
        d = self.p.copy()
        for row, label in enumerate(self.y):
            d[row, label] -= 1
        return d / len(self.y)


class SoftmaxWithLoss:
    def __init__(self):
        self.y = None
        self.t = None

    def forward(self, x, t):
        if t.ndim == 2:
            t = t.argmax(axis=1)
        self.t = t
        x = x - x.max(axis=-1, keepdims=True)
        logsum = np.log(np.exp(x).sum(axis=-1, keepdims=True))
        self.y = np.exp(x - logsum)
        return -np.mean((x - logsum)[np.arange(t.size), t])

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(self.t.size), self.t] -= 1
        return dout * dx / self.t.size


class SigmoidColumnBCE:
    """Logits (N, 1); labels (N,) or (N, 1)."""

    def forward(self, z, y):
        self.y = np.asarray(y, dtype=float).reshape(-1, 1)
        self.z = z
        return np.mean(np.maximum(z, 0) - z * self.y + np.log1p(np.exp(-np.abs(z))))

    def backward(self):
        return (stable_sigmoid(self.z) - self.y) / len(self.z)


class FlatBCE:
    """One probability per sample, (N,)."""

    def loss(self, p, y):
        p = np.clip(p, 1e-7, 1 - 1e-7)
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()

    def gradient(self, p, y):
        inside = (p > 1e-7) & (p < 1 - 1e-7)
        p = np.clip(p, 1e-7, 1 - 1e-7)
        return inside * (p - y) / (p * (1 - p)) / y.shape[0]


class RowBCE:
    """Predictions AL and labels Y are (1, number of examples)."""

    def forward(self, AL, Y):
        m = Y.shape[1]
        self.AL = np.clip(AL, 1e-9, 1 - 1e-9)
        self.ok = self.AL == AL
        self.Y = Y
        return -(1.0 / m) * np.sum(Y * np.log(self.AL) + (1 - Y) * np.log(1 - self.AL))

    def backward(self):
        m = self.Y.shape[1]
        return self.ok * -(np.divide(self.Y, self.AL) - np.divide(1 - self.Y, 1 - self.AL)) / m


class MaskedCE:
    """One-hot cross entropy from logits."""

    def forward(self, logits, targets):
        z = logits - logits.max(axis=1, keepdims=True)
        self.logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.targets = targets
        return -(targets * self.logp).sum() / len(logits)

    def backward(self):
        # p * sum(t) - t, written as -t + p
        return (-self.targets + np.exp(self.logp)) / len(self.logp)


class FlatAgainstColumn:
    """Predictions are (n, 1), as the last layer makes them."""

    def forward(self, y_pred, y_true):
        n, one = y_pred.shape
        self.p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        self.y = y_true.ravel()
        return -np.mean(self.y * np.log(self.p) + (1 - self.y) * np.log(1 - self.p))

    def backward(self):
        y = self.y.reshape(-1, 1)
        return (self.p - y) / (self.p * (1 - self.p)) / len(y)


class ClassLoopCE:
    """Class numbers; the gradient is written one class at a time."""

    def forward(self, scores, y):
        self.scores, self.y = scores, y
        z = scores - scores.max(axis=1, keepdims=True)
        self.p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -logp[np.arange(len(y)), y].mean()

    def backward(self):
        grad = np.zeros_like(self.p)
        num_classes = self.p.shape[1]
        for c in range(num_classes - 1):
            grad[:, c] = (self.p[:, c] - (self.y == c)) / len(self.y)
        return grad


class IntGrad:
    """Squared error against class numbers or one-hot rows of whole numbers."""

    def forward(self, y_pred, y_true):
        self.y_pred, self.y_true = y_pred, y_true
        return 0.5 * np.sum((y_pred - y_true) ** 2)

    def backward(self):
        grad = np.zeros_like(self.y_true)
        grad[...] = self.y_pred - self.y_true
        return grad
