"""Networks that keep their data, or answer under another name, and an update with its keys spelled out."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class KeepsItsData:
    def __init__(self, x, y):
        self.input = x
        self.y = y
        self.weights1 = np.random.rand(x.shape[1], 4)
        self.weights2 = np.random.rand(4, y.shape[1])
        self.output = np.zeros(y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(np.dot(self.input, self.weights1))
        self.output = sigmoid(np.dot(self.layer1, self.weights2))

    def backprop(self):
        delta = 2 * (self.y - self.output) * self.output * (1 - self.output)
        step2 = np.dot(self.layer1.T, delta)
        delta = np.dot(delta, self.weights2.T) * self.layer1 * (1 - self.layer1)
        self.weights1 += np.dot(self.input.T, delta)
        self.weights2 += step2


class KeepsItsDataSkips(KeepsItsData):
    def backprop(self):
        delta = 2 * (self.y - self.output) * self.output * (1 - self.output)
        step2 = np.dot(self.layer1.T, delta)
        delta = np.dot(delta, self.weights2.T)
        self.weights1 += np.dot(self.input.T, delta)
        self.weights2 += step2


class AnswersQueries:
    """Samples in rows go in, outputs in columns come out."""

    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.wih = np.random.normal(0.0, 0.5, (hiddennodes, inputnodes))
        self.who = np.random.normal(0.0, 0.5, (outputnodes, hiddennodes))
        self.lr = learningrate

    def train(self, inputs_list, targets_list):
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T
        hidden = sigmoid(self.wih @ inputs)
        final = sigmoid(self.who @ hidden)
        delta = (targets - final) * final * (1 - final)
        back = (self.who.T @ delta) * hidden * (1 - hidden)
        self.who += self.lr * delta @ hidden.T
        self.wih += self.lr * back @ inputs.T

    def query(self, inputs_list):
        inputs = np.array(inputs_list, ndmin=2).T
        return sigmoid(self.who @ sigmoid(self.wih @ inputs))


class AnswersQueriesByError(AnswersQueries):
    def train(self, inputs_list, targets_list):
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T
        hidden = sigmoid(self.wih @ inputs)
        final = sigmoid(self.who @ hidden)
        errors = targets - final
        back = (self.who.T @ errors) * hidden * (1 - hidden)
        self.who += self.lr * (errors * final * (1 - final)) @ hidden.T
        self.wih += self.lr * back @ inputs.T


def update_parameters(parameters, grads, learning_rate=1.2):
    W1 = parameters["W1"] - learning_rate * grads["dW1"]
    b1 = parameters["b1"] - learning_rate * grads["db1"]
    W2 = parameters["W2"] - learning_rate * grads["dW2"]
    b2 = parameters["b2"] - learning_rate * grads["db2"]
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def sgd_update(parameters, grads, learning_rate=0.1):
    parameters["W1"] = parameters["W1"] - learning_rate * grads["dW1"]
    parameters["b1"] = parameters["b1"] - learning_rate * grads["db1"]
    parameters["W2"] = parameters["W2"] - learning_rate * grads["dW2"]
    parameters["b2"] = parameters["b2"] + learning_rate * grads["db2"]
    return parameters


def update_weights(parameters, grads, learning_rate):
    parameters["W1"] = parameters["W1"] - learning_rate * grads["dW1"]
    parameters["b1"] = parameters["b1"] + learning_rate * grads["db1"]
    return parameters
