"""Whole models."""
import numpy as np


class TwoLayerNet:
    """CS231n: loss(X, y) returns the loss and the gradients, X (N, D), y (N,) class numbers"""

    def __init__(self, input_dim=7, hidden_dim=6, num_classes=4, weight_scale=0.5, reg=0.1):
        self.params = {
            'W1': weight_scale * np.random.randn(input_dim, hidden_dim),
            'b1': np.zeros(hidden_dim),
            'W2': weight_scale * np.random.randn(hidden_dim, num_classes),
            'b2': np.zeros(num_classes),
        }
        self.reg = reg

    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[k] for k in ('W1', 'b1', 'W2', 'b2'))
        h = np.maximum(0, X @ W1 + b1)
        scores = h @ W2 + b2
        if y is None:
            return scores
        n = len(X)
        z = scores - scores.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        loss = -logp[np.arange(n), y].mean()
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        d = np.exp(logp)
        d[np.arange(n), y] -= 1
        d /= n
        dh = (d @ W2.T) * (h > 0)
        grads = {'W2': h.T @ d + self.reg * W2, 'b2': d.sum(axis=0),
                 'W1': X.T @ dh + self.reg * W1, 'b1': dh.sum(axis=0)}
        return loss, grads


class TwoLayerNetNoReg(TwoLayerNet):
    """the data gradient of the first layer kept apart"""

    def loss(self, X, y=None):
        if y is None:
            return super().loss(X)
        loss, grads = super().loss(X, y)
        grads['W1'] = grads['W1'] - self.reg * self.params['W1']
        return loss, grads


class LogisticRegression:
    """fish style: predict, loss, gradient; t one-hot"""

    def __init__(self, input_size, output_size):
        self.params = {'W': 0.1 * np.random.randn(input_size, output_size),
                       'b': np.zeros(output_size)}

    def predict(self, x):
        a = x @ self.params['W'] + self.params['b']
        a = np.exp(a - a.max(axis=1, keepdims=True))
        return a / a.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.sum(t * np.log(self.predict(x) + 1e-12)) / len(x)

    def gradient(self, x, t):
        d = (self.predict(x) - t) / len(x)
        return {'W': x.T @ d, 'b': d.sum(axis=0)}


class ThreeLayerNet:
    """predict, loss, gradient; the last layer has no relu, t one-hot"""

    def __init__(self, input_size, hidden_size1, hidden_size2, output_size, weight_init_std=0.3):
        sizes = [input_size, hidden_size1, hidden_size2, output_size]
        self.params = {}
        for i in range(3):
            self.params['W%d' % (i + 1)] = weight_init_std * np.random.randn(sizes[i], sizes[i + 1])
            self.params['b%d' % (i + 1)] = np.zeros(sizes[i + 1])

    def _forward(self, x):
        p = self.params
        z1 = np.tanh(x @ p['W1'] + p['b1'])
        z2 = np.tanh(z1 @ p['W2'] + p['b2'])
        return z1, z2, z2 @ p['W3'] + p['b3']

    def predict(self, x):
        return self._forward(x)[-1]

    def loss(self, x, t):
        s = self.predict(x)
        s = s - s.max(axis=1, keepdims=True)
        return -np.sum(t * (s - np.log(np.exp(s).sum(axis=1, keepdims=True)))) / len(x)

    def gradient(self, x, t):
        p, g = self.params, {}
        z1, z2, s = self._forward(x)
        e = np.exp(s - s.max(axis=1, keepdims=True))
        d = (e / e.sum(axis=1, keepdims=True) - t) / len(x)
        g['W3'], g['b3'] = z2.T @ d, d.sum(axis=0)
        d = d @ p['W3'].T * (1 - z2 ** 2)
        g['W2'], g['b2'] = z1.T @ d, d.sum(axis=0)
        d = d @ p['W2'].T * (1 - z2 ** 2).mean()
        g['W1'], g['b1'] = x.T @ d, d.sum(axis=0)
        return g


class LinearRegressor:
    """fit by gradient descent"""

    def __init__(self, n_features):
        self.w = np.zeros((n_features, 1))
        self.b = np.zeros((1, 1))

    def predict(self, X):
        return X @ self.w + self.b

    def train(self, X, y, epochs=100, learning_rate=0.1):
        """y (n, 1); returns the losses"""
        losses = []
        for _ in range(epochs):
            r = self.predict(X) - y
            losses.append(np.mean(r ** 2))
            self.w -= learning_rate * 2 * X.T @ r / len(X)
            self.b -= learning_rate * 2 * r.mean(axis=0, keepdims=True)
        return losses
