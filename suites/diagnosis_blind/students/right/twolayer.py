"""Assignment 3: two-layer net with a params dict, gradient check, optimizers, accuracy."""
import numpy as np


def numerical_gradient(f, x, h=1e-4):
    """central differences of f at the float array x (x is changed for a moment and put back)"""
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index"])
    for _ in it:
        idx = it.multi_index
        tmp = x[idx]
        x[idx] = tmp + h
        fxh1 = f(x)
        x[idx] = tmp - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        x[idx] = tmp
    return grad


def numerical_derivative(f, x, h=1e-5):
    """derivative of an elementwise function f at all entries of x"""
    return (f(x + h) - f(x - h)) / (2 * h)


def accuracy(scores, t):
    """t: class numbers (n,) or (n, 1), or one-hot (n, classes)"""
    y = np.argmax(scores, axis=1)
    if t.ndim == 2 and t.shape[1] > 1:
        t = np.argmax(t, axis=1)
    return np.mean(y == t.reshape(-1))


def per_class_accuracy(scores, t, num_classes):
    """share of right answers for every class (0 where a class has no sample), t: class numbers (n,)"""
    y = np.argmax(scores, axis=1)
    result = np.zeros(num_classes)
    for c in range(num_classes):
        of_class = t == c
        if np.any(of_class):
            result[c] = np.mean(y[of_class] == c)
    return result


class TwoLayerNet:
    """affine - relu - affine - softmax; loss has 0.5 * reg * (|W1|^2 + |W2|^2)"""
    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01, reg=0.0):
        self.reg = reg
        self.params = {}
        self.params["W1"] = weight_init_std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = weight_init_std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)

    def predict(self, x):
        hidden = np.maximum(0, x @ self.params["W1"] + self.params["b1"])
        return hidden @ self.params["W2"] + self.params["b2"]

    def _log_probs(self, scores):
        shifted = scores - scores.max(axis=1, keepdims=True)
        return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))

    def loss(self, x, t):
        W1, W2 = self.params["W1"], self.params["W2"]
        logp = self._log_probs(self.predict(x))
        data_loss = -np.mean(logp[np.arange(len(x)), t])
        return data_loss + 0.5 * self.reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

    def gradient(self, x, t):
        W1, W2 = self.params["W1"], self.params["W2"]
        b1 = self.params["b1"]
        n = x.shape[0]
        a1 = x @ W1 + b1
        z1 = np.maximum(0, a1)
        dy = np.exp(self._log_probs(self.predict(x)))
        dy[np.arange(n), t] -= 1
        dy = dy / n
        grads = {}
        grads["W2"] = z1.T @ dy + self.reg * W2
        grads["b2"] = np.sum(dy, axis=0)
        dz1 = dy @ W2.T
        da1 = dz1 * (a1 > 0)
        grads["W1"] = x.T @ da1 + self.reg * W1
        grads["b1"] = np.sum(da1, axis=0)
        return grads


class SGD:
    """weight decay is added to the gradient"""
    def __init__(self, lr=0.01, weight_decay=0.0):
        self.lr = lr
        self.weight_decay = weight_decay

    def update(self, params, grads):
        for key in params:
            g = grads[key]
            g = g + self.weight_decay * params[key]
            params[key] -= self.lr * g


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = {}

    def update(self, params, grads):
        for key in params:
            if key not in self.v:
                self.v[key] = np.zeros_like(params[key])
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.iter = 0
        self.m, self.v = {}, {}

    def update(self, params, grads):
        self.iter += 1
        for key in params:
            g = grads[key]
            self.m[key] = self.beta1 * self.m.get(key, 0) + (1 - self.beta1) * g
            self.v[key] = self.beta2 * self.v.get(key, 0) + (1 - self.beta2) * g ** 2
            m_hat = self.m[key] / (1 - self.beta1 ** self.iter)
            v_hat = self.v[key] / (1 - self.beta2 ** self.iter)
            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
