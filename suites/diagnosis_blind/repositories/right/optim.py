"""Optimizers over dicts of arrays: update(params, grads) changes the arrays of params in place."""
import numpy as np


class Nesterov:
    """v = momentum v - lr g; p += momentum v - lr g."""

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


class RMSprop:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-8):
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self.cache = {}

    def update(self, params, grads):
        for key, g in grads.items():
            old = self.cache.get(key, np.zeros_like(g))
            self.cache[key] = self.rho * old + (1 - self.rho) * g ** 2
            params[key] -= self.lr * g / (np.sqrt(self.cache[key]) + self.eps)


class Adam:
    """weight_decay is added to the gradient (L2), as in the original Adam."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
        self.lr = lr
        self.beta1, self.beta2 = beta1, beta2
        self.eps = eps
        self.weight_decay = weight_decay
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        for key in params:
            g = grads[key] + self.weight_decay * params[key]
            m = self.beta1 * self.m.get(key, 0.0) + (1 - self.beta1) * g
            v = self.beta2 * self.v.get(key, 0.0) + (1 - self.beta2) * g * g
            self.m[key], self.v[key] = m, v
            m_hat = m / (1 - self.beta1 ** self.t)
            v_hat = v / (1 - self.beta2 ** self.t)
            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW:
    """Decoupled weight decay: p -= lr * weight_decay * p beside the Adam step."""

    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.step_count = 0
        self.state = {}

    def update(self, params, grads):
        b1, b2 = self.betas
        self.step_count += 1
        fix1 = 1 - b1 ** self.step_count
        fix2 = 1 - b2 ** self.step_count
        for name, p in params.items():
            g = grads[name]
            if name not in self.state:
                self.state[name] = [np.zeros_like(p), np.zeros_like(p)]
            m, v = self.state[name]
            m += (1 - b1) * (g - m)
            v += (1 - b2) * (g * g - v)
            p *= 1 - self.lr * self.weight_decay
            p -= self.lr * (m / fix1) / (np.sqrt(v / fix2) + self.eps)


class Lion:
    def __init__(self, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
        self.lr, self.beta1, self.beta2, self.weight_decay = lr, beta1, beta2, weight_decay
        self.m = {}

    def update(self, params, grads):
        for name, p in params.items():
            g = grads[name]
            m = self.m.get(name, np.zeros_like(p))
            direction = np.sign(self.beta1 * m + (1 - self.beta1) * g)
            p -= self.lr * (direction + self.weight_decay * p)
            self.m[name] = self.beta2 * m + (1 - self.beta2) * g


class Adagrad:
    """Step lr / (1 + decay * t), t = number of updates already made."""

    def __init__(self, lr=0.1, decay=0.0, eps=1e-10):
        self.lr = lr
        self.decay = decay
        self.eps = eps
        self.iterations = 0
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(value) for key, value in params.items()}
        rate = self.lr / (1 + self.decay * self.iterations)
        for key in params:
            self.h[key] += grads[key] ** 2
            params[key] -= rate * grads[key] / (np.sqrt(self.h[key]) + self.eps)
        self.iterations += 1


class EMA:
    """Running averages of the parameters; params are changed in place by the optimizer."""

    def __init__(self, params, decay=0.99):
        self.decay = decay
        self.shadow = {key: value.copy() for key, value in params.items()}

    def update(self, params):
        for key, value in params.items():
            self.shadow[key] = self.decay * self.shadow[key] + (1 - self.decay) * value
        return self.shadow


def clip_by_global_norm(grads, max_norm):
    """A new dict whose common length is at most max_norm."""
    total = np.sqrt(sum(np.sum(g ** 2) for g in grads.values()))
    scale = min(1.0, max_norm / (total + 1e-12))
    return {key: g * scale for key, g in grads.items()}
