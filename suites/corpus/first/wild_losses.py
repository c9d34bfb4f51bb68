"""Losses and networks that read otherwise than their names or arguments suggest."""

import numpy as np


class DivergenceOfTwo:
    """Both arguments are what a network computes: there are no labels."""

    def forward(self, mean, logvar):
        self.mean, self.logvar = mean, logvar
        return -0.5 * np.sum(1 + logvar - mean**2 - np.exp(logvar)) / len(mean)

    def backward(self):
        n = len(self.mean)
        dmean = self.mean / n
        dlogvar = 0.5 * (np.exp(self.logvar) - 1) / n
        return dmean, dlogvar


class KLDivergenceTwice(DivergenceOfTwo):
    def backward(self):
        n = len(self.mean)
        return self.mean / n, 0.5 * (np.exp(self.logvar) - 1) / n


class KLDivergenceNoOne(DivergenceOfTwo):
    def backward(self):
        n = len(self.mean)
        dmean = self.mean / n
        dlogvar = 0.5 * np.exp(self.logvar) / n
        return dmean, dlogvar


class CrossEntropyOfX:
    """Takes logits, although neither its name nor its argument says so."""

    def forward(self, x, y):
        shifted = x - x.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p, self.y = np.exp(logp), y
        return -logp[np.arange(len(y)), y].mean()

    def backward(self):
        grad = self.p.copy()
        grad[np.arange(len(self.y)), self.y] -= 1
        return grad / len(self.y)


class CrossEntropyOfXSummed(CrossEntropyOfX):
    def backward(self):
        return super().backward() * len(self.y)


class StepsByItself:
    """Keeps the gradients in lists and takes a step at the end of its backward."""

    def __init__(self, layers=(4, 6, 5), learning_rate=0.1):
        self.learning_rate = learning_rate
        self.weights = [np.random.randn(a, b) for a, b in zip(layers[:-1], layers[1:])]
        self.biases = [np.zeros((1, b)) for b in layers[1:]]

    def forward(self, X):
        self.a = [X]
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = self.a[-1] @ w + b
            if i < len(self.weights) - 1:
                self.a.append(np.tanh(z))
            else:
                e = np.exp(z - z.max(axis=1, keepdims=True))
                self.a.append(e / e.sum(axis=1, keepdims=True))
        return self.a[-1]

    def backward(self, X, y):
        delta = (self.a[-1] - y) / len(X)
        self.dw, self.db = [], []
        for i in reversed(range(len(self.weights))):
            self.dw.insert(0, self.a[i].T @ delta)
            self.db.insert(0, delta.sum(axis=0, keepdims=True))
            if i:
                delta = (delta @ self.weights[i].T) * (1 - self.a[i] ** 2)
        for i in range(len(self.weights)):
            self.weights[i] -= self.learning_rate * self.dw[i]
            self.biases[i] -= self.learning_rate * self.db[i]


class OwnTarget:
    """An autoencoder: ``loss(x)`` and ``backward(x)`` compare with the data itself."""

    def __init__(self, n_in, n_hidden):
        self.W = np.random.randn(n_in, n_hidden)
        self.V = np.random.randn(n_hidden, n_in)
        self.b_h = np.zeros(n_hidden)
        self.b_o = np.zeros(n_in)

    def forward(self, x):
        self.h = np.tanh(x @ self.W + self.b_h)
        self.z = self.h @ self.V + self.b_o
        return self.z

    def loss(self, x):
        return 0.5 * np.mean(np.sum((self.forward(x) - x) ** 2, axis=1))

    def backward(self, x):
        d = (self.z - x) / len(x)
        self.dV = self.h.T @ d
        self.db_o = d.sum(axis=0)
        d = d @ self.V.T * (1 - self.h**2)
        self.dW = x.T @ d
        self.db_h = d.sum(axis=0)


class OwnTargetSkips(OwnTarget):
    def backward(self, x):
        d = (self.z - x) / len(x)
        self.dV = self.h.T @ d
        self.db_o = d.sum(axis=0)
        d = d @ self.V.T * (1 - self.h)
        self.dW = x.T @ d
        self.db_h = d.sum(axis=0)


class SoftmaxClassifier:
    """``loss(X, y)`` beside ``gradient(X, y)``, which returns a tuple."""

    def __init__(self, n_features, n_classes, reg=0.1):
        self.W = np.random.randn(n_features, n_classes)
        self.b = np.zeros(n_classes)
        self.reg = reg

    def predict_proba(self, X):
        s = X @ self.W + self.b
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        p = self.predict_proba(X)
        return -np.mean(np.log(p[np.arange(len(y)), y])) + 0.5 * self.reg * np.sum(self.W**2)

    def gradient(self, X, y):
        p = self.predict_proba(X)
        p[np.arange(len(y)), y] -= 1
        p /= len(y)
        dW = X.T @ p + self.reg * self.W
        db = p.sum(axis=0)
        return dW, db


class LeastSquares:
    """A loss and its gradients by other names, with a bias that is one number."""

    def __init__(self, n_features, alpha=0.5):
        self.w = np.random.randn(n_features, 1)
        self.b = 0.0
        self.alpha = alpha

    def forward(self, X):
        return X @ self.w + self.b

    def compute_loss(self, X, y):
        return np.mean((self.forward(X) - y) ** 2) + self.alpha * np.sum(self.w**2)

    def compute_gradients(self, X, y):
        err = self.forward(X) - y
        dw = 2 / len(X) * X.T @ err + 2 * self.alpha * self.w
        db = 2 * np.mean(err)
        return dw, db


class LeastSquaresHalfPenalty(LeastSquares):
    def compute_gradients(self, X, y):
        err = self.forward(X) - y
        dw = 2 / len(X) * X.T @ err + self.alpha * self.w
        db = 2 * np.mean(err)
        return dw, db
