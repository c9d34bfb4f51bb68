"""Labels in every form, and accuracies."""
import numpy as np


class CategoricalCE:
    """probabilities in, labels as numbers or one-hot; backward takes the predictions (NNFS)"""

    def forward(self, y_pred, y_true):
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.ndim == 1:
            return -np.log(p[np.arange(len(p)), y_true])
        return -np.log(np.sum(p * y_true, axis=1))

    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def backward(self, dvalues, y_true):
        n, c = dvalues.shape
        if y_true.ndim == 1:
            y_true = np.eye(c)[y_true]
        self.dinputs = -(y_true / np.clip(dvalues, 1e-7, 1 - 1e-7)) / n


class CategoricalCE2:
    """probabilities in, labels as numbers or one-hot"""

    def forward(self, y_pred, y_true):
        self.p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.ndim == 2:
            right = (self.p * y_true).sum(axis=1)
        else:
            right = self.p[np.arange(len(self.p)), y_true]
        return -np.log(right).mean()

    def backward(self, y_pred, y_true):
        d = np.zeros(self.p.shape)
        d[np.arange(len(d)), y_true.reshape(-1)[:len(d)]] = -1
        return d / self.p / len(d)


class BinaryCE:
    """(n, 1) probabilities, labels (n,) or (n, 1)"""

    def forward(self, y_pred, y_true):
        if y_true.ndim == 1:
            y_true = y_true.reshape(-1, 1)
        self.p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        self.t = y_true
        return -np.mean(y_true * np.log(self.p) + (1 - y_true) * np.log(1 - self.p))

    def backward(self):
        return (self.p - self.t) / (self.p * (1 - self.p)) / self.p.size


class BinaryCEFlat:
    """shorter; (n, 1) probabilities, labels (n,) or (n, 1)"""

    def forward(self, y_pred, y_true):
        t = y_true.reshape(y_pred.shape)
        p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))

    def backward(self, y_pred, y_true):
        p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        return (p - y_true) / (p * (1 - p)) / p.size


class SquaredErrorInto:
    """sum over the outputs, mean over the rows"""

    def forward(self, pred, label):
        self.pred, self.label = pred, label
        return ((pred - label) ** 2).sum() / len(pred)

    def backward(self):
        grad = np.zeros_like(self.label)
        grad[:] = 2 * (self.pred - self.label) / len(self.pred)
        return grad


class Accuracy:
    """base"""

    def calculate(self, predictions, y):
        comparisons = self.compare(predictions, y)
        return np.mean(comparisons)


class Accuracy_Categorical(Accuracy):
    """class numbers or one-hot"""

    def compare(self, predictions, y):
        if predictions.ndim == 2:
            predictions = np.argmax(predictions, axis=1)
        if y.ndim == 2:
            y = np.argmax(y, axis=1)
        return predictions == y


class Accuracy_Binary(Accuracy):
    """predictions (n, 1) probabilities, y (n,)"""

    def compare(self, predictions, y):
        return (predictions > 0.5).astype(int) == y
