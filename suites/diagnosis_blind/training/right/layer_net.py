"""A small classifier of layers with forward(inputs, training) and backward(dvalues)."""
import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons, weight_regularizer_l1=0, weight_regularizer_l2=0,
                 bias_regularizer_l1=0, bias_regularizer_l2=0):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l1 = bias_regularizer_l1
        self.bias_regularizer_l2 = bias_regularizer_l2

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def regularization_loss(self):
        return (self.weight_regularizer_l1 * np.sum(np.abs(self.weights))
                + self.weight_regularizer_l2 * np.sum(self.weights ** 2)
                + self.bias_regularizer_l1 * np.sum(np.abs(self.biases))
                + self.bias_regularizer_l2 * np.sum(self.biases ** 2))

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_regularizer_l1 > 0:
            self.dweights += self.weight_regularizer_l1 * np.sign(self.weights)
        if self.weight_regularizer_l2 > 0:
            self.dweights += 2 * self.weight_regularizer_l2 * self.weights
        if self.bias_regularizer_l1 > 0:
            self.dbiases += self.bias_regularizer_l1 * np.sign(self.biases)
        if self.bias_regularizer_l2 > 0:
            self.dbiases += 2 * self.bias_regularizer_l2 * self.biases
        self.dinputs = np.dot(dvalues, self.weights.T)


class Activation_ReLU:
    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues * (self.inputs > 0)


class Layer_BatchNorm:
    """Normalises every feature; running <- momentum running + (1 - momentum) batch."""

    def __init__(self, n_features, momentum=0.9, epsilon=1e-5):
        self.gamma = np.ones((1, n_features))
        self.beta = np.zeros((1, n_features))
        self.momentum = momentum
        self.epsilon = epsilon
        self.running_mean = np.zeros((1, n_features))
        self.running_var = np.ones((1, n_features))

    def forward(self, inputs, training=True):
        self.training = training
        if training:
            mean = np.mean(inputs, axis=0, keepdims=True)
            var = np.var(inputs, axis=0, keepdims=True)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.inv_std = 1 / np.sqrt(var + self.epsilon)
        self.normalized = (inputs - mean) * self.inv_std
        self.output = self.gamma * self.normalized + self.beta

    def backward(self, dvalues):
        self.dgamma = np.sum(dvalues * self.normalized, axis=0, keepdims=True)
        self.dbeta = np.sum(dvalues, axis=0, keepdims=True)
        dnorm = dvalues * self.gamma
        if self.training:
            dnorm = (dnorm - np.mean(dnorm, axis=0, keepdims=True)
                     - self.normalized * np.mean(dnorm * self.normalized, axis=0, keepdims=True))
        self.dinputs = dnorm * self.inv_std


class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs, training=True):
        if training:
            self.mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        else:
            self.mask = np.ones(inputs.shape)
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class Softmax_CrossEntropy:
    """Mean cross entropy of logits; y_true holds class numbers."""

    def forward(self, inputs, y_true):
        shifted = inputs - np.max(inputs, axis=1, keepdims=True)
        log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        self.output = np.exp(log_p)
        return -np.mean(log_p[np.arange(len(inputs)), y_true])

    def backward(self, y_true):
        self.dinputs = self.output.copy()
        self.dinputs[np.arange(len(self.dinputs)), y_true] -= 1
        self.dinputs /= len(self.dinputs)


class Model:
    """Dense - BatchNorm - ReLU - Dropout - Dense, trained by gradient descent."""

    def __init__(self, n_inputs, n_hidden, n_classes, rate=0.2, l2=1e-3, learning_rate=0.1):
        self.layers = [Layer_Dense(n_inputs, n_hidden, weight_regularizer_l2=l2), Layer_BatchNorm(n_hidden),
                       Activation_ReLU(), Layer_Dropout(rate),
                       Layer_Dense(n_hidden, n_classes, weight_regularizer_l2=l2)]
        self.loss = Softmax_CrossEntropy()
        self.learning_rate = learning_rate
        self.training = True

    def forward(self, X):
        for layer in self.layers:
            layer.forward(X, self.training)
            X = layer.output
        return X

    def train_step(self, X, y):
        """One step; returns the data loss before it."""
        loss = self.loss.forward(self.forward(X), y)
        self.loss.backward(y)
        dvalues = self.loss.dinputs
        for layer in reversed(self.layers):
            layer.backward(dvalues)
            dvalues = layer.dinputs
        for layer in self.layers:
            for name in ('weights', 'biases', 'gamma', 'beta'):
                if hasattr(layer, name):
                    setattr(layer, name, getattr(layer, name) - self.learning_rate * getattr(layer, 'd' + name))
        return loss

    def evaluate(self, X, y):
        """Loss and accuracy in evaluation mode."""
        before, self.training = self.training, False
        logits = self.forward(X)
        self.training = before
        return self.loss.forward(logits, y), np.mean(np.argmax(logits, axis=1) == y)
