"""Optimizers: update(params, grads) changes the arrays of the dict params in place."""
import numpy as np


class SGD:
    """lr is divided by (1 + decay * t), t = 0 for the first step; weight_decay adds an L2 pull."""

    def __init__(self, lr=0.01, decay=0.0, weight_decay=0.0):
        self.lr = lr
        self.decay = decay
        self.weight_decay = weight_decay
        self.iterations = 0

    def update(self, params, grads):
        lr = self.lr / (1.0 + self.decay * self.iterations)
        for key in params:
            g = grads[key] + self.weight_decay * params[key]
            params[key] -= lr * g
        self.iterations += 1


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for key, g in grads.items():
            if key not in self.v:
                self.v[key] = np.zeros_like(params[key])
            self.v[key] = self.momentum * self.v[key] - self.lr * g
            params[key] += self.v[key]


class Nesterov:
    """v <- m v - lr g; p <- p + m v - lr g"""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.velocity = {}

    def update(self, params, grads):
        for key in params:
            step = self.lr * grads[key]
            old = self.velocity.get(key, 0.0)
            new = self.momentum * old - step
            params[key] += self.momentum * new - step
            self.velocity[key] = new


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-7):
        self.lr = lr
        self.eps = eps
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(val) for key, val in params.items()}
        for key in params:
            self.h[key] += grads[key] ** 2
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + self.eps)


class RMSprop:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-7):
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self.cache = {}

    def update(self, params, grads):
        for key in params:
            g = grads[key]
            if key not in self.cache:
                self.cache[key] = np.zeros_like(g)
            self.cache[key] = self.rho * self.cache[key] + (1 - self.rho) * g * g
            params[key] -= self.lr * g / (np.sqrt(self.cache[key]) + self.eps)


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.t = 0
        self.m = {}
        self.v = {}

    def update(self, params, grads):
        self.t += 1
        for key in params:
            g = grads[key]
            m = self.m.get(key, np.zeros_like(g))
            v = self.v.get(key, np.zeros_like(g))
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * g ** 2
            self.m[key], self.v[key] = m, v
            m_hat = m / (1 - self.beta1 ** self.t)
            v_hat = v / (1 - self.beta2 ** self.t)
            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
