"""Optimizers: update(params, grads) changes the arrays of the dict `params` in place and leaves `grads` alone."""
import numpy as np


class SGD:
    """v = momentum * v + g; the step is v, or g + momentum * v with nesterov. weight_decay adds an L2 gradient."""

    def __init__(self, lr=0.01, momentum=0.0, nesterov=False, weight_decay=0.0):
        self.lr, self.momentum = lr, momentum
        self.nesterov, self.weight_decay = nesterov, weight_decay
        self.v = {}

    def update(self, params, grads):
        for k, p in params.items():
            g = grads[k]
            if self.weight_decay:
                g = g + self.weight_decay * p
            self.v[k] = self.momentum * self.v.get(k, 0.0) + g
            step = g + self.momentum * self.v[k] if self.nesterov else self.v[k]
            p -= self.lr * step


class ScheduledSGD:
    """Learning rate lr / (1 + decay * t), t = 0 for the first update."""

    def __init__(self, lr=1.0, decay=0.0):
        self.lr = lr
        self.decay = decay
        self.iterations = 0

    def update(self, params, grads):
        lr = self.lr / (1.0 + self.decay * self.iterations)
        for k in params:
            params[k] -= lr * grads[k]
        self.iterations += 1


class Adagrad:
    def __init__(self, lr=0.01, eps=1e-10, state=None):
        self.lr, self.eps = lr, eps
        self.state = {} if state is None else state

    def update(self, params, grads):
        for k in params:
            g = grads[k]
            self.state[k] = self.state.get(k, 0.0) + g * g
            params[k] -= self.lr * g / (np.sqrt(self.state[k]) + self.eps)


class RMSprop:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-7):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.cache = {}

    def update(self, params, grads):
        for key, p in params.items():
            g = grads[key]
            slot = key
            old = self.cache.get(slot, np.zeros_like(p))
            new = self.rho * old + (1 - self.rho) * g ** 2
            self.cache[slot] = new
            p -= self.lr * g / (np.sqrt(new) + self.eps)


class AdaDelta:
    """step = sqrt(E[dx^2] + eps) / sqrt(E[g^2] + eps) * g"""

    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.eg, self.ed = {}, {}

    def update(self, params, grads):
        for k, p in params.items():
            if k not in self.eg:
                self.eg[k], self.ed[k] = np.zeros_like(p), np.zeros_like(p)
            g = grads[k]
            self.eg[k] = self.rho * self.eg[k] + (1 - self.rho) * g ** 2
            step = np.sqrt(self.ed[k] + self.eps) / np.sqrt(self.eg[k] + self.eps) * g
            self.ed[k] = self.rho * self.ed[k] + (1 - self.rho) * step ** 2
            p -= self.lr * step


class Adam:
    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.m, self.v = {}, {}
        self.t = 0

    def update(self, params, grads):
        b1, b2 = self.betas
        self.t += 1
        for k, p in params.items():
            g = grads[k]
            self.m[k] = b1 * self.m.get(k, 0.0) + (1 - b1) * g
            self.v[k] = b2 * self.v.get(k, 0.0) + (1 - b2) * g * g
            m_hat = self.m[k] / (1 - b1 ** self.t)
            v_hat = self.v[k] / (1 - b2 ** self.t)
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW:
    """Adam with decoupled weight decay, on a list of arrays: step(grads)."""

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.params = list(params)
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay = weight_decay
        self.exp_avg = [np.zeros_like(p) for p in self.params]
        self.exp_avg_sq = [np.zeros_like(p) for p in self.params]
        self.t = 0

    def step(self, grads):
        self.t += 1
        correction1 = 1 - self.beta1 ** self.t
        correction2 = 1 - self.beta2 ** self.t
        for p, g, m, v in zip(self.params, grads, self.exp_avg, self.exp_avg_sq):
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            v += (1 - self.beta2) * g ** 2
            p *= 1 - self.lr * self.weight_decay
            p -= self.lr * (m / correction1) / (np.sqrt(v / correction2) + self.eps)
