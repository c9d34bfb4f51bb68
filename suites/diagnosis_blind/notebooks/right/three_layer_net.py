"""Whole small networks with gradient(), the difference quotient to check them, and a training helper."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def log_softmax(a):
    a = a - a.max(axis=1, keepdims=True)
    return a - np.log(np.exp(a).sum(axis=1, keepdims=True))


def numerical_gradient(f, x, h=1e-4):
    """Central differences of f at x; x is changed for each call of f and put back."""
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        idx = it.multi_index
        old = x[idx]
        x[idx] = old + h
        up = f(x)
        x[idx] = old - h
        down = f(x)
        grad[idx] = (up - down) / (2 * h)
        x[idx] = old
        it.iternext()
    return grad


class ThreeLayerNet:
    """sigmoid, relu, softmax; labels are class numbers or one-hot; weight_decay adds 0.5 * lambda * sum(W ** 2)."""

    def __init__(self, input_size, hidden1, hidden2, output_size, weight_init_std=0.1, weight_decay=0.0):
        sizes = [input_size, hidden1, hidden2, output_size]
        self.weight_decay = weight_decay
        self.params = {}
        for i in (1, 2, 3):
            self.params['W%d' % i] = weight_init_std * np.random.randn(sizes[i - 1], sizes[i])
            self.params['b%d' % i] = np.zeros(sizes[i])

    def predict(self, x):
        p = self.params
        self.h1 = sigmoid(x @ p['W1'] + p['b1'])
        self.h2 = np.maximum(self.h1 @ p['W2'] + p['b2'], 0)
        return self.h2 @ p['W3'] + p['b3']

    def loss(self, x, t):
        if t.ndim == 2:
            t = t.argmax(axis=1)
        logp = log_softmax(self.predict(x))
        decay = sum(np.sum(self.params[k] ** 2) for k in ('W1', 'W2', 'W3'))
        return -logp[np.arange(len(t)), t].mean() + 0.5 * self.weight_decay * decay

    def accuracy(self, x, t):
        y = self.predict(x).argmax(axis=1)
        if t.ndim != 1:
            t = t.argmax(axis=1)
        return np.sum(y == t) / float(x.shape[0])

    def gradient(self, x, t):
        if t.ndim == 2:
            t = t.argmax(axis=1)
        p, grads = self.params, {}
        n = x.shape[0]
        d3 = np.exp(log_softmax(self.predict(x)))
        d3[np.arange(n), t] -= 1
        d3 /= n
        grads['W3'] = self.h2.T @ d3 + self.weight_decay * p['W3']
        grads['b3'] = d3.sum(axis=0)
        d2 = (d3 @ p['W3'].T) * (self.h2 > 0)
        grads['W2'] = self.h1.T @ d2 + self.weight_decay * p['W2']
        grads['b2'] = d2.sum(axis=0)
        d1 = (d2 @ p['W2'].T) * self.h1 * (1 - self.h1)
        grads['W1'] = x.T @ d1 + self.weight_decay * p['W1']
        grads['b1'] = d1.sum(axis=0)
        return grads


class LogisticUnit:
    """One output; labels 0 and 1 of shape (n,)."""

    def __init__(self, w, b=0.0):
        self.w = np.array(w, dtype=float)
        self.b = np.array([b], dtype=float)

    def loss(self, X, y):
        z = X @ self.w + self.b
        return np.mean(np.logaddexp(0, z) - np.asarray(y, dtype=float) * z)

    def gradient(self, X, y):
        z = X @ self.w + self.b
        err = (sigmoid(z) - y) / len(y)
        return {'w': X.T @ err, 'b': err.sum(keepdims=True)}


class SineNet:
    """One hidden tanh layer and a linear output; backward updates by plain gradient descent."""

    def __init__(self, n_in, n_hidden, n_out, seed=0):
        rng = np.random.RandomState(seed)
        self.W1 = rng.randn(n_in, n_hidden) * 0.5
        self.b1 = np.zeros(n_hidden)
        self.W2 = rng.randn(n_hidden, n_out) * 0.5
        self.b2 = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        self.hidden = np.tanh(x @ self.W1 + self.b1)
        return self.hidden @ self.W2 + self.b2

    def backward(self, grad, learning_rate):
        """Returns the gradient of the input."""
        dpre = (grad @ self.W2.T) * (1 - self.hidden ** 2)
        dx = dpre @ self.W1.T
        self.W2 = self.W2 - learning_rate * self.hidden.T @ grad
        self.b2 = self.b2 - learning_rate * grad.sum(axis=0)
        self.W1 = self.W1 - learning_rate * self.x.T @ dpre
        self.b1 = self.b1 - learning_rate * dpre.sum(axis=0)
        return dx


def train(net, x, t, iters=100, batch_size=10, lr=0.1):
    history = []
    for _ in range(iters):
        pick = np.random.choice(len(x), min(batch_size, len(x)), replace=False)
        grads = net.gradient(x[pick], t[pick])
        for key in grads:
            net.params[key] -= lr * grads[key]
        history.append(net.loss(x[pick], t[pick]))
    return history
