# mypy: ignore-errors
"""Accuracies as *Neural Networks from Scratch* builds them: calculate(predictions, y)."""

import numpy as np


class Accuracy:
    def calculate(self, predictions, y):
        comparisons = self.compare(predictions, y)
        return np.mean(comparisons)


class Accuracy_Categorical(Accuracy):
    """Share of samples whose largest score is the true class; index or one-hot labels."""

    def compare(self, predictions, y):
        if predictions.ndim == 2:
            predictions = np.argmax(predictions, axis=1)
        if y.ndim == 2 and y.shape[1] > 1:
            y = np.argmax(y, axis=1)
        return predictions == y.ravel()


class Accuracy_Binary(Accuracy):
    """Share of the outputs on the right side of 0.5."""

    def compare(self, predictions, y):
        return (predictions > 0.5) == (y.reshape(predictions.shape) > 0.5)


class Accuracy_Regression(Accuracy):
    """Share of the outputs within std(y) / 250 of the target."""

    def __init__(self):
        self.precision = None

    def init(self, y, reinit=False):
        if self.precision is None or reinit:
            self.precision = np.std(y) / 250

    def compare(self, predictions, y):
        self.init(y, reinit=True)
        return np.abs(predictions - y.reshape(predictions.shape)) <= self.precision
