# mypy: ignore-errors
"""Activation and loss in one: the short backward (p - y) / N of *Neural Networks from Scratch*."""

import numpy as np


class Activation_Softmax_Loss_CategoricalCrossentropy:
    def forward(self, inputs, y_true):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)
        clipped = np.clip(self.output, 1e-7, 1 - 1e-7)
        samples = len(inputs)
        if y_true.ndim == 2 and y_true.shape[1] > 1:
            y_true = np.argmax(y_true, axis=1)
        y_true = y_true.ravel().astype(int)
        return np.mean(-np.log(clipped[np.arange(samples), y_true]))

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        if y_true.ndim == 2 and y_true.shape[1] > 1:
            y_true = np.argmax(y_true, axis=1)
        y_true = y_true.ravel().astype(int)
        self.dinputs = dvalues.copy()
        self.dinputs[np.arange(samples), y_true] -= 1
        self.dinputs = self.dinputs / samples


class Activation_Sigmoid_Loss_BinaryCrossentropy:
    """From the logits: max(x, 0) - x y + log(1 + exp(-|x|)), averaged over outputs and samples."""

    def forward(self, inputs, y_true):
        small = np.exp(-np.abs(inputs))
        self.output = np.where(inputs >= 0, 1, small) / (1 + small)
        y_true = y_true.reshape(inputs.shape).astype(float)
        losses = np.maximum(inputs, 0) - inputs * y_true + np.log1p(small)
        return np.mean(losses)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = y_true.reshape(dvalues.shape).astype(float)
        self.dinputs = (dvalues - y_true) / outputs / samples
