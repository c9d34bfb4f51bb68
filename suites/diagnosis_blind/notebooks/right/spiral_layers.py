"""My notebook of chapters 3 to 15 as one module: layers for the spiral data."""
import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons, weight_l1=0., weight_l2=0., bias_l1=0., bias_l2=0.):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_l1 = weight_l1
        self.weight_l2 = weight_l2
        self.bias_l1 = bias_l1
        self.bias_l2 = bias_l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_l1 > 0:
            self.dweights = self.dweights + self.weight_l1 * np.sign(self.weights)
        if self.weight_l2 > 0:
            self.dweights = self.dweights + 2 * self.weight_l2 * self.weights
        if self.bias_l1 > 0:
            self.dbiases = self.dbiases + self.bias_l1 * np.sign(self.biases)
        if self.bias_l2 > 0:
            self.dbiases = self.dbiases + 2 * self.bias_l2 * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)

    def regularization_loss(self):
        loss = self.weight_l1 * np.sum(np.abs(self.weights))
        loss += self.weight_l2 * np.sum(self.weights ** 2)
        loss += self.bias_l1 * np.sum(np.abs(self.biases))
        loss += self.bias_l2 * np.sum(self.biases ** 2)
        return loss


class Layer_Dropout:
    def __init__(self, rate):
        self.rate = rate
        self.keep = 1 - rate

    def forward(self, inputs, training=True):
        self.inputs = inputs
        if not training:
            self.scaled_mask = np.ones(inputs.shape)
        else:
            self.scaled_mask = np.random.binomial(1, self.keep, size=inputs.shape) / self.keep
        self.output = inputs * self.scaled_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.scaled_mask


class Layer_Flatten:
    def forward(self, inputs):
        self.input_shape = inputs.shape
        self.output = inputs.reshape(inputs.shape[0], -1)

    def backward(self, dvalues):
        self.dinputs = dvalues.reshape(self.input_shape)


class Activation_ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Activation_Softmax:
    def forward(self, inputs):
        self.inputs = inputs
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty(self.output.shape)
        for row, (s, d) in enumerate(zip(self.output, dvalues)):
            jacobian = np.diag(s) - np.outer(s, s)
            self.dinputs[row] = np.dot(jacobian, d)


class Loss_CategoricalCrossentropy:
    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def forward(self, y_pred, y_true):
        y_pred_clipped = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if y_true.ndim == 1:
            correct = y_pred_clipped[range(len(y_pred)), y_true]
        else:
            correct = np.sum(y_pred_clipped * y_true, axis=1)
        return -np.log(correct)

    def backward(self, dvalues, y_true):
        samples, labels = dvalues.shape
        if y_true.ndim == 1:
            y_true = np.eye(labels)[y_true]
        y_true = y_true.astype(float)
        self.dinputs = -y_true / np.clip(dvalues, 1e-7, 1 - 1e-7)
        self.dinputs = self.dinputs / samples


class Softmax_With_Crossentropy:
    """Softmax and loss in one: backward gets the probabilities, gives the gradient at the logits."""

    def __init__(self):
        self.activation = Activation_Softmax()
        self.loss = Loss_CategoricalCrossentropy()

    def forward(self, inputs, y_true):
        self.activation.forward(inputs)
        self.output = self.activation.output
        return self.loss.calculate(self.output, y_true)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        self.dinputs = dvalues.copy()
        self.dinputs[range(samples), y_true] -= 1
        self.dinputs /= samples
