# mypy: ignore-errors
"""A small Model object in the manner of *Neural Networks from Scratch*, last chapters."""

import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.5 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)

    def get_parameters(self):
        return self.weights, self.biases

    def set_parameters(self, weights, biases):
        self.weights = weights
        self.biases = biases


class Activation_Tanh:
    def forward(self, inputs, training):
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output**2)


class Layer_Dropout:
    def __init__(self, rate):
        self.keep = 1 - rate

    def forward(self, inputs, training):
        self.mask = np.ones(inputs.shape)
        if training:
            self.mask = np.random.binomial(1, self.keep, inputs.shape) / self.keep
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class Loss_MeanSquaredError:
    def calculate(self, output, y):
        return np.mean((output - y.reshape(output.shape)) ** 2)

    def backward(self, dvalues, y):
        self.dinputs = 2 * (dvalues - y.reshape(dvalues.shape)) / dvalues.size


class Optimizer_SGD:
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def update_params(self, layer):
        layer.weights -= self.learning_rate * layer.dweights
        layer.biases -= self.learning_rate * layer.dbiases


class Model:
    """add(...) the layers, set(...) loss and optimizer, finalize(), then train or evaluate."""

    def __init__(self):
        self.layers = []
        self.training = True

    def add(self, layer):
        self.layers.append(layer)

    def set(self, *, loss, optimizer):
        self.loss = loss
        self.optimizer = optimizer

    def finalize(self):
        self.trainable_layers = [layer for layer in self.layers if hasattr(layer, "weights")]
        for i, layer in enumerate(self.layers):
            layer.prev = self.layers[i - 1] if i > 0 else None
            layer.next = self.layers[i + 1] if i + 1 < len(self.layers) else None

    def forward(self, X, training=True):
        values = X
        for layer in self.layers:
            layer.forward(values, training)
            values = layer.output
        return values

    def backward(self, output, y):
        self.loss.backward(output, y)
        dvalues = self.loss.dinputs
        for layer in reversed(self.layers):
            layer.backward(dvalues)
            dvalues = layer.dinputs

    def train(self, X, y, *, epochs=1, batch_size=None, validation_data=None):
        size = batch_size or len(X)
        for _ in range(epochs):
            for start in range(0, len(X), size):
                batch_X, batch_y = X[start : start + size], y[start : start + size]
                output = self.forward(batch_X, training=self.training)
                self.backward(output, batch_y)
                for layer in self.trainable_layers:
                    self.optimizer.update_params(layer)
        if validation_data is not None:
            self.evaluate(*validation_data)

    def evaluate(self, X, y):
        self.training = False
        loss = self.loss.calculate(self.forward(X, training=self.training), y)
        self.training = True
        return loss

    def predict(self, X):
        return self.forward(X, training=False)

    def get_parameters(self):
        return [layer.get_parameters() for layer in self.trainable_layers]

    def set_parameters(self, parameters):
        for layer, values in zip(self.trainable_layers, parameters, strict=True):
            layer.set_parameters(*values)

    def save_parameters(self, path):
        arrays = {}
        for i, layer in enumerate(self.trainable_layers):
            arrays[f"weights{i}"] = layer.weights
            arrays[f"biases{i}"] = layer.biases
        np.savez(path, **arrays)

    def load_parameters(self, path):
        with np.load(path, allow_pickle=False) as stored:
            for i, layer in enumerate(self.trainable_layers):
                layer.set_parameters(stored[f"weights{i}"], stored[f"biases{i}"])


def build_model(n_inputs=4, n_hidden=6, n_outputs=3):
    model = Model()
    model.add(Layer_Dense(n_inputs, n_hidden))
    model.add(Activation_Tanh())
    model.add(Layer_Dropout(0.2))
    model.add(Layer_Dense(n_hidden, n_outputs))
    model.set(loss=Loss_MeanSquaredError(), optimizer=Optimizer_SGD())
    model.finalize()
    return model
