"""Optimizers over dicts of arrays: update(params, grads) changes params in place; state_dict / load_state_dict."""
import copy

import numpy as np


class Optimizer:
    def __init__(self, lr):
        self.lr = lr
        self.t = 0
        self.state = {}

    def update(self, params, grads):
        self.t += 1
        for name in params:
            if name not in self.state:
                self.state[name] = self.init_state(params[name])
            self.step_one(params[name], grads[name], self.state[name])

    def state_dict(self):
        return {"t": self.t, "lr": self.lr, "state": copy.deepcopy(self.state)}

    def load_state_dict(self, d):
        self.t, self.lr = d["t"], d["lr"]
        self.state = copy.deepcopy(d["state"])


class Adam(Optimizer):
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def init_state(self, w):
        return {"m": np.zeros_like(w), "v": np.zeros_like(w)}

    def step_one(self, w, g, s):
        s["m"] += (1 - self.beta1) * (g - s["m"])
        s["v"] += (1 - self.beta2) * (g * g - s["v"])
        mhat = s["m"] / (1 - self.beta1 ** self.t)
        vhat = s["v"] / (1 - self.beta2 ** self.t)
        w -= self.lr * mhat / (np.sqrt(vhat) + self.eps)


class AdamW:
    """Decoupled weight decay: w <- w - lr * (adam step + weight_decay * w)."""

    def __init__(self, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.m, self.v, self.t = {}, {}, 0

    def update(self, params, grads):
        b1, b2 = self.betas
        self.t += 1
        c1, c2 = 1 - b1 ** self.t, 1 - b2 ** self.t
        for k, w in params.items():
            g = grads[k]
            self.m[k] = b1 * self.m.get(k, 0.0) + (1 - b1) * g
            self.v[k] = b2 * self.v.get(k, 0.0) + (1 - b2) * g ** 2
            w *= 1 - self.lr * self.weight_decay
            w -= self.lr * (self.m[k] / c1) / (np.sqrt(self.v[k] / c2) + self.eps)


class Lion(Optimizer):
    """Step with the sign of an interpolation, then move the momentum with beta2."""

    def __init__(self, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
        super().__init__(lr)
        self.beta1, self.beta2, self.weight_decay = beta1, beta2, weight_decay

    def init_state(self, w):
        return {"m": np.zeros_like(w)}

    def step_one(self, w, g, s):
        c = self.beta1 * s["m"] + (1 - self.beta1) * g
        w -= self.lr * (np.sign(c) + self.weight_decay * w)
        s["m"] = self.beta2 * s["m"] + (1 - self.beta2) * g


class NAdam(Optimizer):
    """Adam whose first moment looks one step ahead (constant beta1)."""

    def __init__(self, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def init_state(self, w):
        return [np.zeros_like(w), np.zeros_like(w)]

    def step_one(self, w, g, s):
        b1, b2, t = self.beta1, self.beta2, self.t
        s[0] = b1 * s[0] + (1 - b1) * g
        s[1] = b2 * s[1] + (1 - b2) * g ** 2
        ahead = b1 * s[0] / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1 ** t)
        w -= self.lr * ahead / (np.sqrt(s[1] / (1 - b2 ** t)) + self.eps)


class RMSprop(Optimizer):
    """Running mean of squares, with optional momentum and learning-rate decay lr / (1 + decay * step)."""

    def __init__(self, lr=1e-2, rho=0.9, eps=1e-8, momentum=0.0, decay=0.0):
        super().__init__(lr)
        self.rho, self.eps, self.momentum, self.decay = rho, eps, momentum, decay

    def init_state(self, w):
        return {"sq": np.zeros_like(w), "buf": np.zeros_like(w)}

    def step_one(self, w, g, s):
        lr = self.lr / (1 + self.decay * (self.t - 1))
        s["sq"] = self.rho * s["sq"] + (1 - self.rho) * g ** 2
        step = g / (np.sqrt(s["sq"]) + self.eps)
        s["buf"] = self.momentum * s["buf"] + step
        w -= lr * s["buf"]


class MomentumSGD:
    """v <- momentum * v - lr * (g + l2 * w); w <- w + v (Nesterov: w + momentum * v - lr * g)."""

    def __init__(self, lr=0.1, momentum=0.9, nesterov=False, l2=0.0):
        self.lr, self.momentum, self.nesterov, self.l2 = lr, momentum, nesterov, l2
        self.velocity = None

    def update(self, params, grads):
        if self.velocity is None:
            self.velocity = {k: np.zeros_like(w) for k, w in params.items()}
        for k in params:
            g = grads[k] + self.l2 * params[k]
            v = self.velocity[k]
            v *= self.momentum
            v -= self.lr * g
            params[k] += self.momentum * v - self.lr * g if self.nesterov else v


class EMA:
    """Shadow weights: update after each step, swap in for evaluation, restore afterwards."""

    def __init__(self, params, decay=0.999):
        self.decay = decay
        self.shadow = {k: w.copy() for k, w in params.items()}
        self.backup = None

    def update(self, params):
        for k, w in params.items():
            self.shadow[k] = self.decay * self.shadow[k] + (1 - self.decay) * w

    def apply(self, params):
        self.backup = {k: w.copy() for k, w in params.items()}
        for k in params:
            params[k][...] = self.shadow[k]

    def restore(self, params):
        for k in params:
            params[k][...] = self.backup[k]
        self.backup = None


def clip_global_norm(grads, max_norm):
    """Returns new gradients whose joint norm is at most max_norm, and the norm before."""
    total = np.sqrt(sum(np.sum(g.astype(float) ** 2) for g in grads.values()))
    scale = min(1.0, max_norm / (total + 1e-12))
    return {k: g * scale for k, g in grads.items()}, total


def numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar f(x) with respect to the float array x, entry by entry."""
    grad = np.zeros_like(x)
    for idx in np.ndindex(*x.shape):
        old = x[idx]
        x[idx] = old + h
        up = f(x)
        x[idx] = old - h
        down = f(x)
        x[idx] = old
        grad[idx] = (up - down) / (2 * h)
    return grad
