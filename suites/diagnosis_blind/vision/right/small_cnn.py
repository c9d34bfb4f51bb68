"""A small CNN, conv - relu - pool - affine - relu - affine - softmax, from functions with caches."""
import numpy as np


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1) @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dw = x.reshape(x.shape[0], -1).T @ dout
    dx = (dout @ w.T).reshape(x.shape)
    return dx, dw, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def conv_forward(x, w, b):
    """'Same' convolution with stride 1; the kernel's size is odd."""
    k = w.shape[2]
    xp = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    view = np.lib.stride_tricks.sliding_window_view(xp, (k, k), axis=(2, 3))
    out = np.einsum("nchwij,fcij->nfhw", view, w) + b[:, None, None]
    return out, (view, w)


def conv_backward(dout, cache):
    view, w = cache
    p = w.shape[2] // 2
    dw = np.einsum("nchwij,nfhw->fcij", view, dout)
    dpad = np.pad(dout, ((0, 0), (0, 0), (p, p), (p, p)))
    around = np.lib.stride_tricks.sliding_window_view(dpad, w.shape[2:], axis=(2, 3))
    dx = np.einsum("nfhwij,fcij->nchw", around, w[:, :, ::-1, ::-1])
    return dx, dw, dout.sum(axis=(0, 2, 3))


def max_pool_forward(x):
    """2 x 2 windows, stride 2, even height and width."""
    n, c, h, w = x.shape
    tiles = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    best = tiles.argmax(axis=-1)
    return tiles.max(axis=-1), (x.shape, best)


def max_pool_backward(dout, cache):
    (n, c, h, w), best = cache
    tiles = dout[..., None] * (np.arange(4) == best[..., None])
    return tiles.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h, w)


def softmax_loss(scores, y):
    """Mean cross-entropy for class numbers y; returns (loss, dscores)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    n = scores.shape[0]
    loss = -np.sum(log_probs[np.arange(n), y]) / n
    dscores = np.exp(log_probs)
    dscores[np.arange(n), y] -= 1
    dscores /= n
    return loss, dscores


class SmallConvNet:
    def __init__(self, input_dim=(1, 8, 8), filters=4, hidden=16, classes=3, scale=0.1, reg=0.0, seed=0):
        rng = np.random.RandomState(seed)
        c, h, w = input_dim
        self.reg, self.classes = reg, classes
        self.params = {
            "W1": scale * rng.randn(filters, c, 3, 3), "b1": np.zeros(filters),
            "W2": scale * rng.randn(filters * (h // 2) * (w // 2), hidden), "b2": np.zeros(hidden),
            "W3": scale * rng.randn(hidden, classes), "b3": np.zeros(classes),
        }

    def scores(self, X):
        p = self.params
        a, self.conv_cache = conv_forward(X, p["W1"], p["b1"])
        a, self.relu1_cache = relu_forward(a)
        a, self.pool_cache = max_pool_forward(a)
        a, self.fc1_cache = affine_forward(a, p["W2"], p["b2"])
        a, self.relu2_cache = relu_forward(a)
        out, self.fc2_cache = affine_forward(a, p["W3"], p["b3"])
        return out

    def loss(self, X, y):
        """(loss, grads), with the penalty reg/2 * sum of the squared weights."""
        grads = {}
        data_loss, d = softmax_loss(self.scores(X), y)
        d, grads["W3"], grads["b3"] = affine_backward(d, self.fc2_cache)
        d = relu_backward(d, self.relu2_cache)
        d, grads["W2"], grads["b2"] = affine_backward(d, self.fc1_cache)
        d = max_pool_backward(d, self.pool_cache)
        d = relu_backward(d, self.relu1_cache)
        _, grads["W1"], grads["b1"] = conv_backward(d, self.conv_cache)
        penalty = 0.0
        for name in ("W1", "W2", "W3"):
            penalty += 0.5 * self.reg * np.sum(self.params[name] ** 2)
            grads[name] = grads[name] + self.reg * self.params[name]
        return data_loss + penalty, grads

    def predict(self, X):
        return self.scores(X).argmax(axis=1)

    def accuracy(self, X, y):
        """y: class numbers of shape (n,) or (n, 1)."""
        return np.mean(self.predict(X) == np.ravel(y))

    def recall_per_class(self, X, y):
        """The share of each class that is found (0 for a class without samples)."""
        found, result = self.predict(X), np.zeros(self.classes)
        for k in range(self.classes):
            chosen = y == k
            if chosen.any():
                result[k] = np.mean(found[chosen] == k)
        return result

    def train_step(self, X, y, lr=0.1):
        loss, grads = self.loss(X, y)
        for name in self.params:
            self.params[name] = self.params[name] - lr * grads[name]
        return loss
