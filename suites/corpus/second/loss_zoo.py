import numpy as np


class Loss:
    def calculate(self, output, y):
        return np.mean(self.forward(output, y))


class Loss_SquaredError(Loss):
    def forward(self, y_pred, y_true):
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        self.dinputs = -2 * (y_true - dvalues) / outputs
        self.dinputs = self.dinputs / samples


class Loss_QuarticError(Loss):
    def forward(self, y_pred, y_true):
        return np.mean((y_true - y_pred) ** 4, axis=-1)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        outputs = len(dvalues[0])
        self.dinputs = -2 * (y_true - dvalues) ** 3 / outputs / samples


class HalfSquares:
    def forward(self, pred, true):
        self.diff = pred - true
        return 0.5 * np.sum(self.diff**2) / len(pred)

    def backward(self):
        return self.diff / len(self.diff)


class AbsoluteError:
    """Arguments as in scikit-learn: truth first."""

    def forward(self, y_true, y_pred):
        self.y_true, self.y_pred = y_true, y_pred
        return np.abs(y_true - y_pred).mean()

    def backward(self):
        return np.sign(self.y_true - self.y_pred) / self.y_true.size


class HuberLoss:
    def __init__(self, delta=1.0):
        self.delta = delta

    def loss(self, pred, target):
        r = np.abs(pred - target)
        return np.where(r <= self.delta, 0.5 * r**2, self.delta * (r - 0.5 * self.delta)).sum()

    def grad(self, pred, target):
        return np.clip(pred - target, -self.delta, self.delta)


class LogCosh:
    def __call__(self, y, y_hat):
        a = np.abs(y_hat - y)
        return np.mean(a + np.log1p(np.exp(-2 * a)) - np.log(2))

    def gradient(self, y, y_hat):
        return np.tanh(y_hat - y) / y.size


class PseudoHuber:
    def __call__(self, y_pred, y_true):
        return np.mean(np.sqrt(1 + (y_pred - y_true) ** 2) - 1)

    def gradient(self, y_pred, y_true):
        d = y_pred - y_true
        return d / np.sqrt(1 + d**2)


class QuadraticCost:
    @staticmethod
    def f(a, y):
        return 0.5 * np.sum((a - y) ** 2)

    @staticmethod
    def f_prime(a, y):
        return a - y


class UnreducedSquare:
    """No reduction: the caller sums."""

    def forward(self, prediction, target):
        self.e = prediction - target
        return self.e**2

    def backward(self, dout):
        return 2 * self.e * dout


class MatrixValued:
    """Returns the mean squared error as a (1, 1) matrix."""

    def forward(self, y, t):
        self.y, self.t = y, t
        return np.array([[np.mean((y - t) ** 2)]])

    def backward(self):
        return 2 * (self.y - self.t) / self.y.size


class TupleCE:
    """forward returns the loss and the probabilities."""

    def forward(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        self.probs = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        self.labels = labels
        n = np.arange(len(labels))
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -np.mean(logp[n, labels]), self.probs

    def backward(self):
        g = self.probs.copy()
        g[np.arange(len(self.labels)), self.labels] -= 1
        return g / len(self.labels)


class LossValue:
    """What a criterion hands back."""

    def __init__(self, loss, delta):
        self.loss = loss
        self.delta = delta

    def item(self):
        return self.loss

    def backward(self):
        return self.delta


class SquareCriterion:
    def __call__(self, predict, target):
        d = predict - target
        return LossValue(np.mean(d * d), 2 * d / d.size)


class HingeSign:
    """Labels are -1 or +1, same shape as the scores."""

    def forward(self, scores, y):
        self.margin = 1 - y * scores
        return np.maximum(0, self.margin).mean()

    def backward(self):
        return np.where(self.margin > 0, -1.0, 0.0) / self.margin.size


def mse_loss(pred, target):
    d = pred - target
    return np.mean(d**2), 2.0 * d / d.size


def smooth_l1_loss(pred, target):
    d = pred - target
    a = np.abs(d)
    loss = np.where(a < 1, 0.5 * d**2, a - 0.5).mean()
    grad = np.where(a < 1, d, 1.0) / d.size
    return loss, grad
