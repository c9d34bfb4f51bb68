"""First-order update rules: functions (w, dw, config) -> (next_w, config), and two optimizers over dicts of parameters."""
import numpy as np


def sgd(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    next_w = w - config['learning_rate'] * dw
    return next_w, config


def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    v = config.get('velocity', np.zeros_like(w))
    v = config['momentum'] * v - config['learning_rate'] * dw
    next_w = w + v
    config['velocity'] = v
    return next_w, config


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('cache', np.zeros_like(w))
    rho = config['decay_rate']
    config['cache'] = rho * config['cache'] + (1 - rho) * dw ** 2
    next_w = w - config['learning_rate'] * dw / (np.sqrt(config['cache']) + config['epsilon'])
    return next_w, config


def adam(w, dw, config=None):
    if config is None:
        config = {}
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
    config['v'] = b2 * config['v'] + (1 - b2) * (dw * dw)
    m_hat = config['m'] / (1 - b1 ** config['t'])
    v_hat = config['v'] / (1 - b2 ** config['t'])
    next_w = w - config['learning_rate'] * m_hat / (np.sqrt(v_hat) + config['epsilon'])
    return next_w, config


class MomentumOptimizer:
    """v = momentum * v + g + weight_decay * p; p = p - lr * v. update(params, grads) replaces the entries of params."""

    def __init__(self, lr=0.01, momentum=0.9, weight_decay=0.0):
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.v = {}

    def update(self, params, grads):
        for key in params:
            g = grads[key] + self.weight_decay * params[key]
            if key not in self.v:
                self.v[key] = np.zeros_like(params[key])
            self.v[key] = self.momentum * self.v[key] + g
            params[key] = params[key] - self.lr * self.v[key]


class Adam:
    """Adam over a dict of parameters params['W1'], with gradients grads['W1']."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.t += 1
        lr_t = self.lr
        for key in params:
            m = self.m.get(key, np.zeros_like(params[key]))
            v = self.v.get(key, np.zeros_like(params[key]))
            self.m[key] = self.beta1 * m + (1 - self.beta1) * grads[key]
            self.v[key] = self.beta2 * v + (1 - self.beta2) * grads[key] ** 2
            m_corr = self.m[key] / (1 - self.beta1 ** self.t)
            v_corr = self.v[key] / (1 - self.beta2 ** self.t)
            params[key] = params[key] - lr_t * m_corr / (np.sqrt(v_corr) + self.eps)


def eval_numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar function f at the float array x."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix].copy()
        x[ix] = oldval + h
        fxph = f(x)
        x[ix] = oldval - h
        fxmh = f(x)
        x[ix] = oldval
        grad[ix] = (fxph - fxmh) / (2 * h)
        it.iternext()
    return grad


def grad_check_sparse(f, x, analytic_grad, num_checks=10, h=1e-5):
    """Largest relative error at a few random places."""
    errors = []
    for _ in range(num_checks):
        ix = tuple(np.random.randint(m) for m in x.shape)
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        numeric = (f(xp) - f(xm)) / (2 * h)
        errors.append(abs(numeric - analytic_grad[ix]) / max(1e-12, abs(numeric) + abs(analytic_grad[ix])))
    return max(errors)
