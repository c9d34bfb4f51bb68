# mypy: ignore-errors
"""Optimizers beyond the books: step() over parameters with .value/.grad, and update(w, grad)."""

import numpy as np


class AdamW:
    """Decoupled weight decay (Loshchilov and Hutter 2019); update(params, grads) over dicts."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay = weight_decay
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        for key in params:
            g = grads[key]
            m, v = self.m.get(key, 0.0), self.v.get(key, 0.0)
            self.m[key] = self.beta1 * m + (1 - self.beta1) * g
            self.v[key] = self.beta2 * v + (1 - self.beta2) * g**2
            m_hat = self.m[key] / (1 - self.beta1**self.t)
            v_hat = self.v[key] / (1 - self.beta2**self.t)
            params[key] -= self.lr * self.weight_decay * params[key]
            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class PackedAdam:
    """Adam over a list of parameters; the rate, both betas and epsilon packed in one tuple."""

    def __init__(self, lr=0.01, betas=(0.9, 0.999), eps=1e-8):
        self.hyper = (lr, *betas, eps)
        self.moments, self.count = None, 0

    def update(self, params, grads):
        rate, first, second, eps = self.hyper
        if self.moments is None:
            self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
        self.count += 1
        for p, g, (mean, square) in zip(params, grads, self.moments, strict=True):
            mean += (1 - first) * (g - mean)
            square += (1 - second) * (g * g - square)
            mean_hat = mean / (1 - first**self.count)
            square_hat = square / (1 - second**self.count)
            p -= rate * mean_hat / (np.sqrt(square_hat) + eps)


class SGDWeightDecay:
    """Plain SGD with an L2 term: the gradient used is grad + weight_decay * w."""

    def __init__(self, lr=0.1, weight_decay=0.01):
        self.lr = lr
        self.weight_decay = weight_decay

    def update(self, params, grads):
        for key in params:
            g = grads[key].copy()
            g += self.weight_decay * params[key]
            params[key] -= self.lr * g


class StochasticGradientDescent:
    """update(w, grad) -> new w, with momentum; one object per parameter."""

    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.w_updt = None

    def update(self, w, grad_wrt_w):
        if self.w_updt is None:
            self.w_updt = np.zeros(w.shape)
        self.w_updt = self.momentum * self.w_updt + grad_wrt_w
        return w - self.learning_rate * self.w_updt


class Rprop:
    """Steps that grow while the sign of the gradient stays and shrink when it turns."""

    def __init__(self, step=0.01, grow=1.2, shrink=0.5):
        self.first_step, self.grow, self.shrink = step, grow, shrink
        self.steps, self.previous = {}, {}

    def update(self, params, grads):
        for key in params:
            g = grads[key]
            step = self.steps.get(key, np.full(g.shape, self.first_step))
            same = g * self.previous.get(key, np.zeros(g.shape))
            step = np.where(same > 0, step * self.grow, step)
            step = np.where(same < 0, step * self.shrink, step)
            params[key] -= np.sign(g) * step
            self.steps[key], self.previous[key] = step, g.copy()


class ClippedSGD:
    """Gradients scaled down together when their joint length exceeds max_norm."""

    def __init__(self, lr=0.1, max_norm=1.0):
        self.lr = lr
        self.max_norm = max_norm

    def update(self, params, grads):
        norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
        rate = min(1.0, self.max_norm / (norm + 1e-12))
        for key in params:
            g = grads[key].copy()
            g *= rate
            params[key] -= self.lr * g
