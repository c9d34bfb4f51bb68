"""Optimizers. update(params, grads) works on dicts of arrays; Optimizer_SGD works on layers."""
import numpy as np


class Momentum:
    """v = momentum v - lr (g + weight_decay p); p = p + v"""

    def __init__(self, lr=0.01, momentum=0.9, weight_decay=5e-4):
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.v = {}

    def update(self, params, grads):
        for key, p in params.items():
            if key not in self.v:
                self.v[key] = np.zeros_like(p)
            g = grads[key]
            g = g + self.weight_decay * p
            self.v[key] = self.momentum * self.v[key] - self.lr * g
            p += self.v[key]


class Adagrad:
    def __init__(self, lr=0.05, eps=1e-7):
        self.lr = lr
        self.eps = eps
        self.cache = {}

    def update(self, params, grads):
        for key, p in params.items():
            self.cache[key] = self.cache.get(key, 0) + grads[key] ** 2
            p -= self.lr * grads[key] / (np.sqrt(self.cache[key]) + self.eps)


class RMSprop:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-7):
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self.cache = {}

    def update(self, params, grads):
        for key, p in params.items():
            g = grads[key]
            old = self.cache.get(key, np.zeros_like(p))
            self.cache[key] = self.rho * old + (1.0 - self.rho) * g ** 2
            p -= self.lr * g / (np.sqrt(self.cache[key]) + self.eps)


class Adam:
    """Adam; the two bias corrections are folded into the step size."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.t = 0
        self.m = {}
        self.v = {}

    def update(self, params, grads):
        self.t += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2 ** self.t) / (1.0 - self.beta1 ** self.t)
        for key, p in params.items():
            if key not in self.m:
                self.m[key] = np.zeros_like(p)
                self.v[key] = np.zeros_like(p)
            self.m[key] += (1.0 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1.0 - self.beta2) * (grads[key] ** 2 - self.v[key])
            p -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + self.eps)


class AdamW:
    """Adam with decoupled weight decay."""

    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.step_count = 0
        self.state = {}

    def update(self, params, grads):
        b1, b2 = self.betas
        self.step_count += 1
        for name, p in params.items():
            g = grads[name]
            m, v = self.state.get(name, (np.zeros_like(p), np.zeros_like(p)))
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            self.state[name] = (m, v)
            m_hat = m / (1 - b1 ** self.step_count)
            v_hat = v / (1 - b2 ** self.step_count)
            p *= 1.0 - self.lr * self.weight_decay
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class Lion:
    """Sign of an interpolation between the momentum and the new gradient."""

    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.99, weight_decay=0.0):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.weight_decay = weight_decay
        self.m = {}

    def update(self, params, grads):
        for key, p in params.items():
            g = grads[key]
            m = self.m.get(key, np.zeros_like(p))
            c = self.beta1 * m + (1 - self.beta1) * g
            self.m[key] = self.beta2 * m + (1 - self.beta2) * g
            p -= self.lr * (np.sign(c) + self.weight_decay * p)


class Optimizer_SGD:
    """Momentum SGD over layers with weights, biases, dweights and dbiases."""

    def __init__(self, learning_rate=1.0, decay=0.001, momentum=0.9):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.momentum = momentum
        self.iterations = 0
        self.velocity = {}

    def pre_update_params(self):
        self.current_learning_rate = self.learning_rate / (1.0 + self.decay * self.iterations)

    def update_params(self, layer):
        for name in ("weights", "biases"):
            key = (id(layer), name)
            param = getattr(layer, name)
            grad = getattr(layer, "d" + name)
            old = self.velocity.get(key, np.zeros_like(param))
            self.velocity[key] = self.momentum * old - self.current_learning_rate * grad
            setattr(layer, name, param + self.velocity[key])

    def post_update_params(self):
        self.iterations += 1
