# mypy: ignore-errors
"""Inverted dropout and batch normalisation with results in attributes and a `training` flag."""

import numpy as np


class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs, training):
        self.inputs = inputs
        if not training:
            self.binary_mask = np.ones(inputs.shape)
            self.output = inputs.copy()
            return
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.binary_mask


class Layer_BatchNorm:
    """Statistics of the batch in training, running averages in evaluation."""

    def __init__(self, n_inputs, momentum=0.9, epsilon=1e-5):
        self.gamma = np.ones((1, n_inputs))
        self.beta = np.zeros((1, n_inputs))
        self.running_mean = np.zeros((1, n_inputs))
        self.running_var = np.ones((1, n_inputs))
        self.momentum = momentum
        self.epsilon = epsilon

    def forward(self, inputs, training=True):
        self.training = training
        if training:
            mean = np.mean(inputs, axis=0, keepdims=True)
            var = np.mean((inputs - mean) ** 2, axis=0, keepdims=True)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.inv_std = 1 / np.sqrt(var + self.epsilon)
        self.normed = (inputs - mean) * self.inv_std
        self.output = self.gamma * self.normed + self.beta

    def backward(self, dvalues):
        self.dgamma = np.sum(dvalues * self.normed, axis=0, keepdims=True)
        self.dbeta = np.sum(dvalues, axis=0, keepdims=True)
        dnormed = dvalues * self.gamma
        if self.training:
            mean_d = np.mean(dnormed, axis=0, keepdims=True)
            mean_dn = np.mean(dnormed * self.normed, axis=0, keepdims=True)
            dnormed = dnormed - mean_d - self.normed * mean_dn
        self.dinputs = dnormed * self.inv_std
