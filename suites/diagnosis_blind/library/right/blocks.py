"""Layers and containers.  forward(inputs) fills .output, backward(dvalues) fills .dinputs and the d... arrays."""
import numpy as np


def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


class Layer:
    names = ()

    def __init__(self):
        self.training = True

    def parameters(self):
        """Triples (name, value, gradient); the gradient is None before the first backward."""
        return [(n, getattr(self, n), getattr(self, "d" + n, None)) for n in self.names]

    def regularization_loss(self):
        return 0.0


class Dense(Layer):
    def __init__(self, n_inputs, n_neurons, weight_l2=0.0, bias=True):
        super().__init__()
        limit = np.sqrt(6.0 / (n_inputs + n_neurons))
        self.weights = np.random.uniform(-limit, limit, (n_inputs, n_neurons))
        self.biases = np.zeros((1, n_neurons)) if bias else None
        self.weight_l2 = weight_l2
        self.names = ("weights", "biases") if bias else ("weights",)

    def regularization_loss(self):
        return self.weight_l2 * np.sum(self.weights ** 2)

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights
        if self.biases is not None:
            self.output = self.output + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        if self.weight_l2 > 0:
            self.dweights = self.dweights + 2 * self.weight_l2 * self.weights
        if self.biases is not None:
            self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class LeakyReLU(Layer):
    def __init__(self, slope=0.01):
        super().__init__()
        self.slope = slope

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.slope * inputs)

    def backward(self, dvalues):
        self.dinputs = np.where(self.inputs > 0, dvalues, self.slope * dvalues)


class Dropout(Layer):
    def __init__(self, rate=0.5):
        super().__init__()
        self.rate = rate

    def draw(self, shape):
        return np.random.binomial(1, 1 - self.rate, size=shape) / (1 - self.rate)

    def forward(self, inputs):
        self.mask = self.draw(inputs.shape) if self.training else np.ones(inputs.shape)
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class GLU(Layer):
    """Halves the last axis: values * sigmoid(gates)."""

    def forward(self, inputs):
        self.value, self.gate = np.split(inputs, 2, axis=-1)
        self.opened = sigmoid(self.gate)
        self.output = self.value * self.opened

    def backward(self, dvalues):
        dvalue = dvalues * self.opened
        dgate = dvalues * self.value * self.opened * (1 - self.opened)
        self.dinputs = np.concatenate([dvalue, dgate], axis=-1)


class SwiGLU(Layer):
    """(silu(x Wg) * (x Wu)) Wd, the feed-forward part of a modern transformer block."""
    names = ("gate_weights", "up_weights", "down_weights")

    def __init__(self, n_inputs, n_hidden):
        super().__init__()
        self.gate_weights = np.random.randn(n_inputs, n_hidden) / np.sqrt(n_inputs)
        self.up_weights = np.random.randn(n_inputs, n_hidden) / np.sqrt(n_inputs)
        self.down_weights = np.random.randn(n_hidden, n_inputs) / np.sqrt(n_hidden)

    def forward(self, inputs):
        self.inputs = inputs
        self.g = inputs @ self.gate_weights
        self.u = inputs @ self.up_weights
        self.s = sigmoid(self.g)
        self.hidden = self.g * self.s * self.u
        self.output = self.hidden @ self.down_weights

    def backward(self, dvalues):
        self.ddown_weights = self.hidden.T @ dvalues
        dhidden = dvalues @ self.down_weights.T
        du = dhidden * self.g * self.s
        dg = dhidden * self.u * (self.s + self.g * self.s * (1 - self.s))
        self.dup_weights = self.inputs.T @ du
        self.dgate_weights = self.inputs.T @ dg
        self.dinputs = du @ self.up_weights.T + dg @ self.gate_weights.T


class TiedAutoencoder(Layer):
    """tanh(x W + b) W^T + c with one weight matrix for both directions."""
    names = ("weights", "biases", "out_biases")

    def __init__(self, n_inputs, n_hidden):
        super().__init__()
        self.weights = np.random.randn(n_inputs, n_hidden) / np.sqrt(n_inputs)
        self.biases = np.zeros((1, n_hidden))
        self.out_biases = np.zeros((1, n_inputs))

    def forward(self, inputs):
        self.inputs = inputs
        self.code = np.tanh(inputs @ self.weights + self.biases)
        self.output = self.code @ self.weights.T + self.out_biases

    def backward(self, dvalues):
        dcode = (dvalues @ self.weights) * (1 - self.code ** 2)
        self.dout_biases = np.sum(dvalues, axis=0, keepdims=True)
        self.dbiases = np.sum(dcode, axis=0, keepdims=True)
        self.dweights = self.inputs.T @ dcode + dvalues.T @ self.code
        self.dinputs = dcode @ self.weights.T


class Sequential(Layer):
    def __init__(self, *layers):
        super().__init__()
        self.layers = list(layers)

    def parameters(self):
        return [(f"{i}.{n}", v, g) for i, layer in enumerate(self.layers) for n, v, g in layer.parameters()]

    def train(self, mode=True):
        self.training = mode
        for layer in self.layers:
            layer.training = mode

    def forward(self, inputs):
        self.output = inputs
        for layer in self.layers:
            layer.forward(self.output)
            self.output = layer.output

    def backward(self, dvalues):
        self.dinputs = dvalues
        for layer in reversed(self.layers):
            layer.backward(self.dinputs)
            self.dinputs = layer.dinputs


class ResidualMLP(Layer):
    """x + Dense(LeakyReLU(Dense(x)))"""

    def __init__(self, n_features, n_hidden, slope=0.1):
        super().__init__()
        self.body = Sequential(Dense(n_features, n_hidden), LeakyReLU(slope), Dense(n_hidden, n_features))

    def parameters(self):
        return self.body.parameters()

    def forward(self, inputs):
        self.body.forward(inputs)
        self.output = inputs + self.body.output

    def backward(self, dvalues):
        self.body.backward(dvalues)
        self.dinputs = dvalues + self.body.dinputs
