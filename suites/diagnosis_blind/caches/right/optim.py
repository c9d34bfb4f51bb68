"""Update rules: functions (w, dw, config) -> (next_w, config), classes with update(params, grads), clipping, schedules."""
import math

import numpy as np


def sgd_momentum(w, dw, config=None):
    """v = momentum * v - lr * (dw + weight_decay * w); w + v."""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    config.setdefault('weight_decay', 0.0)
    v = config.get('velocity', np.zeros_like(w))
    g = dw + config['weight_decay'] * w
    v = config['momentum'] * v - config['learning_rate'] * g
    config['velocity'] = v
    return w + v, config


def adagrad(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('epsilon', 1e-8)
    config['cache'] = config.get('cache', np.zeros_like(w)) + dw ** 2
    next_w = w - config['learning_rate'] * dw / (np.sqrt(config['cache']) + config['epsilon'])
    return next_w, config


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault('learning_rate', 1e-2)
    rho = config.setdefault('decay_rate', 0.99)
    eps = config.setdefault('epsilon', 1e-8)
    cache = config.get('cache', np.zeros_like(w))
    cache = rho * cache + (1 - rho) * dw ** 2
    config['cache'] = cache
    return w - lr * dw / (np.sqrt(cache) + eps), config


def adam(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault('learning_rate', 1e-3)
    beta1 = config.setdefault('beta1', 0.9)
    beta2 = config.setdefault('beta2', 0.999)
    eps = config.setdefault('epsilon', 1e-8)
    t = config.get('t', 0) + 1
    m = beta1 * config.get('m', np.zeros_like(w)) + (1 - beta1) * dw
    v = beta2 * config.get('v', np.zeros_like(w)) + (1 - beta2) * dw ** 2
    m_hat = m / (1 - beta1 ** t)
    v_hat = v / (1 - beta2 ** t)
    config.update(t=t, m=m, v=v)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), config


class SGD:
    """Plain descent with the rate lr / (1 + decay * t), t = number of updates made before."""

    def __init__(self, lr=0.1, decay=0.0):
        self.lr = lr
        self.decay = decay
        self.iterations = 0

    def update(self, params, grads):
        rate = self.lr / (1.0 + self.decay * self.iterations)
        for name in params:
            params[name] -= rate * grads[name]
        self.iterations += 1


class Nesterov:
    """v' = mu v - lr g; the parameter moves by mu v' - lr g."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for key in params:
            v = self.v.get(key, np.zeros_like(params[key]))
            v = self.momentum * v - self.lr * grads[key]
            self.v[key] = v
            params[key] += self.momentum * v - self.lr * grads[key]


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-7):
        self.lr = lr
        self.eps = eps
        self.h = {}

    def update(self, params, grads):
        for name, p in params.items():
            h = self.h.setdefault(name, np.zeros_like(p))
            h += grads[name] ** 2
            p -= self.lr * grads[name] / (np.sqrt(h) + self.eps)


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        for name, g in grads.items():
            if name not in self.m:
                self.m[name] = np.zeros_like(g)
                self.v[name] = np.zeros_like(g)
            self.m[name] = self.beta1 * self.m[name] + (1 - self.beta1) * g
            self.v[name] = self.beta2 * self.v[name] + (1 - self.beta2) * g ** 2
            m_hat = self.m[name] / (1 - self.beta1 ** self.t)
            v_hat = self.v[name] / (1 - self.beta2 ** self.t)
            params[name] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


def clip_grad_norm(grads, max_norm):
    """A new dict of gradients, all scaled by one factor so that their joint L2 norm is at most max_norm."""
    total = math.sqrt(sum(float(np.sum(g ** 2)) for g in grads.values()))
    if total <= max_norm:
        return {name: g.copy() for name, g in grads.items()}
    scale = max_norm / total
    clipped = {}
    for name, g in grads.items():
        g = g * scale
        clipped[name] = g
    return clipped


def step_decay(lr, epoch, drop=0.5, every=10):
    """The rate is multiplied by drop after every `every` epochs."""
    return lr * drop ** (epoch // every)
