"""Losses and accuracies, NNFS style: forward gives one loss per sample, calculate the mean of them."""
import numpy as np


def same_shape(y_true, y_pred):
    # (n,) targets beside (n, 1) predictions, and small integer labels
    y_true = np.asarray(y_true, dtype=float)
    if y_true.shape != y_pred.shape:
        y_true = y_true.reshape(y_pred.shape)
    return y_true


class Loss:

    def calculate(self, output, y):
        return np.mean(self.forward(output, y))


class Loss_CategoricalCrossentropy(Loss):

    def forward(self, y_pred, y_true):
        samples = len(y_pred)
        y_pred_clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        y_true = np.asarray(y_true)
        if y_true.ndim == 1:
            correct_confidences = y_pred_clipped[np.arange(samples), y_true]
        else:
            correct_confidences = np.sum(y_pred_clipped * y_true, axis=1)
        return -np.log(correct_confidences)

    def backward(self, dvalues, y_true):
        samples, labels = dvalues.shape
        y_true = np.asarray(y_true)
        if y_true.ndim == 1:
            y_true = np.eye(labels)[y_true]
        else:
            y_true = y_true.astype(float)
        dvalues_clipped = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -y_true / dvalues_clipped / samples


class Activation_Softmax_Loss_CategoricalCrossentropy(Loss):
    """Softmax and cross-entropy in one: the gradient is simply p - y."""

    def forward(self, inputs, y_true):
        exp_values = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = exp_values / exp_values.sum(axis=1, keepdims=True)
        return Loss_CategoricalCrossentropy().calculate(self.output, y_true)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        y_true = np.asarray(y_true)
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        self.dinputs = dvalues.copy()
        self.dinputs[np.arange(samples), y_true] -= 1
        self.dinputs /= samples


class Loss_BinaryCrossentropy(Loss):

    def forward(self, y_pred, y_true):
        y_true = same_shape(y_true, y_pred)
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        sample_losses = -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
        return np.mean(sample_losses, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = same_shape(y_true, dvalues)
        q = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -(y_true / q - (1 - y_true) / (1 - q)) / outputs
        self.dinputs = self.dinputs / samples


class Activation_Sigmoid_Loss_BinaryCrossentropy(Loss):
    """Works on the logits, so nothing has to be clipped: max(z, 0) - z y + log(1 + e^-|z|)."""

    def forward(self, inputs, y_true):
        y_true = same_shape(y_true, inputs)
        self.output = 0.5 * (1 + np.tanh(0.5 * inputs))
        sample_losses = np.maximum(inputs, 0) - inputs * y_true + np.log1p(np.exp(-np.abs(inputs)))
        return np.mean(np.mean(sample_losses, axis=-1))

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = same_shape(y_true, dvalues)
        self.dinputs = (dvalues - y_true) / outputs / samples


class Loss_MeanSquaredError(Loss):

    def forward(self, y_pred, y_true):
        y_true = same_shape(y_true, y_pred)
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = same_shape(y_true, dvalues)
        self.dinputs = -2 * (y_true - dvalues) / outputs / samples


class Loss_MeanAbsoluteError(Loss):

    def forward(self, y_pred, y_true):
        y_true = same_shape(y_true, y_pred)
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = same_shape(y_true, dvalues)
        self.dinputs = -np.sign(y_true - dvalues) / outputs
        self.dinputs = self.dinputs / samples


class Accuracy:

    def calculate(self, predictions, y):
        return np.mean(self.compare(predictions, y))


class Accuracy_Categorical(Accuracy):

    def compare(self, predictions, y):
        y = np.asarray(y)
        if y.ndim == 2:
            y = np.argmax(y, axis=1)
        return predictions == y


class Accuracy_Regression(Accuracy):

    def __init__(self, precision=0.01):
        # the book takes std(y) / 250 of the training targets
        self.precision = precision

    def compare(self, predictions, y):
        y = same_shape(y, predictions)
        return np.abs(predictions - y) < self.precision
