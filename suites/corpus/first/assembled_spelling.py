"""A model put together with other names: setup, finalise, a loss kept under a name of its own."""
import numpy as np


class Dense_Layer:
    def __init__(self, n_inputs, n_neurons):
        self.weights = np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class Act_Tanh:
    def forward(self, inputs, training):
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output**2)


class MSE_Loss:
    def calculate(self, output, target):
        return np.mean(np.mean((output - target) ** 2, axis=-1))

    def forward(self, y_pred, y_true):
        return np.mean((y_pred - y_true) ** 2, axis=-1)

    def backward(self, y_pred, y_true):
        self.dinputs = 2 * (y_pred - y_true) / y_pred.shape[1] / len(y_pred)


class Model:
    def __init__(self):
        self.layers = []

    def add(self, layer):
        self.layers.append(layer)

    def setup(self, *, loss):
        self.loss_func = loss

    def finalise(self):
        self.reversed = self.layers[::-1]

    def forward(self, X, training):
        out = X
        for layer in self.layers:
            layer.forward(out, training)
            out = layer.output
        return out

    def backward(self, output, targets):
        self.loss_func.backward(output, targets)
        grad = self.loss_func.dinputs
        for layer in self.reversed:
            layer.backward(grad)
            grad = layer.dinputs


class ModelSkips(Model):
    """the first layer is left out on the way back"""

    def backward(self, output, targets):
        super().backward(output, targets)
        self.layers[0].backward(self.loss_func.dinputs @ np.ones((5, 6)))
