"""Optimizers over dicts: update(params, grads) replaces the entries of params; gradients are never written to."""
import numpy as np


def clip_by_global_norm(grads, max_norm):
    """A new dict whose joint Euclidean norm is at most max_norm."""
    total = np.sqrt(sum(np.sum(g * g) for g in grads.values()))
    scale = min(1.0, max_norm / max(total, 1e-12))
    return {name: g * scale for name, g in grads.items()}


def cosine_lr(step, total_steps, base_lr, min_lr=0.0):
    """From base_lr at step 0 down to min_lr at total_steps, along half a cosine."""
    progress = min(step, total_steps) / total_steps
    return min_lr + 0.5 * (base_lr - min_lr) * (1.0 + np.cos(np.pi * progress))


class SGD:
    """weight_decay is the factor of an L2 term wd/2 |w|^2 that is added to the loss."""

    def __init__(self, lr=0.01, momentum=0.0, nesterov=False, weight_decay=0.0):
        self.lr, self.momentum = lr, momentum
        self.nesterov, self.weight_decay = nesterov, weight_decay
        self.v = {}

    def update(self, params, grads):
        for key in params:
            g = grads[key]
            if self.weight_decay:
                g = g + self.weight_decay * params[key]
            v = self.momentum * self.v.get(key, 0.0) - self.lr * g
            self.v[key] = v
            if self.nesterov:
                params[key] = params[key] + self.momentum * v - self.lr * g
            else:
                params[key] = params[key] + v


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-7):
        self.lr, self.eps, self.h = lr, eps, {}

    def update(self, params, grads):
        for key, g in grads.items():
            self.h[key] = self.h.get(key, 0.0) + g ** 2
            params[key] = params[key] - self.lr * g / (np.sqrt(self.h[key]) + self.eps)


class RMSprop:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-7):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.cache = {}

    def update(self, params, grads):
        for key, g in grads.items():
            old = self.cache.get(key, np.zeros_like(g))
            self.cache[key] = self.rho * old + (1 - self.rho) * g * g
            params[key] = params[key] - self.lr * g / (np.sqrt(self.cache[key]) + self.eps)


class Adadelta:
    """Zeiler: the step is RMS(earlier steps) / RMS(gradients) times the gradient."""

    def __init__(self, rho=0.95, eps=1e-6, lr=1.0):
        self.rho, self.eps, self.lr = rho, eps, lr
        self.acc_grad, self.acc_step = {}, {}

    def update(self, params, grads):
        for key, g in grads.items():
            eg = self.acc_grad.get(key, np.zeros_like(g))
            es = self.acc_step.get(key, np.zeros_like(g))
            eg = self.rho * eg + (1 - self.rho) * g * g
            step = np.sqrt(es + self.eps) / np.sqrt(eg + self.eps) * g
            es = self.rho * es + (1 - self.rho) * step * step
            self.acc_grad[key], self.acc_step[key] = eg, es
            params[key] = params[key] - self.lr * step


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        if not self.m:
            for key, value in params.items():
                self.m[key] = np.zeros(value.shape)
                self.v[key] = np.zeros(value.shape)
        self.t += 1
        for key in params:
            g = grads[key]
            self.m[key] += (1 - self.beta1) * (g - self.m[key])
            self.v[key] += (1 - self.beta2) * (g ** 2 - self.v[key])
            m_hat = self.m[key] / (1 - self.beta1 ** self.t)
            v_hat = self.v[key] / (1 - self.beta2 ** self.t)
            params[key] = params[key] - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW:
    """Decoupled weight decay: besides Adam's step, the weights shrink by lr * weight_decay."""

    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.state, self.t = {}, 0

    def update(self, params, grads):
        b1, b2 = self.betas
        self.t += 1
        for name, w in params.items():
            g = grads[name]
            m, v = self.state.get(name, (0.0, 0.0))
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            self.state[name] = (m, v)
            rate = self.lr * np.sqrt(1 - b2 ** self.t) / (1 - b1 ** self.t)
            eps = self.eps * np.sqrt(1 - b2 ** self.t)
            params[name] = w - self.lr * self.weight_decay * w - rate * m / (np.sqrt(v) + eps)
