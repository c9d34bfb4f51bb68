"""Optimizers; update(params, grads) changes the arrays in params in place."""
import numpy as np


class SGD:
    """lr falls as lr / (1 + decay * number of updates so far); weight_decay adds weight_decay * param to the gradient."""

    def __init__(self, lr=0.01, decay=0.0, weight_decay=0.0):
        self.lr = lr
        self.decay = decay
        self.weight_decay = weight_decay
        self.current_lr = lr
        self.iterations = 0

    def update(self, params, grads):
        self.current_lr = self.lr / (1.0 + self.decay * self.iterations)
        for key in params:
            g = grads[key] + self.weight_decay * params[key]
            params[key] -= self.current_lr * g
        self.iterations += 1


class Momentum:
    """The velocity starts as the first gradient."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for key, grad in grads.items():
            if key not in self.v:
                self.v[key] = grad.copy()
            else:
                self.v[key] = self.momentum * self.v[key] + grad
            params[key] -= self.lr * self.v[key]


class Nesterov:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {key: np.zeros_like(val) for key, val in params.items()}
        for key in params.keys():
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.momentum * self.v[key] - self.lr * grads[key]


class AdaGrad:
    """params and grads may be dicts or lists."""

    def __init__(self, lr=0.01, eps=1e-7):
        self.lr = lr
        self.eps = eps
        self.h = {}

    def update(self, params, grads):
        keys = params.keys() if isinstance(params, dict) else range(len(params))
        for k in keys:
            h = self.h.setdefault(k, np.zeros_like(params[k]))
            h += grads[k] * grads[k]
            params[k] -= self.lr * grads[k] / (np.sqrt(h) + self.eps)


class RMSprop:
    def __init__(self, lr=0.01, decay_rate=0.99, eps=1e-7):
        self.lr = lr
        self.decay_rate = decay_rate
        self.eps = eps
        self.cache = None

    def update(self, params, grads):
        if self.cache is None:
            self.cache = {name: np.zeros_like(p) for name, p in params.items()}
        for name in params:
            g = grads[name]
            self.cache[name] *= self.decay_rate
            self.cache[name] += (1 - self.decay_rate) * g ** 2
            params[name] -= self.lr * g / (np.sqrt(self.cache[name]) + self.eps)


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.iter = 0
        self.m = None
        self.v = None

    def update(self, params, grads):
        if self.m is None:
            self.m, self.v = {}, {}
            for key, val in params.items():
                self.m[key] = np.zeros_like(val)
                self.v[key] = np.zeros_like(val)
        self.iter += 1
        for key in params:
            self.m[key] = self.beta1 * self.m[key] + (1 - self.beta1) * grads[key]
            self.v[key] = self.beta2 * self.v[key] + (1 - self.beta2) * grads[key] ** 2
            m_hat = self.m[key] / (1 - self.beta1 ** self.iter)
            v_hat = self.v[key] / (1 - self.beta2 ** self.iter)
            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW:
    """Adam with decoupled weight decay: param -= lr * weight_decay * param beside the Adam step."""

    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.t = 0
        self.moments = {}

    def update(self, params, grads):
        b1, b2 = self.betas
        self.t += 1
        lr_t = self.lr * np.sqrt(1.0 - b2 ** self.t) / (1.0 - b1 ** self.t)
        eps_t = self.eps * np.sqrt(1.0 - b2 ** self.t)
        for key, p in params.items():
            g = grads[key]
            m, v = self.moments.get(key, (np.zeros_like(p), np.zeros_like(p)))
            m = m + (1 - b1) * (g - m)
            v = v + (1 - b2) * (g * g - v)
            self.moments[key] = (m, v)
            p -= self.lr * self.weight_decay * p
            p -= lr_t * m / (np.sqrt(v) + eps_t)
