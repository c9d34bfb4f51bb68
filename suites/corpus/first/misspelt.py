"""Singular, plural, and typing mistakes: the names are not what they should be."""
import numpy as np


class Layer_dense:
    def __init__(self, n_inputs, n_neurons):
        self.weight = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.bias = np.zeros((1, n_neurons))

    def forward(self, input):
        self.input = input
        self.output = np.dot(input, self.weight) + self.bias

    def backward(self, dvalue):
        self.dweight = np.dot(self.input.T, dvalue)
        self.dbias = np.sum(dvalue, axis=0, keepdims=True)
        self.dinput = np.dot(dvalue, self.weight.T)

    def get_paramter(self):
        return self.weight, self.bias


class Activation_ReLu:
    def forward(self, input):
        self.input = input
        self.output = np.maximum(0, input)

    def backward(self, dvalue):
        self.dinput = dvalue.copy()
        self.dinput[self.input < 0] = 0


class Activation_SoftMax:
    def forward(self, input):
        exp_value = np.exp(input - np.max(input, axis=1, keepdims=True))
        self.output = exp_value / np.sum(exp_value, axis=1, keepdims=True)

    def backward(self, dvalue):
        self.dinput = np.empty_like(dvalue)
        for i, (out, dval) in enumerate(zip(self.output, dvalue)):
            out = out.reshape(-1, 1)
            jacobian = np.diagflat(out) + np.dot(out, out.T)
            self.dinput[i] = np.dot(jacobian, dval)


class Loss_MeanSquareError:
    def forward(self, y_pred, y_true):
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def backward(self, dvalue, y_true):
        self.dinput = -2 * (y_true - dvalue) / dvalue.shape[1] / dvalue.shape[0]


class Loss_MeanAbsolutError:
    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def backward(self, dvalue, y_true):
        # as in the book
        self.dinput = np.sign(y_true - dvalue) / dvalue.shape[1] / dvalue.shape[0]


class Optimizer_SGD:
    def __init__(self, learning_rate=1.0, decay=0.0, momentum=0.9):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.iteration = 0
        self.momentum = momentum

    def pre_update_param(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate / (1.0 + self.decay * self.iteration)

    def update_param(self, layer):
        if not hasattr(layer, 'weight_momentum'):
            layer.weight_momentum = np.zeros_like(layer.weight)
            layer.bias_momentum = np.zeros_like(layer.bias)
        layer.weight_momentum = self.momentum * layer.weight_momentum \
            - self.current_learning_rate * layer.dweight
        layer.bias_momentum = self.momentum * layer.bias_momentum \
            - self.current_learning_rate * layer.dbias
        layer.weight += layer.weight_momentum
        layer.bias += layer.bias_momentum

    def post_update_param(self):
        self.iteration += 1
