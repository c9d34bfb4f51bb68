"""Assignment 1: layers in the style of our lecture (forward stores output, backward stores dinputs)."""
import numpy as np


class Dense:
    def __init__(self, n_inputs, n_neurons, weight_l1=0.0, weight_l2=0.0, bias_l2=0.0):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_l1 = weight_l1
        self.weight_l2 = weight_l2
        self.bias_l2 = bias_l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def regularization_loss(self):
        loss = self.weight_l1 * np.sum(np.abs(self.weights))
        loss += self.weight_l2 * np.sum(self.weights ** 2)
        loss += self.bias_l2 * np.sum(self.biases ** 2)
        return loss

    def backward(self, dvalues):
        # gradients of data loss + regularization_loss()
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_l1 > 0:
            self.dweights = self.dweights + self.weight_l1 * np.sign(self.weights)
        if self.weight_l2 > 0:
            self.dweights = self.dweights + 2 * self.weight_l2 * self.weights
        if self.bias_l2 > 0:
            self.dbiases = self.dbiases + 2 * self.bias_l2 * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)


class ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class LeakyReLU:
    def __init__(self, alpha=0.01):
        self.alpha = alpha

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.alpha * inputs)

    def backward(self, dvalues):
        slope = np.where(self.inputs > 0, 1.0, self.alpha)
        self.dinputs = dvalues * slope


class ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, inputs):
        self.inputs = inputs
        negative = self.alpha * (np.exp(np.minimum(inputs, 0)) - 1)
        self.output = np.where(inputs > 0, inputs, negative)

    def backward(self, dvalues):
        local = np.where(self.inputs > 0, 1.0, self.alpha * np.exp(np.minimum(self.inputs, 0)))
        self.dinputs = dvalues * local


class GELU:
    """tanh approximation"""
    def forward(self, inputs):
        self.inputs = inputs
        c = np.sqrt(2 / np.pi)
        self.t = np.tanh(c * (inputs + 0.044715 * inputs ** 3))
        self.output = 0.5 * inputs * (1 + self.t)

    def backward(self, dvalues):
        x = self.inputs
        c = np.sqrt(2 / np.pi)
        dinner = c * (1 + 3 * 0.044715 * x ** 2)
        dx = 0.5 * (1 + self.t) + 0.5 * x * (1 - self.t ** 2) * dinner
        self.dinputs = dvalues * dx


class Swish:
    def forward(self, inputs):
        self.inputs = inputs
        self.sig = 0.5 * (1 + np.tanh(0.5 * inputs))
        self.output = inputs * self.sig

    def backward(self, dvalues):
        self.dinputs = dvalues * self.sig * (1 + self.inputs * (1 - self.sig))


class Softmax:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        inner = np.sum(dvalues * self.output, axis=1, keepdims=True)
        self.dinputs = self.output * (dvalues - inner)


class CategoricalCrossentropy:
    """labels: class numbers (n,) or one-hot (n, classes)"""
    def forward(self, y_pred, y_true):
        samples = len(y_pred)
        y_pred = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.ndim == 1:
            confidences = y_pred[np.arange(samples), y_true]
        else:
            confidences = np.sum(y_pred * y_true, axis=1)
        return -np.log(confidences)

    def calculate(self, y_pred, y_true):
        return np.mean(self.forward(y_pred, y_true))

    def backward(self, dvalues, y_true):
        samples, classes = dvalues.shape
        if y_true.ndim == 1:
            y_true = np.eye(classes)[y_true]
        dvalues = np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = -(y_true / dvalues) / samples


class SoftmaxCrossEntropy:
    """softmax and loss in one step: forward(logits, labels) returns the mean loss, backward() the gradient"""
    def forward(self, logits, y_true):
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        self.y_true = y_true
        shifted = logits - np.max(logits, axis=1, keepdims=True)
        log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        self.output = np.exp(log_probs)
        return -np.mean(log_probs[np.arange(len(logits)), y_true])

    def backward(self):
        samples = len(self.output)
        self.dinputs = self.output.copy()
        self.dinputs[np.arange(samples), self.y_true] -= 1
        self.dinputs /= samples
        return self.dinputs
