"""Layers and activations the NNFS way: forward stores self.output, backward stores self.dinputs."""
import numpy as np


class Layer_Dense:

    def __init__(self, n_inputs, n_neurons,
                 weight_regularizer_l1=0., weight_regularizer_l2=0.,
                 bias_regularizer_l1=0., bias_regularizer_l2=0.):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l1 = bias_regularizer_l1
        self.bias_regularizer_l2 = bias_regularizer_l2

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def regularization_loss(self):
        loss = 0.
        if self.weight_regularizer_l1 > 0:
            loss += self.weight_regularizer_l1 * np.sum(np.abs(self.weights))
        if self.weight_regularizer_l2 > 0:
            loss += self.weight_regularizer_l2 * np.sum(self.weights ** 2)
        if self.bias_regularizer_l1 > 0:
            loss += self.bias_regularizer_l1 * np.sum(np.abs(self.biases))
        if self.bias_regularizer_l2 > 0:
            loss += self.bias_regularizer_l2 * np.sum(self.biases ** 2)
        return loss

    def backward(self, dvalues):
        # what the parameters get
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)

        # and what the penalties add to that
        if self.weight_regularizer_l1 > 0:
            self.dweights = self.dweights + self.weight_regularizer_l1 * np.sign(self.weights)
        if self.weight_regularizer_l2 > 0:
            self.dweights = self.dweights + 2 * self.weight_regularizer_l2 * self.weights
        if self.bias_regularizer_l1 > 0:
            self.dbiases = self.dbiases + self.bias_regularizer_l1 * np.sign(self.biases)
        if self.bias_regularizer_l2 > 0:
            self.dbiases = self.dbiases + 2 * self.bias_regularizer_l2 * self.biases

        # what the layer before gets
        self.dinputs = np.dot(dvalues, self.weights.T)


class Layer_Dropout:

    def __init__(self, rate):
        # NNFS keeps the share that stays, not the share that goes
        self.rate = 1 - rate

    def forward(self, inputs, training=True):
        self.inputs = inputs
        if not training:
            self.binary_mask = np.ones(inputs.shape)
            self.output = inputs.copy()
            return
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.binary_mask


class Activation_ReLU:

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Activation_PReLU:
    """Leaky ReLU whose slope is learned, one slope for every neuron."""

    def __init__(self, n_neurons, start=0.25):
        self.slopes = np.full((1, n_neurons), start)

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.slopes * inputs)

    def backward(self, dvalues):
        below = np.minimum(self.inputs, 0)
        self.dslopes = np.sum(dvalues * below, axis=0, keepdims=True)
        self.dinputs = dvalues * np.where(self.inputs > 0, 1., self.slopes)


class Activation_ELU:

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, inputs, training=True):
        self.inputs = inputs
        negative = self.alpha * (np.exp(np.minimum(inputs, 0)) - 1)
        self.output = np.where(inputs > 0, inputs, negative)

    def backward(self, dvalues):
        slope = self.alpha * np.exp(np.minimum(self.inputs, 0))
        self.dinputs = dvalues * np.where(self.inputs > 0, 1., slope)


class Activation_Sigmoid:

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = 0.5 * (1 + np.tanh(0.5 * inputs))

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output) * self.output

    def predictions(self, outputs):
        return (outputs > 0.5) * 1


class Activation_Softmax:

    def forward(self, inputs, training=True):
        self.inputs = inputs
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty(self.output.shape)
        for i, (single_output, single_dvalues) in enumerate(zip(self.output, dvalues)):
            s = single_output.reshape(-1, 1)
            jacobian = np.diagflat(s) - np.dot(s, s.T)
            self.dinputs[i] = np.dot(jacobian, single_dvalues)

    def predictions(self, outputs):
        return np.argmax(outputs, axis=1)


class Activation_Linear:

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = inputs.copy()

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
