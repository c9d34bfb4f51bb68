"""Losses and accuracies of the NNFS kind: loss.calculate(output, y), then loss.backward(output, y) -> self.dinputs."""
import numpy as np


class Loss:

    def calculate(self, output, y):
        sample_losses = self.forward(output, y)
        return np.mean(sample_losses)


class Loss_CategoricalCrossentropy(Loss):
    # y_true: class numbers (n,) or one-hot rows (n, classes)

    def forward(self, y_pred, y_true):
        samples = len(y_pred)
        y_pred_clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.ndim == 1:
            confidences = y_pred_clipped[range(samples), y_true]
        else:
            confidences = np.sum(y_pred_clipped * y_true, axis=1)
        return -np.log(confidences)

    def backward(self, dvalues, y_true):
        samples, labels = dvalues.shape
        if y_true.ndim == 1:
            y_true = np.eye(labels)[y_true]
        clipped = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -(y_true / clipped) / samples


class Loss_BinaryCrossentropy(Loss):
    # y_true: (n,) or (n, outputs), zeros and ones of any dtype

    def forward(self, y_pred, y_true):
        y_true = y_true.reshape(y_pred.shape)
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        losses = -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
        return np.mean(losses, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = y_true.reshape(dvalues.shape)
        p = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = ((1 - y_true) / (1 - p) - y_true / p) / outputs / samples


class Loss_MeanSquaredError(Loss):
    # targets (n,) are taken as (n, 1)

    def forward(self, y_pred, y_true):
        y_true = y_true.reshape(y_pred.shape)
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        target = y_true.reshape(dvalues.shape)
        self.dinputs = -2 * (target - dvalues) / outputs / samples


class Loss_MeanAbsoluteError(Loss):

    def forward(self, y_pred, y_true):
        target = np.reshape(y_true, y_pred.shape)
        return np.mean(np.abs(target - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        target = np.reshape(y_true, dvalues.shape)
        self.dinputs = np.sign(dvalues - target) / outputs
        self.dinputs = self.dinputs / samples


class Activation_Softmax_Loss_CategoricalCrossentropy:
    # softmax and cross-entropy in one; backward gives the gradient of the mean loss by the logits

    def __init__(self):
        self.loss = Loss_CategoricalCrossentropy()

    def forward(self, inputs, y_true):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)
        return self.loss.calculate(self.output, y_true)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        if len(y_true.shape) == 2:
            y_true = np.argmax(y_true, axis=1)
        self.dinputs = dvalues.copy()
        self.dinputs[range(samples), y_true] -= 1
        self.dinputs = self.dinputs / samples


class Accuracy_Categorical:

    def calculate(self, output, y):
        predictions = np.argmax(output, axis=1)
        labels = np.argmax(y, axis=1) if y.ndim == 2 else y
        return np.mean(predictions == labels)


class Accuracy_Binary:

    def calculate(self, output, y):
        predictions = output > 0.5
        return np.mean(predictions == y.reshape(output.shape))


class Accuracy_Regression:

    def __init__(self, y):
        self.precision = np.std(y) / 250

    def calculate(self, output, y):
        difference = np.abs(output - np.reshape(y, output.shape))
        return np.mean(difference < self.precision)
