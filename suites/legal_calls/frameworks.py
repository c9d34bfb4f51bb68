"""Small frameworks: parameters in dicts and objects, linear models, losses with one sample a column."""

import numpy as np


class LogisticUnit:
    """right: w (d,), y (n,), and gradients of both by name"""

    def __init__(self, w, b=0.0):
        self.w, self.b = np.array(w, dtype=float), np.array([b], dtype=float)

    def loss(self, X, y):
        z = X @ self.w + self.b
        return np.mean(np.logaddexp(0, z) - y * z)

    def gradient(self, X, y):
        error = (0.5 * (1 + np.tanh((X @ self.w + self.b) / 2)) - y) / len(y)
        return {"w": X.T @ error, "b": error.sum(keepdims=True)}


class LogisticUnitSummed(LogisticUnit):
    """wrong: model_gradient: b is not averaged"""

    def gradient(self, X, y):
        error = 0.5 * (1 + np.tanh((X @ self.w + self.b) / 2)) - y
        return {"w": X.T @ error / len(y), "b": error.sum(keepdims=True)}


class Ridge:
    """right: it is told how many features there are"""

    def __init__(self, n_features, l2=0.1):
        self.w, self.l2 = np.random.randn(n_features), l2

    def loss(self, X, y):
        return np.mean((X @ self.w - y) ** 2) + self.l2 * np.sum(self.w**2)

    def gradient(self, X, y):
        return 2 * X.T @ (X @ self.w - y) / len(y) + 2 * self.l2 * self.w


class Scale:
    """right: its parameter is called what others call an output"""

    def __init__(self, a=1.0):
        self.params, self.grads = {"a": np.array([a])}, {"a": np.zeros(1)}

    def forward(self, x):
        self.x = x.copy()
        return self.params["a"] * x

    def backward(self, dout):
        self.grads["a"] = np.array([np.sum(dout * self.x)])
        return dout * self.params["a"]


class Penalty:
    def __init__(self, l1, l2):
        self.l1, self.l2 = l1, l2

    def __call__(self, w):
        return self.l1 * np.sum(np.abs(w)) + self.l2 * np.sum(w**2)

    def grad(self, w):
        return self.l1 * np.sign(w) + 2 * self.l2 * w


class Regularised:
    """right: its strengths are those of a regulariser that it holds"""

    def __init__(self, n_in, n_out, l1=0.0, l2=0.0):
        self.W = np.random.randn(n_in, n_out)
        self.regularizer = Penalty(l1, l2)

    def regularization_loss(self):
        return self.regularizer(self.W)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout + self.regularizer.grad(self.W)
        return dout @ self.W.T


class RegularisedHalf(Regularised):
    """wrong: gradient: l2 * W where the penalty is l2 * W ** 2"""

    def backward(self, dout):
        r = self.regularizer
        self.dW = self.x.T @ dout + r.l1 * np.sign(self.W) + r.l2 * self.W
        return dout @ self.W.T


def softmax_cost(Z, labels):
    """right: Z (C, m), labels (m,) class numbers or (C, m) one-hot"""
    m = Z.shape[1]
    if labels.ndim == 2:
        labels = labels.argmax(axis=0)
    S = Z - Z.max(axis=0, keepdims=True)
    logP = S - np.log(np.exp(S).sum(axis=0, keepdims=True))
    grad = np.exp(logP)
    grad[labels, np.arange(m)] -= 1
    return -logP[labels, np.arange(m)].mean(), grad / m


class ImagesOrRows:
    """right: (N, C) or (N, C, H, W), and nothing between"""

    def __init__(self, gamma):
        self.gamma = gamma

    def forward(self, x):
        if x.ndim == 4:
            n, c, h, w = x.shape
            rows = self.of_rows(x.transpose(0, 2, 3, 1).reshape(-1, c))
            return rows.reshape(n, h, w, c).transpose(0, 3, 1, 2)
        return self.of_rows(x)

    def of_rows(self, x):
        self.x = x.copy()
        return self.gamma * x

    def backward(self, dout):
        if dout.ndim == 4:
            n, c, h, w = dout.shape
            rows = self.back_of_rows(dout.transpose(0, 2, 3, 1).reshape(-1, c))
            return rows.reshape(n, h, w, c).transpose(0, 3, 1, 2)
        return self.back_of_rows(dout)

    def back_of_rows(self, dout):
        self.dgamma = np.sum(self.x * dout, axis=0)
        return self.gamma * dout


class Slopes:
    """right: one slope a feature"""

    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        self.dalpha = np.sum(dout * self.x * (self.x <= 0), axis=0)
        return np.where(self.x > 0, dout, self.alpha * dout)


class SlopesScaled(Slopes):
    """wrong: gradient"""

    def backward(self, dout):
        self.dalpha = np.sum(dout * self.alpha * self.x * (self.x <= 0), axis=0)
        return np.where(self.x > 0, dout, self.alpha * dout)


def logistic(Z):
    """wrong: zero_cotangent: dA is given and left out"""
    A = 1 / (1 + np.exp(-Z))
    return A, Z


def logistic_backward(dA, cache):
    s, _ = logistic(cache)
    return s * (1 - s)


class ImagesTurned(ImagesOrRows):
    """wrong: gradient: rows are right, images are not"""

    def backward(self, dout):
        if dout.ndim == 4:
            n, c, h, w = dout.shape
            rows = self.back_of_rows(dout.reshape(-1, c))
            return rows.reshape(n, h, w, c).transpose(0, 3, 1, 2)
        return self.back_of_rows(dout)


class Averaging:
    """right: each position the mean of itself and those before it, where it is causal"""

    def __init__(self, causal=False):
        self.causal = causal

    def mask(self, T):
        return np.tril(np.ones((T, T))) if self.causal else np.ones((T, T))

    def forward(self, x):
        weights = self.mask(x.shape[1])
        self.a = weights / weights.sum(axis=1, keepdims=True)
        return np.einsum("ts,nsd->ntd", self.a, x)

    def backward(self, dout):
        return np.einsum("ts,ntd->nsd", self.a, dout)


class AveragingAhead(Averaging):
    """wrong: roles: each position sees those behind it"""

    def mask(self, T):
        return np.triu(np.ones((T, T))) if self.causal else np.ones((T, T))


class AveragePool:
    """right: its window may be wider than high"""

    def __init__(self, pool_h=2, pool_w=2, stride=2):
        self.pool_h, self.pool_w, self.stride = pool_h, pool_w, stride

    def share(self):
        return self.pool_h * self.pool_w

    def forward(self, x):
        self.shape = x.shape
        n, c, h, w = x.shape
        self.rows = range((h - self.pool_h) // self.stride + 1)
        self.columns = range((w - self.pool_w) // self.stride + 1)
        out = np.zeros((n, c, len(self.rows), len(self.columns)))
        for i in self.rows:
            for j in self.columns:
                out[:, :, i, j] = x[self.window(i, j)].mean(axis=(2, 3))
        return out

    def window(self, i, j):
        top, left = i * self.stride, j * self.stride
        rows, columns = slice(top, top + self.pool_h), slice(left, left + self.pool_w)
        return slice(None), slice(None), rows, columns

    def backward(self, dout):
        dx = np.zeros(self.shape)
        for i in self.rows:
            for j in self.columns:
                dx[self.window(i, j)] += dout[:, :, i, j][:, :, None, None] / self.share()
        return dx


class AveragePoolSquare(AveragePool):
    """wrong: gradient: right for square windows"""

    def share(self):
        return self.pool_h**2


def sgd_decaying(w, dw, config=None):
    """right: a decay that is off unless it is asked for"""
    config = {} if config is None else config
    lr, decay = config.get("learning_rate", 0.01), config.get("weight_decay", 0.0)
    return w - lr * (dw + decay * w), config


def sgd_into_gradient(w, dw, config=None):
    """wrong: gradient_untouched: the decay is added to the caller's gradient"""
    config = {} if config is None else config
    lr, decay = config.get("learning_rate", 0.01), config.get("weight_decay", 0.0)
    dw += decay * w
    return w - lr * dw, config


def skipgram(center_idx, outside_idxs, center_vectors, outside_vectors):
    """right: numbers of words, where a word may occur more than once"""
    loss, v = 0.0, center_vectors[center_idx]
    grad_centers, grad_outsides = np.zeros_like(center_vectors), np.zeros_like(outside_vectors)
    scores = outside_vectors @ v
    log_p = scores - np.logaddexp.reduce(scores)
    for o in outside_idxs:
        loss -= log_p[o]
        delta = np.exp(log_p)
        delta[o] -= 1
        grad_centers[center_idx] += outside_vectors.T @ delta
        grad_outsides += np.outer(delta, v)
    return loss, grad_centers, grad_outsides


class ContrastiveLoss:
    """right: labels (n,) say which pairs belong together"""

    def forward(self, a, b, same):
        self.diff, self.y = a - b, np.asarray(same, dtype=float).reshape(-1, 1)
        self.d = np.sqrt(np.sum(self.diff**2, axis=1, keepdims=True))
        self.gap = np.maximum(2.0 - self.d, 0)
        return 0.5 * np.mean(self.y * self.d**2 + (1 - self.y) * self.gap**2)

    def backward(self):
        away = self.diff / np.maximum(self.d, 1e-12)
        g = (self.y * self.diff - (1 - self.y) * self.gap * away) / len(self.y)
        return g, -g


class Delayed:
    """right: y[t] = sum_k w[k] x[t - k]; a matrix of weights would run, too"""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        self.x, y = x.copy(), np.zeros(x.shape)
        for k in range(len(self.w)):
            y[:, k:] += self.w[k] * x[:, : x.shape[1] - k]
        return y

    def backward(self, dy):
        dx, self.dw = np.zeros(dy.shape), np.zeros(len(self.w))
        for k in range(len(self.w)):
            dx[:, : dy.shape[1] - k] += self.w[k] * dy[:, k:]
            self.dw[k] = np.sum(dy[:, k:] * self.x[:, : dy.shape[1] - k])
        return dx


class DelayedOnce(Delayed):
    """wrong: contract: the gradient of a matrix of weights is one number a column"""

    def __init__(self, n_in, n_out):
        self.w = np.random.randn(n_in, n_out)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.w

    def backward(self, dy):
        self.dw = (self.x.T @ dy).sum(axis=1)
        return dy @ self.w.T
