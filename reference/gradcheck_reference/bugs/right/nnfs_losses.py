# mypy: ignore-errors
"""Losses as *Neural Networks from Scratch* builds them: backward(dvalues, y_true), dinputs kept."""

import numpy as np


class Loss:
    def calculate(self, output, y):
        sample_losses = self.forward(output, y)
        data_loss = np.mean(sample_losses)
        return data_loss


class Loss_CategoricalCrossentropy(Loss):
    """-log p of the true class; labels as class index or one-hot."""

    def forward(self, y_pred, y_true):
        samples = len(y_pred)
        y_pred_clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.size == samples:
            correct = y_pred_clipped[np.arange(samples), y_true.ravel().astype(int)]
        else:
            correct = np.sum(y_pred_clipped * y_true, axis=1)
        return -np.log(correct)

    def backward(self, dvalues, y_true):
        samples, labels = dvalues.shape
        if y_true.size == samples:
            y_true = np.eye(labels)[y_true.ravel().astype(int)]
        y_true = y_true.astype(float)
        dvalues = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -y_true / dvalues
        self.dinputs = self.dinputs / samples


class Loss_BinaryCrossentropy(Loss):
    """Mean over the outputs of one sample; labels (n,) are read as (n, 1)."""

    def forward(self, y_pred, y_true):
        y_pred_clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        y_true = y_true.reshape(y_pred.shape).astype(float)
        sample_losses = -(
            y_true * np.log(y_pred_clipped) + (1 - y_true) * np.log(1 - y_pred_clipped)
        )
        return np.mean(sample_losses, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = y_true.reshape(dvalues.shape).astype(float)
        clipped = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = (-y_true / clipped + (1 - y_true) / (1 - clipped)) / outputs
        self.dinputs = self.dinputs / samples


class Loss_MeanSquaredError(Loss):
    def forward(self, y_pred, y_true):
        y_true = y_true.reshape(y_pred.shape).astype(float)
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        outputs = len(dvalues[0])
        y_true = y_true.reshape(dvalues.shape).astype(float)
        self.dinputs = -2 * (y_true - dvalues) / outputs
        self.dinputs = self.dinputs / samples


class Loss_MeanAbsoluteError(Loss):
    def forward(self, y_pred, y_true):
        y_true = y_true.reshape(y_pred.shape).astype(float)
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        outputs = len(dvalues[0])
        y_true = y_true.reshape(dvalues.shape).astype(float)
        self.dinputs = np.sign(dvalues - y_true) / outputs
        self.dinputs = self.dinputs / samples
