"""Optimizers over dicts of arrays: step(params, grads) changes the parameters in place."""
import numpy as np


class Optimizer:
    def __init__(self, lr):
        self.lr = lr
        self.state = {}

    def state_dict(self):
        return {k: [a.copy() for a in v] for k, v in self.state.items()}


class SGD(Optimizer):
    def __init__(self, lr=0.01, momentum=0.0, nesterov=False, weight_decay=0.0):
        super().__init__(lr)
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay

    def step(self, params, grads):
        for name, p in params.items():
            g = grads[name]
            if self.weight_decay:
                g = g + self.weight_decay * p
            if self.momentum:
                if name not in self.state:
                    self.state[name] = [np.zeros_like(p)]
                v = self.state[name][0]
                v *= self.momentum
                v += g
                g = g + self.momentum * v if self.nesterov else v
            p -= self.lr * g


class Adam(Optimizer):
    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(lr)
        self.b1, self.b2 = betas
        self.eps = eps
        self.t = 0

    def step(self, params, grads):
        self.t += 1
        for name, p in params.items():
            g = grads[name]
            m, v = self.state.get(name, (np.zeros_like(p), np.zeros_like(p)))
            m = self.b1 * m + (1 - self.b1) * g
            v = self.b2 * v + (1 - self.b2) * g * g
            self.state[name] = (m, v)
            m_hat = m / (1 - self.b1 ** self.t)
            v_hat = v / (1 - self.b2 ** self.t)
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Optimizer):
    """Adam with decoupled weight decay."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        super().__init__(lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.weight_decay = weight_decay
        self.steps = 0

    def step(self, params, grads):
        self.steps += 1
        c1 = 1 - self.beta1 ** self.steps
        c2 = 1 - self.beta2 ** self.steps
        for name, p in params.items():
            g = grads[name]
            if name not in self.state:
                self.state[name] = [np.zeros_like(p), np.zeros_like(p)]
            m, v = self.state[name]
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g ** 2 - v)
            p -= self.lr * self.weight_decay * p
            p -= self.lr * (m / c1) / (np.sqrt(v / c2) + self.eps)


class Adagrad(Optimizer):
    def __init__(self, lr=0.01, eps=1e-10):
        super().__init__(lr)
        self.eps = eps

    def step(self, params, grads):
        for name, p in params.items():
            g = grads[name]
            if name not in self.state:
                self.state[name] = [np.zeros_like(p)]
            h = self.state[name][0]
            h += g * g
            p -= self.lr * g / (np.sqrt(h) + self.eps)


class Adadelta(Optimizer):
    def __init__(self, lr=1.0, rho=0.9, eps=1e-6):
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def step(self, params, grads):
        for name, p in params.items():
            g = grads[name]
            if name not in self.state:
                self.state[name] = [np.zeros_like(p), np.zeros_like(p)]
            sq, acc = self.state[name]
            sq *= self.rho
            sq += (1 - self.rho) * g * g
            delta = np.sqrt(acc + self.eps) / np.sqrt(sq + self.eps) * g
            acc *= self.rho
            acc += (1 - self.rho) * delta * delta
            p -= self.lr * delta


class RMSprop(Optimizer):
    def __init__(self, lr=0.001, rho=0.9, eps=1e-8):
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def step(self, params, grads):
        for name, p in params.items():
            g = grads[name]
            old = self.state[name][0] if name in self.state else np.zeros_like(p)
            sq = self.rho * old + (1 - self.rho) * g ** 2
            self.state[name] = [sq]
            p -= self.lr * g / (np.sqrt(sq) + self.eps)


class CosineSchedule:
    """Learning rate falls from lr to lr_min along half a cosine."""

    def __init__(self, optimizer, total, lr_min=0.0):
        self.optimizer, self.total, self.lr_min = optimizer, total, lr_min
        self.base = optimizer.lr
        self.epoch = 0

    def step(self):
        self.epoch = min(self.epoch + 1, self.total)
        cos = 0.5 * (1.0 + np.cos(np.pi * self.epoch / self.total))
        self.optimizer.lr = self.lr_min + (self.base - self.lr_min) * cos


def clip_grad_norm(grads, max_norm):
    """New dict of gradients whose joint norm is at most max_norm."""
    total = np.sqrt(sum(float(np.sum(g ** 2)) for g in grads.values()))
    scale = min(1.0, max_norm / (total + 1e-12))
    return {k: g * scale for k, g in grads.items()}
