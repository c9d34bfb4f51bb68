import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons, weight_regularizer_l1=0, weight_regularizer_l2=0,
                 bias_regularizer_l1=0, bias_regularizer_l2=0):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l1 = bias_regularizer_l1
        self.bias_regularizer_l2 = bias_regularizer_l2

    def forward(self, inputs, training=False):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_regularizer_l1 > 0:
            self.dweights = self.dweights + self.weight_regularizer_l1 * np.sign(self.weights)
        if self.weight_regularizer_l2 > 0:
            self.dweights = self.dweights + 2 * self.weight_regularizer_l2 * self.weights
        if self.bias_regularizer_l1 > 0:
            self.dbiases = self.dbiases + self.bias_regularizer_l1 * np.sign(self.biases)
        if self.bias_regularizer_l2 > 0:
            self.dbiases = self.dbiases + 2 * self.bias_regularizer_l2 * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)


class Activation_ReLu:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (self.output >= 0)


class Activation_Softmax:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        inner = np.sum(dvalues * self.output, axis=1, keepdims=True)
        self.dinputs = self.output * (dvalues - inner)


class Activation_SoftmaxDiagonal:
    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = dvalues * self.output * (1 - self.output)


class Activation_SoftmaxFlat:
    """Sums without keepdims."""

    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for i, (out, dv) in enumerate(zip(self.output, dvalues)):
            out = out.reshape(-1, 1)
            self.dinputs[i] = np.dot(np.diagflat(out) - np.dot(out, out.T), dv)


class Activation_Sigmoid:
    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = 0.5 + 0.5 * np.tanh(0.5 * inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output) * self.output

    def predictions(self, outputs):
        return (outputs > 0.5) * 1


class Activation_Clipped:
    """min(max(x, 0), 6)"""

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.clip(inputs, 0, 6)

    def backward(self, dvalues):
        self.dinputs = dvalues
        self.dinputs[self.inputs <= 0] = 0
        self.dinputs[self.inputs >= 6] = 0


class KeepDx:
    """y = x^2 / (1 + x^2)"""

    def forward(self, x):
        self.x = x
        self.y = x**2 / (1 + x**2)
        return self.y

    def backward(self, dy):
        self.dx = dy * 2 * self.x / (1 + self.x**2) ** 2


class Underlined:
    def __init__(self, n_features):
        self._scale = np.ones(n_features)
        self._input = None
        self._output = None
        self._grad_input = None
        self._grad_scale = None

    def forward(self, x):
        self._input = x
        self._output = np.sin(x * self._scale)
        return self._output

    def backward(self, grad_output):
        inner = grad_output * np.cos(self._input * self._scale)
        self._grad_scale = (inner * self._input).sum(axis=0)
        self._grad_input = inner * self._scale
        return self._grad_input


class Activation_Abs:
    def forward(self, inputs):
        self.inputs = inputs
        inputs[inputs < 0] *= -1
        self.output = inputs

    def backward(self, dvalues):
        self.dinputs = dvalues * np.sign(self.inputs)
