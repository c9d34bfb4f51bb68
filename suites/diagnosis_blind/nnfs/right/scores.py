"""Accuracies and small tools around training: one-hot rows, standardising, numerical gradients, layers' saved state."""
import numpy as np


class Accuracy:
    def __init__(self):
        self.new_pass()

    def new_pass(self):
        self.hits = 0
        self.seen = 0

    def calculate(self, predictions, y):
        comparisons = self.compare(predictions, np.asarray(y))
        self.hits += np.sum(comparisons)
        self.seen += comparisons.size
        return np.mean(comparisons)

    def calculate_accumulated(self):
        return self.hits / self.seen


class Accuracy_Categorical(Accuracy):
    """predictions are rows of class scores; y class numbers or one-hot rows"""

    def compare(self, predictions, y):
        if y.ndim == 2 and y.shape[1] > 1:
            y = np.argmax(y, axis=1)
        y = y.reshape(-1)
        return np.argmax(predictions, axis=1) == y


class Accuracy_Binary(Accuracy):
    """predictions are probabilities of shape (n, outputs)"""

    def __init__(self, threshold=0.5):
        super().__init__()
        self.threshold = threshold

    def compare(self, predictions, y):
        decided = np.where(predictions > self.threshold, 1, 0)
        return decided == y.reshape(predictions.shape)


class Accuracy_Regression(Accuracy):
    def __init__(self, share=250):
        super().__init__()
        self.share = share
        self.precision = None

    def init(self, y, reinit=False):
        if self.precision is None or reinit:
            self.precision = np.std(y) / self.share

    def compare(self, predictions, y):
        self.init(y)
        return np.abs(predictions - y.reshape(predictions.shape)) <= self.precision


def to_one_hot(labels, n_classes):
    labels = np.asarray(labels).reshape(-1)
    rows = np.zeros((len(labels), n_classes))
    rows[np.arange(len(labels)), labels] = 1.0
    return rows


def confidence_and_class(probabilities):
    """the most likely class of each row, and its probability"""
    best = probabilities.argmax(axis=1)
    return probabilities[np.arange(len(best)), best], best


def numerical_gradient(f, x, h=1e-5):
    """central differences of the scalar f(x); x is perturbed in place and put back"""
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        idx = it.multi_index
        old = x[idx]
        x[idx] = old + h
        plus = f(x)
        x[idx] = old - h
        minus = f(x)
        x[idx] = old
        grad[idx] = (plus - minus) / (2 * h)
        it.iternext()
    return grad


class Standardize:
    """(x - mean) / std per column. Training uses the batch, and keeps averages for later."""

    def __init__(self, n_columns, momentum=0.9, eps=1e-5):
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros(n_columns)
        self.running_var = np.ones(n_columns)

    def forward(self, x, training=True):
        self.training = training
        if training:
            mean = x.mean(axis=0)
            var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xhat = (x - mean) / self.std
        return self.xhat

    def backward(self, dout):
        if not self.training:
            return dout / self.std
        centred = dout - dout.mean(axis=0)
        return (centred - self.xhat * (dout * self.xhat).mean(axis=0)) / self.std
