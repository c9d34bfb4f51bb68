"""Update rules: functions (w, dw, config) -> (next_w, config), and optimizer classes over dicts of parameters."""
import numpy as np


def sgd(w, dw, config=None):
    """Plain gradient descent. config: learning_rate, weight_decay (added to the gradient)."""
    if config is None:
        config = {}
    lr = config.setdefault('learning_rate', 1e-2)
    wd = config.setdefault('weight_decay', 0.0)
    g = dw + wd * w
    return w - lr * g, config


def sgd_momentum(w, dw, config=None):
    """config: learning_rate, momentum, velocity."""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    v = config.get('velocity', np.zeros_like(w))
    v = config['momentum'] * v - config['learning_rate'] * dw
    next_w = w + v
    config['velocity'] = v
    return next_w, config


def nesterov_momentum(w, dw, config=None):
    """Momentum with look-ahead, in the form that needs the gradient at w only."""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    mu = config.setdefault('momentum', 0.9)
    v_prev = config.get('velocity', np.zeros_like(w))
    v = mu * v_prev - config['learning_rate'] * dw
    next_w = w - mu * v_prev + (1 + mu) * v
    config['velocity'] = v
    return next_w, config


def adagrad(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('epsilon', 1e-8)
    cache = config.get('cache', np.zeros_like(w)) + dw ** 2
    config['cache'] = cache
    next_w = w - config['learning_rate'] * dw / (np.sqrt(cache) + config['epsilon'])
    return next_w, config


def rmsprop(w, dw, config=None):
    """config: learning_rate, decay_rate, epsilon, cache."""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    rho = config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('cache', np.zeros_like(w))
    config['cache'] = rho * config['cache'] + (1 - rho) * dw * dw
    next_w = w - config['learning_rate'] * dw / (np.sqrt(config['cache']) + config['epsilon'])
    return next_w, config


def adam(w, dw, config=None):
    """config: learning_rate, beta1, beta2, epsilon, m, v, t."""
    config = {} if config is None else config
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('m', np.zeros_like(w))
    config.setdefault('v', np.zeros_like(w))
    config.setdefault('t', 0)
    b1, b2 = config['beta1'], config['beta2']
    config['t'] += 1
    config['m'] = b1 * config['m'] + (1 - b1) * dw
    config['v'] = b2 * config['v'] + (1 - b2) * dw ** 2
    m_hat = config['m'] / (1 - b1 ** config['t'])
    v_hat = config['v'] / (1 - b2 ** config['t'])
    next_w = w - config['learning_rate'] * m_hat / (np.sqrt(v_hat) + config['epsilon'])
    return next_w, config


class Momentum:
    """update(params, grads) puts new arrays into params, a dict."""

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {k: np.zeros_like(p) for k, p in params.items()}
        for k in params:
            self.v[k] = self.momentum * self.v[k] - self.lr * grads[k]
            params[k] = params[k] + self.v[k]


class AdamW:
    """Adam whose weight decay acts on the weights and does not go through the moments."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay = weight_decay
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        for k in params:
            g = grads[k]
            m = self.beta1 * self.m.get(k, 0.0) + (1 - self.beta1) * g
            v = self.beta2 * self.v.get(k, 0.0) + (1 - self.beta2) * g * g
            self.m[k], self.v[k] = m, v
            step = (m / (1 - self.beta1 ** self.t)) / (np.sqrt(v / (1 - self.beta2 ** self.t)) + self.eps)
            params[k] = params[k] - self.lr * (step + self.weight_decay * params[k])


class RMSProp:
    def __init__(self, lr=0.01, decay_rate=0.9, eps=1e-7):
        self.lr, self.decay_rate, self.eps = lr, decay_rate, eps
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {}
            for key, val in params.items():
                self.h[key] = np.zeros_like(val)
        for key in params.keys():
            self.h[key] = self.decay_rate * self.h[key] + (1 - self.decay_rate) * grads[key] ** 2
            params[key] = params[key] - self.lr * grads[key] / (np.sqrt(self.h[key]) + self.eps)
