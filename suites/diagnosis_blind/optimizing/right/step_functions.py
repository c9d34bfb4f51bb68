"""Update rules as functions (w, dw, config) -> (w, config), an optimizer over parameter objects, a self-updating layer."""
import numpy as np


def adam(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)
    t = config["t"] + 1
    config["t"] = t
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw ** 2
    mt = config["m"] / (1 - config["beta1"] ** t)
    vt = config["v"] / (1 - config["beta2"] ** t)
    next_w = w - config["learning_rate"] * mt / (np.sqrt(vt) + config["epsilon"])
    return next_w, config


def nadam_step(w, g, state, lr=0.002, b1=0.9, b2=0.999, eps=1e-8):
    """state = {} at first; returns (new w, new state)"""
    t = state.get("t", 0) + 1
    m = b1 * state.get("m", np.zeros_like(w)) + (1 - b1) * g
    v = b2 * state.get("v", np.zeros_like(w)) + (1 - b2) * g * g
    m_bar = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1 ** t)
    v_hat = v / (1 - b2 ** t)
    return w - lr * m_bar / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}


def adamax_step(w, g, state, lr=0.002, b1=0.9, b2=0.999, eps=1e-8):
    """state = None at first, then (t, m, u)"""
    t, m, u = (0, np.zeros_like(w), np.zeros_like(w)) if state is None else state
    t += 1
    m = b1 * m + (1 - b1) * g
    u = np.maximum(b2 * u, np.abs(g))
    w = w - lr / (1 - b1 ** t) * m / (u + eps)
    return w, (t, m, u)


def init_amsgrad(w):
    return {"step": 0, "exp_avg": np.zeros_like(w), "exp_avg_sq": np.zeros_like(w), "max_sq": np.zeros_like(w)}


def amsgrad_step(w, g, state=None, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    s = dict(init_amsgrad(w) if state is None else state)
    s["step"] += 1
    s["exp_avg"] = b1 * s["exp_avg"] + (1 - b1) * g
    s["exp_avg_sq"] = b2 * s["exp_avg_sq"] + (1 - b2) * g ** 2
    s["max_sq"] = np.maximum(s["max_sq"], s["exp_avg_sq"] / (1 - b2 ** s["step"]))
    denom = np.sqrt(s["max_sq"]) + eps
    return w - lr * (s["exp_avg"] / (1 - b1 ** s["step"])) / denom, s


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    lr = config.setdefault("learning_rate", 1e-2)
    rho = config.setdefault("decay_rate", 0.99)
    eps = config.setdefault("epsilon", 1e-8)
    cache = config.get("cache", np.zeros_like(w))
    config["cache"] = rho * cache + (1 - rho) * dw * dw
    return w - lr * dw / (np.sqrt(config["cache"]) + eps), config


class Parameter:
    def __init__(self, data):
        self.data = np.array(data, dtype=float)
        self.grad = np.zeros_like(self.data)


class AdamOptimizer:
    """Over a list of objects with .data and .grad, as step() and zero_grad()."""

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.params = list(params)
        self.lr, self.betas, self.eps = lr, betas, eps
        self.t = 0
        self.m = [np.zeros_like(p.data) for p in self.params]
        self.v = [np.zeros_like(p.data) for p in self.params]

    def step(self):
        self.t += 1
        b1, b2 = self.betas
        for i, p in enumerate(self.params):
            self.m[i] = b1 * self.m[i] + (1 - b1) * p.grad
            self.v[i] = b2 * self.v[i] + (1 - b2) * np.square(p.grad)
            correction = np.sqrt(1 - b2 ** self.t) / (1 - b1 ** self.t)
            p.data = p.data - self.lr * correction * self.m[i] / (np.sqrt(self.v[i]) + self.eps)

    def zero_grad(self):
        for p in self.params:
            p.grad = np.zeros_like(p.data)


class AdamDense:
    """A dense layer that keeps its own Adam moments: forward, backward, update(lr)."""

    def __init__(self, n_in, n_out, beta1=0.9, beta2=0.999):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)
        self.beta1, self.beta2 = beta1, beta2
        self.mW, self.vW = np.zeros_like(self.W), np.zeros_like(self.W)
        self.mb, self.vb = np.zeros_like(self.b), np.zeros_like(self.b)
        self.calls = 0

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T

    def update(self, lr=0.001):
        self.calls += 1
        self.mW = self.beta1 * self.mW + (1 - self.beta1) * self.dW
        self.vW = self.beta2 * self.vW + (1 - self.beta2) * self.dW ** 2
        self.mb = self.beta1 * self.mb + (1 - self.beta1) * self.db
        self.vb = self.beta2 * self.vb + (1 - self.beta2) * self.db ** 2
        fix1 = 1 - self.beta1 ** self.calls
        fix2 = 1 - self.beta2 ** self.calls
        self.W -= lr * (self.mW / fix1) / (np.sqrt(self.vW / fix2) + 1e-8)
        self.b -= lr * (self.mb / fix1) / (np.sqrt(self.vb / fix2) + 1e-8)
