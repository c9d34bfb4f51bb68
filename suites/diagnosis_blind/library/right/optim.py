"""Optimizers over dicts of arrays: update(params, grads) changes the parameters in place.

groups maps a prefix of parameter names to options of its own, as {"embed": {"lr": 0.01}, "bias": {"weight_decay": 0.0}}.
"""
import math

import numpy as np


class Optimizer:
    def __init__(self, lr, weight_decay=0.0, groups=None):
        self.lr, self.weight_decay = lr, weight_decay
        self.groups = dict(groups or {})
        self.state = {}

    def option(self, name, key):
        for prefix, options in self.groups.items():
            if name.startswith(prefix) and key in options:
                return options[key]
        return getattr(self, key)

    def slot(self, name, kind, like):
        return self.state.setdefault((name, kind), np.zeros_like(like))

    def decayed(self, name, p, g):
        """The gradient with the derivative of weight_decay / 2 * |p|^2."""
        wd = self.option(name, "weight_decay")
        return g + wd * p if wd else g

    def update(self, params, grads):
        for name, p in params.items():
            self.step_one(name, p, grads[name], self.option(name, "lr"))


class SGD(Optimizer):
    def __init__(self, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0, groups=None):
        super().__init__(lr, weight_decay, groups)
        self.momentum, self.nesterov = momentum, nesterov

    def step_one(self, name, p, g, lr):
        g = self.decayed(name, p, g)
        if self.momentum:
            v = self.slot(name, "velocity", p)
            v *= self.momentum
            v += g
            g = g + self.momentum * v if self.nesterov else v
        p -= lr * g


class RMSprop(Optimizer):
    def __init__(self, lr=0.01, rho=0.9, eps=1e-8, weight_decay=0.0, groups=None):
        super().__init__(lr, weight_decay, groups)
        self.rho, self.eps = rho, eps

    def step_one(self, name, p, g, lr):
        g = self.decayed(name, p, g)
        s = self.slot(name, "square", p)
        s[...] = self.rho * s + (1 - self.rho) * g ** 2
        p -= lr * g / (np.sqrt(s) + self.eps)


class Adagrad(Optimizer):
    def __init__(self, lr=0.1, eps=1e-8, weight_decay=0.0, groups=None):
        super().__init__(lr, weight_decay, groups)
        self.eps = eps

    def step_one(self, name, p, g, lr):
        g = self.decayed(name, p, g)
        total = self.slot(name, "total", p)
        total += g * g
        p -= lr * g / (np.sqrt(total) + self.eps)


class Adam(Optimizer):
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, groups=None):
        super().__init__(lr, weight_decay, groups)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.t = 0

    def update(self, params, grads):
        self.t += 1
        super().update(params, grads)

    def direction(self, name, p, g):
        m, v = self.slot(name, "m", p), self.slot(name, "v", p)
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        mhat = m / (1 - self.beta1 ** self.t)
        vhat = v / (1 - self.beta2 ** self.t)
        return mhat / (np.sqrt(vhat) + self.eps)

    def step_one(self, name, p, g, lr):
        p -= lr * self.direction(name, p, self.decayed(name, p, g))


class AdamW(Adam):
    """Decoupled decay: p <- (1 - lr wd) p before the Adam step."""

    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, groups=None):
        super().__init__(lr, beta1, beta2, eps, weight_decay, groups)

    def step_one(self, name, p, g, lr):
        p *= 1 - lr * self.option(name, "weight_decay")
        p -= lr * self.direction(name, p, g)


def clip_grad_norm(grads, max_norm):
    """New gradients whose common length is at most max_norm, and the length before."""
    total = math.sqrt(sum(float(np.sum(np.square(g))) for g in grads.values()))
    factor = min(1.0, max_norm / (total + 1e-12))
    return {name: g * factor for name, g in grads.items()}, total


class StepLR:
    def __init__(self, optimizer, step_size, gamma=0.1):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.base, self.epoch = optimizer.lr, 0

    def step(self):
        self.epoch += 1
        self.optimizer.lr = self.base * self.gamma ** (self.epoch // self.step_size)


def warmup_cosine(step, total, peak, warmup=0, floor=0.0):
    """Rises linearly to peak at step == warmup, then falls along half a cosine to floor at step == total."""
    if step < warmup:
        return peak * step / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return floor + 0.5 * (peak - floor) * (1.0 + math.cos(math.pi * done))


class EMA:
    """A running average of the weights for evaluation."""

    def __init__(self, params, decay=0.99):
        self.decay = decay
        self.shadow = {name: p.copy() for name, p in params.items()}

    def update(self, params):
        for name, p in params.items():
            self.shadow[name] = self.decay * self.shadow[name] + (1 - self.decay) * p
