"""Optimizers over dicts of arrays: update(params, grads) changes params in place and leaves grads alone."""
import numpy as np


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9, weight_decay=0.0):
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.v = {}

    def update(self, params, grads):
        for k in params:
            g = grads[k] + self.weight_decay * params[k]
            if k not in self.v:
                self.v[k] = np.zeros_like(params[k])
            self.v[k] = self.momentum * self.v[k] - self.lr * g
            params[k] += self.v[k]


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-7):
        self.lr, self.eps = lr, eps
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {k: np.zeros_like(p) for k, p in params.items()}
        for k in params:
            self.h[k] += grads[k] ** 2
            params[k] -= self.lr * grads[k] / (np.sqrt(self.h[k]) + self.eps)


class RMSprop:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-7):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.cache = {}

    def update(self, params, grads):
        for k, g in grads.items():
            c = self.cache.get(k, np.zeros_like(g))
            self.cache[k] = self.rho * c + (1 - self.rho) * g ** 2
            params[k] -= self.lr * g / (np.sqrt(self.cache[k]) + self.eps)


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        for k, g in grads.items():
            if k not in self.m:
                self.m[k] = np.zeros_like(g)
                self.v[k] = np.zeros_like(g)
            self.m[k] = self.beta1 * self.m[k] + (1 - self.beta1) * g
            self.v[k] = self.beta2 * self.v[k] + (1 - self.beta2) * g ** 2
            m_hat = self.m[k] / (1 - self.beta1 ** self.t)
            v_hat = self.v[k] / (1 - self.beta2 ** self.t)
            params[k] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW:
    """Adam with decoupled weight decay: the decay does not enter the moments."""

    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.weight_decay = weight_decay
        self.state = {}

    def update(self, params, grads):
        b1, b2 = self.betas
        for k, p in params.items():
            s = self.state.setdefault(k, {'t': 0, 'm': np.zeros_like(p), 'v': np.zeros_like(p)})
            g = grads[k]
            s['t'] += 1
            s['m'] = b1 * s['m'] + (1 - b1) * g
            s['v'] = b2 * s['v'] + (1 - b2) * g * g
            m_hat = s['m'] / (1 - b1 ** s['t'])
            v_hat = s['v'] / (1 - b2 ** s['t'])
            p -= self.lr * self.weight_decay * p
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class EMA:
    """A slow average of the weights for evaluation: average = decay * average + (1 - decay) * weights."""

    def __init__(self, params, decay=0.999):
        self.decay = decay
        self.average = {k: p.copy() for k, p in params.items()}

    def update(self, params):
        for k, p in params.items():
            self.average[k] = self.decay * self.average[k] + (1 - self.decay) * p
        return self.average


def clip_grads(grads, max_norm):
    """Returns a new dict whose common norm is at most max_norm."""
    norm = np.sqrt(sum(np.sum(g ** 2) for g in grads.values()))
    rate = max_norm / max(norm, max_norm)
    return {k: g * rate for k, g in grads.items()}
