"""Optimizers over dicts: update(params, grads) changes params[k] in place and leaves grads alone."""
import numpy as np


class SGD:
    """weight_decay is the usual L2 term of the gradient."""

    def __init__(self, lr=0.01, weight_decay=0.0):
        self.lr = lr
        self.weight_decay = weight_decay

    def update(self, params, grads):
        for k in params:
            g = grads[k] + self.weight_decay * params[k]
            params[k] -= self.lr * g


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for k, g in grads.items():
            if k not in self.v:
                self.v[k] = np.zeros_like(params[k])
            self.v[k] = self.momentum * self.v[k] - self.lr * g
            params[k] += self.v[k]


class Nesterov:
    """v <- m v - lr g; w <- w + m v - lr g with the new v."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {k: np.zeros_like(p) for k, p in params.items()}
        m = self.momentum
        for k in params:
            self.v[k] = m * self.v[k] - self.lr * grads[k]
            params[k] += m * self.v[k] - self.lr * grads[k]


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-7):
        self.lr = lr
        self.eps = eps
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {k: np.zeros_like(p) for k, p in params.items()}
        for k in params:
            self.h[k] += grads[k] ** 2
            params[k] -= self.lr * grads[k] / (np.sqrt(self.h[k]) + self.eps)


class RMSprop:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-7):
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {}
            for k in params:
                self.h[k] = np.zeros_like(params[k])
        for k in params:
            self.h[k] = self.rho * self.h[k] + (1 - self.rho) * grads[k] * grads[k]
            params[k] -= self.lr * grads[k] / (np.sqrt(self.h[k]) + self.eps)


class AdaDelta:
    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self.acc = {}
        self.delta = {}

    def update(self, params, grads):
        for k, g in grads.items():
            acc = self.acc.setdefault(k, np.zeros_like(g))
            delta = self.delta.setdefault(k, np.zeros_like(g))
            acc[...] = self.rho * acc + (1 - self.rho) * g ** 2
            step = np.sqrt(delta + self.eps) / np.sqrt(acc + self.eps) * g
            delta[...] = self.rho * delta + (1 - self.rho) * step ** 2
            params[k] -= self.lr * step


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.t = 0
        self.m = {}
        self.v = {}

    def direction(self, k, g):
        if k not in self.m:
            self.m[k], self.v[k] = np.zeros_like(g), np.zeros_like(g)
        self.m[k] = self.beta1 * self.m[k] + (1 - self.beta1) * g
        self.v[k] = self.beta2 * self.v[k] + (1 - self.beta2) * g ** 2
        m_hat = self.m[k] / (1 - self.beta1 ** self.t)
        v_hat = self.v[k] / (1 - self.beta2 ** self.t)
        return m_hat / (np.sqrt(v_hat) + self.eps)

    def update(self, params, grads):
        self.t += 1
        for k in params:
            params[k] -= self.lr * self.direction(k, grads[k])


class AdamW(Adam):
    """Decoupled decay: lr * weight_decay * w is taken from the weight itself."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = weight_decay

    def update(self, params, grads):
        self.t += 1
        for k in params:
            step = self.direction(k, grads[k])
            params[k] -= self.lr * (step + self.weight_decay * params[k])


class Nadam:
    """Adam whose first moment looks one step ahead."""

    def __init__(self, lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.iter = 0
        self.mom, self.sq = {}, {}

    def update(self, params, grads):
        self.iter += 1
        b1, b2, t = self.beta1, self.beta2, self.iter
        for k, g in grads.items():
            self.mom[k] = b1 * self.mom.get(k, 0.0) + (1 - b1) * g
            self.sq[k] = b2 * self.sq.get(k, 0.0) + (1 - b2) * np.square(g)
            ahead = b1 * self.mom[k] / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1 ** t)
            second = self.sq[k] / (1 - b2 ** t)
            params[k] -= self.lr * ahead / (np.sqrt(second) + self.eps)
