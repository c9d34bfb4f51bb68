import numpy as np


def numerical_gradient(f, x):
    """Central differences of f at x, a float array; f takes x. x is the same afterwards."""
    h = 1e-4
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        idx = it.multi_index
        tmp_val = x[idx].item()
        x[idx] = tmp_val + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        x[idx] = tmp_val
        it.iternext()
    return grad


class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for key in params.keys():
            params[key] -= self.lr * grads[key]


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {}
            for key, val in params.items():
                self.v[key] = np.zeros_like(val)
        for key in params.keys():
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


class AdaGrad:
    def __init__(self, lr=0.01):
        self.lr = lr
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(val) for key, val in params.items()}
        for key in params.keys():
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


class RMSprop:
    """params and grads are lists of arrays."""

    def __init__(self, lr=0.01, decay_rate=0.99):
        self.lr = lr
        self.decay_rate = decay_rate
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = [np.zeros_like(p) for p in params]
        for p, g, h in zip(params, grads, self.h):
            h *= self.decay_rate
            h += (1 - self.decay_rate) * g * g
            p -= self.lr * g / (np.sqrt(h) + 1e-7)


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01, weight_decay_lambda=0.1):
        self.weight_decay_lambda = weight_decay_lambda
        self.params = {}
        self.params['W1'] = weight_init_std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = weight_init_std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def predict(self, x):
        z1 = np.maximum(0, np.dot(x, self.params['W1']) + self.params['b1'])
        return np.dot(z1, self.params['W2']) + self.params['b2']

    def loss(self, x, t):
        """t: class numbers (n,)."""
        y = self.predict(x)
        y = y - np.max(y, axis=1, keepdims=True)
        log_p = y - np.log(np.sum(np.exp(y), axis=1, keepdims=True))
        decay = 0
        for name in ('W1', 'W2'):
            decay += 0.5 * self.weight_decay_lambda * np.sum(self.params[name] ** 2)
        return -np.mean(log_p[np.arange(len(x)), t]) + decay

    def accuracy(self, x, t):
        return np.mean(np.argmax(self.predict(x), axis=1) == t)

    def gradient(self, x, t):
        W1, W2 = self.params['W1'], self.params['W2']
        batch_num = x.shape[0]
        a1 = np.dot(x, W1) + self.params['b1']
        z1 = np.maximum(0, a1)
        a2 = np.dot(z1, W2) + self.params['b2']
        e = np.exp(a2 - np.max(a2, axis=1, keepdims=True))
        y = e / np.sum(e, axis=1, keepdims=True)
        dy = y.copy()
        dy[np.arange(batch_num), t] -= 1
        dy = dy / batch_num
        da1 = np.dot(dy, W2.T) * (a1 > 0)

        grads = {}
        grads['W2'] = np.dot(z1.T, dy) + self.weight_decay_lambda * W2
        grads['b2'] = np.sum(dy, axis=0)
        grads['W1'] = np.dot(x.T, da1) + self.weight_decay_lambda * W1
        grads['b1'] = np.sum(da1, axis=0)
        return grads
