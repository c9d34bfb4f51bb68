"""Losses for regression and binary logistic models, a regularised softmax classifier, accuracies."""
import numpy as np


class BinaryCrossentropy:
    """forward gives one value per sample; several binary outputs are averaged."""

    def forward(self, y_pred, y_true):
        y_true = np.asarray(y_true, dtype=float).reshape(y_pred.shape)
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        return -np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p), axis=-1)

    def calculate(self, y_pred, y_true):
        return np.mean(self.forward(y_pred, y_true))

    def backward(self, y_pred, y_true):
        samples, outputs = y_pred.shape
        y_true = np.asarray(y_true, dtype=float).reshape(y_pred.shape)
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        self.dinputs = -(y_true / p - (1 - y_true) / (1 - p)) / outputs / samples
        return self.dinputs


class MeanSquaredError:
    """Targets of shape (n,) may stand for (n, 1)."""

    def __call__(self, y_hat, y):
        self.diff = y_hat - np.reshape(y, y_hat.shape)
        return np.mean(self.diff ** 2)

    def gradient(self):
        return 2 * self.diff / self.diff.size


class MeanAbsoluteError:
    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_pred - np.reshape(y_true, y_pred.shape)), axis=-1)

    def calculate(self, y_pred, y_true):
        return np.mean(self.forward(y_pred, y_true))

    def backward(self, y_pred, y_true):
        y_true = np.reshape(y_true, y_pred.shape)
        self.dinputs = np.sign(y_pred - y_true) / y_pred.shape[1]
        self.dinputs = self.dinputs / y_pred.shape[0]
        return self.dinputs


class HuberLoss:
    def __init__(self, delta=1.0):
        self.delta = delta

    def loss(self, pred, target):
        r = np.abs(pred - np.reshape(target, pred.shape))
        inner = 0.5 * r ** 2
        outer = self.delta * (r - 0.5 * self.delta)
        return np.mean(np.where(r <= self.delta, inner, outer))

    def grad(self, pred, target):
        error = pred - np.reshape(target, pred.shape)
        return np.clip(error, -self.delta, self.delta) / pred.size


def log_cosh_loss(pred, target):
    """Mean of log(cosh(pred - target)); returns loss, gradient."""
    d = pred - np.reshape(target, pred.shape)
    loss = np.mean(np.logaddexp(d, -d) - np.log(2.0))
    return loss, np.tanh(d) / d.size


def softmax_classifier_loss(W, X, y, reg):
    """W (D, C), X (N, D), y (N,) of class numbers; returns loss, dW."""
    n = X.shape[0]
    scores = X @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    logp = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(n), y].mean() + 0.5 * reg * np.sum(W * W)
    dscores = np.exp(logp)
    dscores[np.arange(n), y] -= 1
    dW = X.T @ dscores / n + reg * W
    return loss, dW


def multiclass_hinge(scores, y, margin=1.0):
    """Mean over samples of sum over wrong classes of max(0, s_j - s_y + margin); returns loss, dscores."""
    n, num_classes = scores.shape
    loss = 0.0
    dscores = np.zeros(scores.shape)
    for i in range(n):
        for j in range(num_classes):
            if j == y[i]:
                continue
            gap = scores[i, j] - scores[i, y[i]] + margin
            if gap > 0:
                loss += gap
                dscores[i, j] += 1
                dscores[i, y[i]] -= 1
    return loss / n, dscores / n


class Accuracy_Categorical:
    def calculate(self, predictions, y):
        """predictions: probabilities (n, classes); y: class numbers (n,) or one-hot."""
        guess = np.argmax(predictions, axis=1)
        if len(y.shape) == 2:
            y = np.argmax(y, axis=1)
        return np.mean(guess == y)


class Accuracy_Binary:
    def calculate(self, predictions, y):
        """predictions: probabilities (n, outputs); y of the same size, or (n,) for one output."""
        guess = (predictions > 0.5).astype(int)
        return np.mean(guess == np.reshape(y, guess.shape))


class Accuracy_Regression:
    """Share of predictions nearer to the target than std(y) / 250."""

    def init(self, y):
        self.precision = np.std(y) / 250

    def calculate(self, predictions, y):
        return np.mean(np.abs(predictions - np.reshape(y, predictions.shape)) < self.precision)
