"""Last chapter: layers, loss and optimizer put together by a Model."""
import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)

    def get_paramters(self):
        return self.weights, self.biases

    def set_paramters(self, weights, biases):
        self.weights = weights
        self.biases = biases


class Activation_Tanh:
    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output**2)


class Loss_MeanSquaredError:
    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def forward(self, y_pred, y_true):
        return np.mean((y_true - y_pred) ** 2, axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = -2 * (y_true - dvalues) / dvalues.size


class Optimizer_GD:
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def pre_update_params(self):
        pass

    def update_params(self, layer):
        layer.weights = layer.weights - self.learning_rate * layer.dweights
        layer.biases = layer.biases - self.learning_rate * layer.dbiases

    def post_update_params(self):
        pass


class Model:
    def __init__(self):
        self.layers = []

    def add(self, layer):
        self.layers.append(layer)

    def set(self, *, loss, optimizer):
        self.loss = loss
        self.optimizer = optimizer

    def finalize(self):
        self.trainable_layers = [layer for layer in self.layers if hasattr(layer, "weights")]

    def forward(self, X, training):
        for layer in self.layers:
            layer.forward(X, training)
            X = layer.output
        return X

    def backward(self, output, y):
        self.loss.backward(output, y)
        grad = self.loss.dinputs
        for layer in reversed(self.layers):
            layer.backward(grad)
            grad = layer.dinputs

    def train(self, X, y, *, epochs=1):
        for _ in range(epochs):
            output = self.forward(X, training=True)
            self.backward(output, y)
            self.optimizer.pre_update_params()
            for layer in self.trainable_layers:
                self.optimizer.update_params(layer)
            self.optimizer.post_update_params()
        return self.loss.calculate(output, y)

    def predict(self, X):
        return self.forward(X, training=False)

    def get_parameters(self):
        return [layer.get_paramters() for layer in self.trainable_layers]

    def set_parameters(self, parameters):
        for layer, values in zip(self.trainable_layers, parameters):
            layer.set_paramters(*values)


class HastyModel(Model):
    """Restores the weights, not the biases."""

    def set_parameters(self, parameters):
        for layer, (weights, biases) in zip(self.trainable_layers, parameters):
            layer.weights = weights


def assemble(kind=Model):
    model = kind()
    model.add(Layer_Dense(2, 8))
    model.add(Activation_Tanh())
    model.add(Layer_Dense(8, 1))
    model.set(loss=Loss_MeanSquaredError(), optimizer=Optimizer_GD(0.05))
    model.finalize()
    return model


if __name__ == "__main__":
    X = np.random.uniform(-1, 1, (100, 2))
    y = X[:, :1] * X[:, 1:]
    model = Model()
    model.add(Layer_Dense(2, 8))
    model.add(Activation_Tanh())
    model.add(Layer_Dense(8, 1))
    model.set(loss=Loss_MeanSquaredError(), optimizer=Optimizer_GD(0.05))
    model.finalize()
    print(model.train(X, y, epochs=1000))
    hasty = HastyModel()
    hasty.add(Layer_Dense(2, 8))
    hasty.add(Activation_Tanh())
    hasty.add(Layer_Dense(8, 1))
    hasty.set(loss=Loss_MeanSquaredError(), optimizer=Optimizer_GD(0.05))
    hasty.finalize()
    hasty.train(X, y, epochs=1000)
    hasty.set_parameters(model.get_parameters())
