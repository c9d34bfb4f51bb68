"""Optimizers over dictionaries: update(params, grads) changes the parameters in place."""
import numpy as np


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.iter = 0
        self.m = None
        self.v = None

    def update(self, params, grads):
        if self.m is None:
            self.m = {key: np.zeros_like(val) for key, val in params.items()}
            self.v = {key: np.zeros_like(val) for key, val in params.items()}
        self.iter += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2 ** self.iter) / (1.0 - self.beta1 ** self.iter)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


class AdamW:
    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        b1, b2 = self.betas
        self.t += 1
        for key, p in params.items():
            g = grads[key]
            p *= 1 - self.lr * self.weight_decay
            self.m[key] = b1 * self.m.get(key, 0) + (1 - b1) * g
            self.v[key] = b2 * self.v.get(key, 0) + (1 - b2) * g * g
            m_hat = self.m[key] / (1 - b1 ** self.t)
            v_hat = self.v[key] / (1 - b2 ** self.t)
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class RAdam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.rho_inf = 2.0 / (1.0 - beta2) - 1.0
        self.state = None
        self.n_steps = 0

    def update(self, params, grads):
        if self.state is None:
            self.state = {k: (np.zeros_like(p), np.zeros_like(p)) for k, p in params.items()}
        self.n_steps += 1
        t = self.n_steps
        beta2_t = self.beta2 ** t
        rho = self.rho_inf - 2.0 * t * beta2_t / (1.0 - beta2_t)
        for k in params:
            m, v = self.state[k]
            m += (1 - self.beta1) * (grads[k] - m)
            v += (1 - self.beta2) * (grads[k] * grads[k] - v)
            first = m / (1.0 - self.beta1 ** t)
            if rho > 5.0:
                rect = np.sqrt((rho - 4) * (rho - 2) * self.rho_inf /
                               ((self.rho_inf - 4) * (self.rho_inf - 2) * rho))
                adaptive = np.sqrt(1.0 - beta2_t) / (np.sqrt(v) + self.eps)
                params[k] -= self.lr * rect * first * adaptive
            else:
                params[k] -= self.lr * first


class LAMB:
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0.1):
        self.lr, self.beta1, self.beta2, self.eps, self.weight_decay = lr, beta1, beta2, eps, weight_decay
        self.t = 0
        self.moments = {}

    def update(self, params, grads):
        self.t = self.t + 1
        for name in params:
            w, g = params[name], grads[name]
            m, v = self.moments.get(name, (0.0, 0.0))
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * g ** 2
            self.moments[name] = (m, v)
            mc, vc = m / (1 - self.beta1 ** self.t), v / (1 - self.beta2 ** self.t)
            r = mc / (np.sqrt(vc) + self.eps) + self.weight_decay * w
            w_norm, r_norm = np.linalg.norm(w), np.linalg.norm(r)
            trust = w_norm / r_norm if w_norm > 0 and r_norm > 0 else 1.0
            params[name] -= self.lr * trust * r


class AdaBelief:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.eps = lr, eps
        self.beta1, self.beta2 = beta1, beta2
        self.m, self.s = {}, {}
        self.t = 0

    def update(self, params, grads):
        self.t += 1
        c1 = 1 - self.beta1 ** self.t
        c2 = 1 - self.beta2 ** self.t
        for k, g in grads.items():
            if k not in self.m:
                self.m[k], self.s[k] = np.zeros_like(g), np.zeros_like(g)
            self.m[k] = self.beta1 * self.m[k] + (1 - self.beta1) * g
            self.s[k] = self.beta2 * self.s[k] + (1 - self.beta2) * (g - self.m[k]) ** 2 + self.eps
            params[k] -= self.lr * (self.m[k] / c1) / (np.sqrt(self.s[k] / c2) + self.eps)


class Adadelta:
    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.sq_grad, self.sq_step = {}, {}

    def update(self, params, grads):
        for k in params:
            g = grads[k]
            if k not in self.sq_grad:
                self.sq_grad[k] = np.zeros_like(g)
                self.sq_step[k] = np.zeros_like(g)
            self.sq_grad[k] = self.rho * self.sq_grad[k] + (1 - self.rho) * g * g
            rms_grad = np.sqrt(self.sq_grad[k] + self.eps)
            rms_step = np.sqrt(self.sq_step[k] + self.eps)
            step = g * rms_step / rms_grad
            self.sq_step[k] = self.rho * self.sq_step[k] + (1 - self.rho) * step * step
            params[k] -= self.lr * step


class Momentum:
    """v = momentum * v + grad, starting with the first gradient; w = w - lr * v"""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for k in params:
            if k not in self.v:
                self.v[k] = grads[k].copy()
            else:
                self.v[k] *= self.momentum
                self.v[k] += grads[k]
            params[k] -= self.lr * self.v[k]


class AdaGrad:
    def __init__(self, lr=0.01, eps=1e-7):
        self.lr = lr
        self.eps = eps
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(val) for key, val in params.items()}
        for key in params.keys():
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + self.eps)
