"""Update rules `rule(w, dw, config) -> next_w, config`, and a small driver for dicts of parameters."""
import numpy as np


def sgd(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    next_w = w - config["learning_rate"] * dw
    return next_w, config


def sgd_momentum(w, dw, config=None):
    """velocity = momentum * velocity - learning_rate * dw."""
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config


def nesterov(w, dw, config=None):
    """Nesterov momentum in the form w += -mu * v_old + (1 + mu) * v_new."""
    config = {} if config is None else config
    lr = config.setdefault("learning_rate", 1e-2)
    mu = config.setdefault("momentum", 0.9)
    v_old = config.get("velocity", np.zeros_like(w))
    v_new = mu * v_old - lr * dw
    config["velocity"] = v_new
    return w - mu * v_old + (1 + mu) * v_new, config


def adagrad(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("epsilon", 1e-8)
    total = config.get("cache", np.zeros_like(w)) + dw ** 2
    config["cache"] = total
    next_w = w - config["learning_rate"] * dw / (np.sqrt(total) + config["epsilon"])
    return next_w, config


def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    rho = config["decay_rate"]
    avg = config.get("cache", np.zeros_like(w))
    avg = rho * avg + (1 - rho) * dw * dw
    config["cache"] = avg
    step = config["learning_rate"] * dw / (np.sqrt(avg) + config["epsilon"])
    return w - step, config


def adam(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    b1, b2 = config["beta1"], config["beta2"]
    t = config.get("t", 0) + 1
    m = b1 * config.get("m", np.zeros_like(w)) + (1 - b1) * dw
    v = b2 * config.get("v", np.zeros_like(w)) + (1 - b2) * dw ** 2
    m_hat = m / (1 - b1 ** t)
    v_hat = v / (1 - b2 ** t)
    next_w = w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"])
    config["m"], config["v"], config["t"] = m, v, t
    return next_w, config


def adamw(w, dw, config=None):
    """Adam with decoupled weight decay: w shrinks by learning_rate * weight_decay * w."""
    config = {} if config is None else config
    lr = config.setdefault("learning_rate", 1e-3)
    wd = config.setdefault("weight_decay", 1e-2)
    beta1, beta2 = config.setdefault("beta1", 0.9), config.setdefault("beta2", 0.999)
    eps = config.setdefault("epsilon", 1e-8)
    step = config["t"] = config.get("t", 0) + 1
    config["m"] = beta1 * config.get("m", np.zeros_like(w)) + (1 - beta1) * dw
    config["v"] = beta2 * config.get("v", np.zeros_like(w)) + (1 - beta2) * np.square(dw)
    mh = config["m"] / (1 - beta1 ** step)
    vh = config["v"] / (1 - beta2 ** step)
    return w - lr * mh / (np.sqrt(vh) + eps) - lr * wd * w, config


class DictUpdater:
    """Applies one rule to a dict of parameters; each parameter has a config of its own."""

    def __init__(self, rule=sgd_momentum, learning_rate=1e-2, lr_decay=1.0):
        self.rule = rule
        self.optim_config = {"learning_rate": learning_rate}
        self.lr_decay = lr_decay
        self.configs = {}

    def update(self, params, grads):
        for name in params:
            if name not in self.configs:
                self.configs[name] = dict(self.optim_config)
            new, config = self.rule(params[name], grads[name], self.configs[name])
            params[name][...] = new
            self.configs[name] = config

    def end_epoch(self):
        for config in self.configs.values():
            config["learning_rate"] *= self.lr_decay
