"""First-order update rules as functions: rule(w, dw, config=None) -> (next_w, config).

w and dw are arrays of one shape; config holds the hyperparameters and the running averages,
and is handed to the next call for the same array. Missing entries get their defaults.
"""
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
    velocity = config.get('velocity', np.zeros_like(w))
    velocity = config['momentum'] * velocity - config['learning_rate'] * dw
    config['velocity'] = velocity
    next_w = w + velocity
    return next_w, config


def nesterov_momentum(w, dw, config=None):
    """v <- mu v - lr dw;  w <- w - mu v_prev + (1 + mu) v."""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    mu = config['momentum']
    v_prev = config.get('velocity', np.zeros_like(w))
    v = mu * v_prev - config['learning_rate'] * dw
    next_w = w - mu * v_prev + (1 + mu) * v
    config['velocity'] = v
    return next_w, config


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    rho = config['decay_rate']
    cache = config.get('cache', np.zeros_like(w))
    cache = rho * cache + (1 - rho) * dw ** 2
    config['cache'] = cache
    scale = np.sqrt(cache) + config['epsilon']
    next_w = w - config['learning_rate'] * dw / scale
    return next_w, config


def _moments(w, dw, config):
    """Advance m, v and t, and give them back."""
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    b1, b2 = config['beta1'], config['beta2']
    config['m'] = b1 * config.get('m', np.zeros_like(w)) + (1 - b1) * dw
    config['v'] = b2 * config.get('v', np.zeros_like(w)) + (1 - b2) * dw * dw
    config['t'] = config.get('t', 0) + 1
    return config['m'], config['v'], config['t']


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
    t = config['t']
    config['m'] = b1 * config['m'] + (1 - b1) * dw
    config['v'] = b2 * config['v'] + (1 - b2) * (dw ** 2)
    mt = config['m'] / (1 - b1 ** t)
    vt = config['v'] / (1 - b2 ** t)
    next_w = w - config['learning_rate'] * mt / (np.sqrt(vt) + config['epsilon'])
    return next_w, config


def amsgrad(w, dw, config=None):
    """Adam whose denominator uses the largest second moment so far."""
    config = {} if config is None else config
    m, v, t = _moments(w, dw, config)
    config['v_max'] = np.maximum(config.get('v_max', np.zeros_like(w)), v)
    m_hat = m / (1 - config['beta1'] ** t)
    v_hat = config['v_max'] / (1 - config['beta2'] ** t)
    next_w = w - config['learning_rate'] * m_hat / (np.sqrt(v_hat) + config['epsilon'])
    return next_w, config


def adamax(w, dw, config=None):
    """Adam with the infinity norm: u <- max(beta2 u, |dw|)."""
    config = {} if config is None else config
    config.setdefault('learning_rate', 2e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    b1, b2 = config['beta1'], config['beta2']
    t = config['t'] = config.get('t', 0) + 1
    config['m'] = b1 * config.get('m', np.zeros_like(w)) + (1 - b1) * dw
    config['u'] = np.maximum(b2 * config.get('u', np.zeros_like(w)), np.abs(dw))
    rate = config['learning_rate'] / (1 - b1 ** t)
    next_w = w - rate * config['m'] / (config['u'] + config['epsilon'])
    return next_w, config


def nadam(w, dw, config=None):
    """Adam with Nesterov's look-ahead on the corrected first moment."""
    config = {} if config is None else config
    m, v, t = _moments(w, dw, config)
    b1, b2 = config['beta1'], config['beta2']
    m_hat = m / (1 - b1 ** t)
    g_hat = dw / (1 - b1 ** t)
    v_hat = v / (1 - b2 ** t)
    m_bar = b1 * m_hat + (1 - b1) * g_hat
    next_w = w - config['learning_rate'] * m_bar / (np.sqrt(v_hat) + config['epsilon'])
    return next_w, config
