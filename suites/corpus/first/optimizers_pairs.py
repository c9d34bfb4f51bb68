"""Optimizers over (name, parameter) pairs, parameters that carry their gradient, and a falling rate."""

import numpy as np


class MomentumSGD:
    def __init__(self, parameters, lr, momentum=0.9):
        self.named = list(parameters)
        self.lr, self.momentum = lr, momentum
        self.velocity = {name: np.zeros_like(p.data) for name, p in self.named}

    def step(self):
        for name, p in self.named:
            self.velocity[name] = self.momentum * self.velocity[name] + p.grad
            p.data -= self.lr * self.velocity[name]


class MomentumSGDForgets:
    """the velocity is never stored"""

    def __init__(self, parameters, lr, momentum=0.9):
        self.named = list(parameters)
        self.lr, self.momentum = lr, momentum
        self.velocity = {name: np.zeros_like(p.data) for name, p in self.named}

    def step(self):
        for name, p in self.named:
            v = self.momentum * self.velocity[name] + p.grad
            p.data -= self.lr * v


class Adam:
    """parameters that say whether they are trained; the rate falls with the steps"""

    def __init__(self, params, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, decay_rate=0.2):
        self.params, self.lr, self.decay_rate = params, lr, decay_rate
        self.beta1, self.beta2, self.eps, self.t = beta1, beta2, eps, 0
        self.m = [np.zeros_like(p.data) for p in params]
        self.v = [np.zeros_like(p.data) for p in params]

    def step(self):
        self.t += 1
        rate = self.lr / self.t**self.decay_rate
        for i, p in enumerate(self.params):
            if not p.requires_grad:
                continue
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * p.grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * p.grad**2
            m = self.m[i] / (1 - self.beta1**self.t)
            v = self.v[i] / (1 - self.beta2**self.t)
            p.data -= rate * m / (np.sqrt(v) + self.eps)


class AdamUncorrected(Adam):
    """the second average is not corrected"""

    def step(self):
        self.t += 1
        rate = self.lr / self.t**self.decay_rate
        for i, p in enumerate(self.params):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * p.grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * p.grad**2
            m = self.m[i] / (1 - self.beta1**self.t)
            p.data -= rate * m / (np.sqrt(self.v[i]) + self.eps)
