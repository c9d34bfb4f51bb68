"""Where optimizers keep their state: by key, by identity, in tuples, in configs; and shared by mistake."""
import numpy as np
from collections import defaultdict

class RProp:
    def __init__(self, eta_plus=1.2, eta_minus=0.5, d0=0.1):
        self.eta_plus, self.eta_minus, self.d0 = eta_plus, eta_minus, d0
        self.delta, self.prev = {}, {}
    def step(self, weights, gradients):
        for k in weights:
            d = self.delta.setdefault(k, np.full_like(weights[k], self.d0))
            s = self.prev.get(k, np.zeros_like(weights[k])) * gradients[k]
            d[s > 0] = np.minimum(d[s > 0] * self.eta_plus, 50)
            d[s < 0] = np.maximum(d[s < 0] * self.eta_minus, 1e-6)
            weights[k] -= np.sign(gradients[k]) * d
            self.prev[k] = gradients[k].copy()

class AdamIdKeyed:
    """state by identity of the array"""
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps, self.state, self.t = lr, beta1, beta2, eps, {}, 0
    def update(self, layers):
        self.t += 1
        for layer in layers:
            for p, g in zip(layer.params, layer.grads):
                m, v = self.state.get(id(p), (np.zeros_like(p), np.zeros_like(p)))
                m = self.beta1 * m + (1 - self.beta1) * g
                v = self.beta2 * v + (1 - self.beta2) * g ** 2
                self.state[id(p)] = m, v
                p -= self.lr * (m / (1 - self.beta1 ** self.t)) / (np.sqrt(v / (1 - self.beta2 ** self.t)) + self.eps)

class MomentumPerLayer:
    """one object for each layer: layer.optimizer = MomentumPerLayer()"""
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum, self.vW, self.vb = lr, momentum, None, None
    def update(self, layer):
        if self.vW is None:
            self.vW, self.vb = np.zeros_like(layer.W), np.zeros_like(layer.b)
        self.vW = self.momentum * self.vW - self.lr * layer.dW
        self.vb = self.momentum * self.vb - self.lr * layer.db
        layer.W += self.vW
        layer.b += self.vb

class NamedAdagrad:
    def __init__(self, lr=0.05):
        self.lr, self.cache = lr, defaultdict(float)
    def update(self, name, w, dw):
        self.cache[name] = self.cache[name] + dw ** 2
        return w - self.lr * dw / (np.sqrt(self.cache[name]) + 1e-8)

def sgd_default(w, dw, learning_rate=0.3):
    return w - learning_rate * dw

def adam_functional(w, dw, config=None):
    config = dict(config or {})
    lr = config.get("learning_rate", 2e-3)
    b1, b2, eps = config.get("beta1", 0.9), config.get("beta2", 0.999), config.get("epsilon", 1e-8)
    t = config.get("t", 0) + 1
    m = b1 * config.get("m", 0) + (1 - b1) * dw
    v = b2 * config.get("v", 0) + (1 - b2) * dw * dw
    config.update(m=m, v=v, t=t)
    return w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), config

class Lion:
    def __init__(self, lr=1.0, beta1=0.9, beta2=0.99):
        self.lr, self.beta1, self.beta2, self.m = lr, beta1, beta2, {}
    def update(self, params, grads):
        for k in params:
            m = self.m.get(k, np.zeros_like(params[k]))
            params[k] -= self.lr * np.sign(self.beta1 * m + (1 - self.beta1) * grads[k])
            self.m[k] = self.beta2 * m + (1 - self.beta2) * grads[k]

class AdamListOfTuples:
    def __init__(self, lr=0.01, betas=(0.9, 0.999), eps=1e-8):
        self.hyper = (lr, *betas, eps)
        self.m = self.v = None
        self.t = 0
    def update(self, params, grads):
        lr, b1, b2, eps = self.hyper
        if self.m is None:
            self.m = [np.zeros_like(p) for p in params]
            self.v = [np.zeros_like(p) for p in params]
        self.t += 1
        for p, g, m, v in zip(params, grads, self.m, self.v):
            m += (1 - b1) * (g - m)
            v += (1 - b2) * (g * g - v)
            p -= lr * (m / (1 - b1**self.t)) / (np.sqrt(v / (1 - b2**self.t)) + eps)

class Optimizer_SGD_hidden:
    def __init__(self, learning_rate=1., decay=0.01, momentum=0.5):
        self.learning_rate = learning_rate; self.current_learning_rate = learning_rate
        self.decay = decay; self.iterations = 0; self.momentum = momentum
    def pre_update_params(self):
        if self.decay: self.current_learning_rate = self.learning_rate * (1. / (1. + self.decay * self.iterations))
    def update_params(self, layer):
        if not hasattr(layer, 'weight_momentums'):
            layer.weight_momentums = np.zeros_like(layer.weights)
            layer.bias_momentums = np.zeros_like(layer.biases)
        layer.weight_momentums = self.momentum * layer.weight_momentums - self.current_learning_rate * layer.dweights
        layer.bias_momentums = self.momentum * layer.bias_momentums - self.current_learning_rate * layer.dbiases
        layer.weights += layer.weight_momentums
        layer.biases += layer.bias_momentums
    def post_update_params(self):
        self.iterations += 1

class SGDLayerCounts:
    def __init__(self, lr=0.1):
        self.lr = lr
        self.calls = 0
    def update(self, layer):
        self.calls += 1
        layer.weights -= self.lr * layer.dweights
        layer.biases -= self.lr * layer.dbiases

class PerNetRMSprop:
    def __init__(self, model, lr=0.01, rho=0.9, eps=1e-8):
        self.model, self.lr, self.rho, self.eps = model, lr, rho, eps
        self.s = {k: np.zeros_like(v) for k, v in model.params.items()}
    def step(self):
        for k, g in self.model.grads.items():
            self.s[k] = self.rho * self.s[k] + (1 - self.rho) * g ** 2
            self.model.params[k] -= self.lr * g / (np.sqrt(self.s[k]) + self.eps)


# ---- wrong ----

class MomentumClassState:
    v = {}
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum = lr, momentum
    def update(self, params, grads):
        for k in params:
            v = self.v.get(k, np.zeros_like(params[k]))
            self.v[k] = self.momentum * v - self.lr * grads[k]
            params[k] += self.v[k]

class MomentumOneV:
    """one velocity for the whole network"""
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, 0.0
    def update(self, params, grads):
        for k in params:
            self.v = self.momentum * self.v - self.lr * grads[k]
            params[k] = params[k] + self.v

class AdamListMultiplied:
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps, self.m, self.v, self.t = lr, beta1, beta2, eps, None, None, 0
    def update(self, params, grads):
        if self.m is None:
            self.m = [np.zeros_like(params[0])] * len(params)
            self.v = [np.zeros_like(params[0])] * len(params)
        self.t += 1
        for i in range(len(params)):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grads[i]
            self.v[i] += (1 - self.beta2) * (grads[i] ** 2 - self.v[i])
            params[i] -= self.lr * self.m[i] / (1 - self.beta1 ** self.t) / (np.sqrt(self.v[i] / (1 - self.beta2 ** self.t)) + self.eps)

class Optimizer_Momentum:
    """NNFS hooks; velocity on the optimizer"""
    def __init__(self, learning_rate=0.1, momentum=0.9):
        self.learning_rate, self.momentum, self.vW = learning_rate, momentum, None
    def pre_update_params(self): pass
    def update_params(self, layer):
        if self.vW is None:
            self.vW, self.vb = np.zeros_like(layer.weights), np.zeros_like(layer.biases)
        self.vW = self.momentum * self.vW - self.learning_rate * layer.dweights
        self.vb = self.momentum * self.vb - self.learning_rate * layer.dbiases
        layer.weights += self.vW
        layer.biases += self.vb
    def post_update_params(self): pass

class AdamTupleNoCorrection:
    def __init__(self, lr=0.01, betas=(0.9, 0.999), eps=1e-8):
        self.hyper = (lr, *betas, eps)
        self.m, self.v = {}, {}
    def update(self, params, grads):
        lr, b1, b2, eps = self.hyper
        for k in params:
            self.m[k] = b1 * self.m.get(k, 0) + (1 - b1) * grads[k]
            self.v[k] = b2 * self.v.get(k, 0) + (1 - b2) * grads[k] ** 2
            params[k] -= lr * self.m[k] / (np.sqrt(self.v[k]) + eps)

class RpropKeep:
    def __init__(self, d0=0.1): self.d0, self.delta, self.prev = d0, {}, {}
    def update(self, params, grads):
        for k in params:
            d = self.delta.get(k, np.full_like(params[k], self.d0))
            s = self.prev.get(k, np.zeros_like(params[k])) * grads[k]
            d = d * np.where(s >= 0, 1.2, 1.1)
            params[k] -= np.sign(grads[k]) * d
            self.delta[k], self.prev[k] = d, grads[k].copy()

CACHE = {}
def adagrad_global(w, dw, config=None):
    CACHE["s"] = CACHE.get("s", np.zeros_like(w)) + dw ** 2
    return w - 0.01 * dw / (np.sqrt(CACHE["s"]) + 1e-8), config

class NamedAdamCounter:
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2, self.m, self.v, self.t = lr, beta1, beta2, {}, {}, 0
    def update(self, name, w, dw):
        self.t += 1
        self.m[name] = self.beta1 * self.m.get(name, 0) + (1 - self.beta1) * dw
        self.v[name] = self.beta2 * self.v.get(name, 0) + (1 - self.beta2) * dw ** 2
        return w - self.lr * self.m[name] / (1 - self.beta1 ** self.t) / (np.sqrt(self.v[name] / (1 - self.beta2 ** self.t)) + 1e-8)
