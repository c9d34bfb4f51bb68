"""Losses with the usual base class: forward gives one loss per sample, calculate the mean of the batch."""
import numpy as np


class Loss:
    def remember_trainable_layers(self, trainable_layers):
        self.trainable_layers = trainable_layers

    def regularization_loss(self):
        total = 0.0
        for layer in getattr(self, "trainable_layers", []):
            if layer.weight_regularizer_l1 > 0:
                total += layer.weight_regularizer_l1 * np.sum(np.abs(layer.weights))
            if layer.weight_regularizer_l2 > 0:
                total += layer.weight_regularizer_l2 * np.sum(layer.weights * layer.weights)
            if layer.bias_regularizer_l1 > 0:
                total += layer.bias_regularizer_l1 * np.sum(np.abs(layer.biases))
            if layer.bias_regularizer_l2 > 0:
                total += layer.bias_regularizer_l2 * np.sum(layer.biases * layer.biases)
        return total

    def calculate(self, output, y, *, include_regularization=False):
        sample_losses = self.forward(output, y)
        data_loss = np.mean(sample_losses)
        self.accumulated_sum = getattr(self, "accumulated_sum", 0.0) + np.sum(sample_losses)
        self.accumulated_count = getattr(self, "accumulated_count", 0) + len(sample_losses)
        if not include_regularization:
            return data_loss
        return data_loss, self.regularization_loss()

    def calculate_accumulated(self):
        return self.accumulated_sum / self.accumulated_count

    def new_pass(self):
        self.accumulated_sum = 0.0
        self.accumulated_count = 0


class Loss_CategoricalCrossentropy(Loss):
    def forward(self, y_pred, y_true):
        samples = len(y_pred)
        y_pred_clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        y_true = np.asarray(y_true)
        if y_true.ndim == 1:
            correct_confidences = y_pred_clipped[range(samples), y_true]
        elif y_true.shape[1] == 1:
            # a column of class numbers
            correct_confidences = y_pred_clipped[range(samples), y_true[:, 0]]
        else:
            correct_confidences = np.sum(y_pred_clipped * y_true, axis=1)
        return -np.log(correct_confidences)

    def backward(self, dvalues, y_true):
        samples, labels = dvalues.shape
        y_true = np.asarray(y_true)
        if y_true.ndim == 1 or y_true.shape[1] == 1:
            y_true = np.eye(labels)[y_true.reshape(-1)]
        clipped = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -(y_true / clipped) / samples


class Loss_BinaryCrossentropy(Loss):
    def forward(self, y_pred, y_true):
        p = np.clip(y_pred, 1e-7, 1 - 1e-7)
        y_true = np.asarray(y_true, dtype=float).reshape(y_pred.shape)
        sample_losses = -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
        return np.mean(sample_losses, axis=-1)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        outputs = dvalues.shape[1]
        targets = np.array(y_true, dtype=float).reshape(samples, outputs)
        q = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -(targets / q - (1 - targets) / (1 - q)) / outputs / samples


class Loss_MeanSquaredError(Loss):
    def forward(self, y_pred, y_true):
        y_true = np.reshape(y_true, y_pred.shape)
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = np.reshape(y_true, (samples, outputs))
        self.dinputs = -2 * (y_true - dvalues) / outputs
        self.dinputs = self.dinputs / samples


class Loss_MeanAbsoluteError(Loss):
    def forward(self, y_pred, y_true):
        labels = np.reshape(y_true, y_pred.shape)
        return np.mean(np.abs(labels - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        samples, outputs = dvalues.shape
        y_true = np.reshape(y_true, dvalues.shape)
        step = 1 / (outputs * samples)
        self.dinputs = np.zeros_like(dvalues)
        self.dinputs[dvalues > y_true] = step
        self.dinputs[dvalues < y_true] = -step
