"""Accuracies over scores, classes and columns."""
import numpy as np
class Accuracy:
    def calculate(self, predictions, y):
        c = self.compare(predictions, y)
        self.n = len(c)
        return np.mean(c)
class Accuracy_Categorical(Accuracy):
    def __init__(self, *, binary=False): self.binary = binary
    def init(self, y): pass
    def compare(self, predictions, y):
        if not self.binary and len(y.shape) == 2: y = np.argmax(y, axis=1)
        return predictions == y
class FishAccuracy:
    def calculate(self, y, t):
        y = np.argmax(y, axis=1)
        if t.ndim != 1: t = np.argmax(t, axis=1)
        return np.sum(y == t) / float(y.shape[0])
class ColumnAccuracy:
    def __call__(self, A, Y):
        return np.mean(np.argmax(A, axis=0) == (Y if Y.ndim == 1 else np.argmax(Y, axis=0)))
class PlainAccuracy:
    def compute(self, preds, labels): return (preds.argmax(-1) == labels).mean()
class RegressionAccuracy(Accuracy):
    def compare(self, p, y): return np.abs(p - y.reshape(p.shape)) < np.std(y) / 250
class BadBroadcastAccuracy:
    """labels of shape (n,) or (n, 1)"""
    def compute(self, preds, labels): return (preds.argmax(1) == labels).mean()
class BadAxisAccuracy:
    def calculate(self, y, t):
        if t.ndim == 2: t = t.argmax(axis=1)
        return np.mean(y.argmax(0) == t)
class BadPercentAccuracy:
    def calculate(self, y, t): return 100 * np.mean(y.argmax(1) == t)
class BadOneHotAccuracy:
    def calculate(self, y, t): return np.mean(y.round() == t)
