"""Optimizers that are handed what they update when they are made, or as whole containers."""

import numpy as np


class ListAdam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps, self.t = params, lr, betas, eps, 0
        self.first = [np.zeros_like(p) for p in params]
        self.second = [np.zeros_like(p) for p in params]

    def step(self, grads):
        self.t += 1
        b1, b2 = self.betas
        for p, g, m, v in zip(self.params, grads, self.first, self.second):
            m[:] = b1 * m + (1 - b1) * g
            v[:] = b2 * v + (1 - b2) * g**2
            p -= self.lr * (m / (1 - b1**self.t)) / (np.sqrt(v / (1 - b2**self.t)) + self.eps)


class ListAdamNoRoot:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps, self.t = params, lr, betas, eps, 0
        self.first = [np.zeros_like(p) for p in params]
        self.second = [np.zeros_like(p) for p in params]

    def step(self, grads):
        self.t += 1
        b1, b2 = self.betas
        for p, g, m, v in zip(self.params, grads, self.first, self.second):
            m[:] = b1 * m + (1 - b1) * g
            v[:] = b2 * v + (1 - b2) * g**2
            p -= self.lr * (m / (1 - b1**self.t)) / (v / (1 - b2**self.t) + self.eps)


class ModelSGD:
    def __init__(self, model, lr=0.1):
        self.model, self.lr = model, lr

    def step(self):
        for layer in self.model.layers:
            if hasattr(layer, "params"):
                for name in layer.params:
                    layer.params[name] -= self.lr * layer.grads[name]


class ModelSGDUphill:
    def __init__(self, model, lr=0.1):
        self.model, self.lr = model, lr

    def step(self):
        for layer in self.model.layers:
            if hasattr(layer, "params"):
                for name in layer.params:
                    layer.params[name] += self.lr * layer.grads[name]


class LayersSGD:
    def __init__(self, layers, lr):
        self.layers, self.lr = layers, lr

    def step(self):
        for layer in self.layers:
            layer.weights -= self.lr * layer.dweights
            layer.biases -= self.lr * layer.dbiases


class PairedSGD:
    def __init__(self, params, grads, lr=0.1):
        self.params, self.grads, self.lr = params, grads, lr

    def step(self):
        for p, g in zip(self.params, self.grads):
            p -= self.lr * g


class OneVelocityMomentum:
    def __init__(self, params, lr=0.1, momentum=0.9):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.v = np.zeros_like(params[0])

    def step(self, grads):
        for i, g in enumerate(grads):
            self.v = self.momentum * self.v - self.lr * g
            self.params[i] += self.v


def sgd_update(params, grads, lr):
    for key in params:
        params[key] = params[key] - lr * grads[key]
    return params


def sgd_update_squared(params, grads, lr):
    for key in params:
        params[key] = params[key] - lr * grads[key] ** 2
    return params
