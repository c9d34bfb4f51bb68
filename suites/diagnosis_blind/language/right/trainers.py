"""Optimizers for dicts of parameters, update(params, grads) in place, and a numerical gradient."""
import numpy as np


class SGD:
    """Momentum and (coupled) weight decay."""

    def __init__(self, lr=0.1, momentum=0.0, weight_decay=0.0):
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.v = {}

    def update(self, params, grads):
        for key in params:
            g = grads[key] + self.weight_decay * params[key]
            v = self.v.get(key, 0.0)
            v = self.momentum * v - self.lr * g
            self.v[key] = v
            params[key] += v


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-7):
        self.lr, self.eps = lr, eps
        self.h = {}

    def update(self, params, grads):
        for key in params:
            h = self.h.get(key, 0.0)
            h = h + grads[key] * grads[key]
            self.h[key] = h
            params[key] -= self.lr * grads[key] / (np.sqrt(h) + self.eps)


class RMSprop:
    """Learning rate lr / (1 + decay * t) at step t = 0, 1, 2, ..."""

    def __init__(self, lr=0.01, rho=0.9, decay=0.0, eps=1e-7):
        self.lr, self.rho, self.decay, self.eps = lr, rho, decay, eps
        self.iterations = 0
        self.cache = {}

    def update(self, params, grads):
        lr = self.lr / (1.0 + self.decay * self.iterations)
        for key in params:
            if key not in self.cache:
                self.cache[key] = np.zeros_like(params[key])
            cache = self.rho * self.cache[key] + (1 - self.rho) * grads[key] ** 2
            self.cache[key] = cache
            params[key] -= lr * grads[key] / (np.sqrt(cache) + self.eps)
        self.iterations += 1


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        for key in params:
            g = grads[key]
            m = self.beta1 * self.m.get(key, 0.0) + (1 - self.beta1) * g
            v = self.beta2 * self.v.get(key, 0.0) + (1 - self.beta2) * g ** 2
            self.m[key], self.v[key] = m, v
            m_hat = m / (1 - self.beta1 ** self.t)
            v_hat = v / (1 - self.beta2 ** self.t)
            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW:
    """Adam with decoupled weight decay: the weights shrink by lr * weight_decay at every step."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay = weight_decay
        self.step = 0
        self.state = {}

    def update(self, params, grads):
        self.step += 1
        for key, w in params.items():
            if key not in self.state:
                self.state[key] = (np.zeros_like(w), np.zeros_like(w))
            m, v = self.state[key]
            m = self.beta1 * m + (1 - self.beta1) * grads[key]
            v = self.beta2 * v + (1 - self.beta2) * np.square(grads[key])
            self.state[key] = (m, v)
            size = self.lr * np.sqrt(1 - self.beta2 ** self.step) / (1 - self.beta1 ** self.step)
            eps = self.eps * np.sqrt(1 - self.beta2 ** self.step)
            w *= 1 - self.lr * self.weight_decay
            w -= size * m / (np.sqrt(v) + eps)


def numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar f(x) for every entry of the float array x."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        idx = it.multi_index
        old = x[idx]
        x[idx] = old + h
        up = f(x)
        x[idx] = old - h
        down = f(x)
        x[idx] = old
        grad[idx] = (up - down) / (2 * h)
        it.iternext()
    return grad
