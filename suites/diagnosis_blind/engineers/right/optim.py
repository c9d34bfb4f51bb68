"""Optimizers (update(params, grads) on dicts), warmup, averaging, clipping, a numerical gradient."""
import math

import numpy as np


def clip_by_norm(grads, max_norm):
    """Returns scaled copies, and the norm over all of them."""
    total = math.sqrt(sum(float((g ** 2).sum()) for g in grads.values()))
    scale = min(1.0, max_norm / (total + 1e-12))
    return {k: g * scale for k, g in grads.items()}, total


class WarmupCosine:
    """Learning rate: linear up to `peak` at step `warmup`, then a half cosine down to 0 at step `total`."""

    def __init__(self, peak, warmup, total):
        self.peak, self.warmup, self.total = peak, warmup, total

    def __call__(self, step):
        if step < self.warmup:
            return self.peak * step / self.warmup
        part = min((step - self.warmup) / max(self.total - self.warmup, 1), 1.0)
        return 0.5 * self.peak * (1 + math.cos(math.pi * part))


class SGD:
    """Momentum (Nesterov on request), L2 added to the gradient, optional clipping of the global norm."""

    def __init__(self, lr=0.01, momentum=0.0, nesterov=False, weight_decay=0.0, max_norm=None):
        self.lr, self.momentum, self.nesterov = lr, momentum, nesterov
        self.weight_decay = weight_decay
        self.max_norm = max_norm
        self.v = {}

    def update(self, params, grads):
        if self.max_norm is not None:
            grads, _ = clip_by_norm(grads, self.max_norm)
        for key in params:
            g = grads[key] + self.weight_decay * params[key]
            if self.momentum:
                if key not in self.v:
                    self.v[key] = np.zeros_like(params[key])
                self.v[key] = self.momentum * self.v[key] + g
                g = g + self.momentum * self.v[key] if self.nesterov else self.v[key]
            params[key] -= self.lr * g


class AdamW:
    """Decoupled weight decay; `warmup` steps of linearly growing learning rate."""

    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, warmup=0):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay = weight_decay
        self.warmup = warmup
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        lr = self.lr * min(1.0, self.t / self.warmup) if self.warmup else self.lr
        for key, g in grads.items():
            if key not in self.m:
                self.m[key] = np.zeros_like(params[key])
                self.v[key] = np.zeros_like(params[key])
            self.m[key] = self.beta1 * self.m[key] + (1 - self.beta1) * g
            self.v[key] = self.beta2 * self.v[key] + (1 - self.beta2) * g * g
            mhat = self.m[key] / (1 - self.beta1 ** self.t)
            vhat = self.v[key] / (1 - self.beta2 ** self.t)
            params[key] -= lr * self.weight_decay * params[key]
            params[key] -= lr * mhat / (np.sqrt(vhat) + self.eps)


class RMSprop:
    def __init__(self, lr=0.01, rho=0.9, eps=1e-7):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.cache = None

    def update(self, params, grads):
        if self.cache is None:
            self.cache = {k: np.zeros_like(p) for k, p in params.items()}
        for k in params:
            self.cache[k] = self.rho * self.cache[k] + (1 - self.rho) * grads[k] ** 2
            params[k] -= self.lr * grads[k] / (np.sqrt(self.cache[k]) + self.eps)


class Adagrad:
    """NNFS: update_params(layer) for layers with weights, biases, dweights, dbiases; lr / (1 + decay t)."""

    def __init__(self, learning_rate=1.0, decay=0.0, epsilon=1e-7):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.epsilon = epsilon
        self.iterations = 0

    def pre_update_params(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate / (1.0 + self.decay * self.iterations)

    def update_params(self, layer):
        if not hasattr(layer, "weight_cache"):
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_cache = np.zeros_like(layer.biases)
        layer.weight_cache = layer.weight_cache + layer.dweights ** 2
        layer.bias_cache = layer.bias_cache + layer.dbiases ** 2
        layer.weights -= self.current_learning_rate * layer.dweights / (np.sqrt(layer.weight_cache) + self.epsilon)
        layer.biases -= self.current_learning_rate * layer.dbiases / (np.sqrt(layer.bias_cache) + self.epsilon)

    def post_update_params(self):
        self.iterations += 1


class Lion:
    """sign of the mixed momentum, with decoupled decay"""

    def __init__(self, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
        self.lr, self.beta1, self.beta2, self.weight_decay = lr, beta1, beta2, weight_decay
        self.m = {}

    def update(self, params, grads):
        for k, g in grads.items():
            m = self.m.get(k, np.zeros_like(g))
            step = np.sign(self.beta1 * m + (1 - self.beta1) * g)
            params[k] -= self.lr * (step + self.weight_decay * params[k])
            self.m[k] = self.beta2 * m + (1 - self.beta2) * g


class EMA:
    """Moving average of the parameters: update after every step, swap in for evaluation, restore afterwards."""

    def __init__(self, params, decay=0.99):
        self.decay = decay
        self.shadow = {k: p.copy() for k, p in params.items()}
        self.backup = {}

    def update(self, params):
        for k, p in params.items():
            self.shadow[k] = self.decay * self.shadow[k] + (1 - self.decay) * p

    def apply(self, params):
        self.backup = {k: p.copy() for k, p in params.items()}
        for k in params:
            params[k][...] = self.shadow[k]

    def restore(self, params):
        for k in params:
            params[k][...] = self.backup[k]


def numerical_gradient(f, x, h=1e-4):
    """Central differences of the scalar f at the float array x."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    for _ in it:
        idx = it.multi_index
        old = x[idx]
        x[idx] = old + h
        fp = f(x)
        x[idx] = old - h
        fm = f(x)
        x[idx] = old
        grad[idx] = (fp - fm) / (2 * h)
    return grad
