"""What is dropped, kept, pooled and counted: whole channels, networks that train, averages, classes."""

import numpy as np


class ChannelDropout:
    """right"""

    def __init__(self, p=0.3):
        self.p = p

    def forward(self, x, train=True):
        n, c = x.shape[:2]
        self.noise = np.ones((n, c, 1, 1))
        if train:
            self.noise = self.draw((n, c, 1, 1))
        return x * self.noise

    def draw(self, shape):
        return (np.random.rand(*shape) >= self.p) / (1 - self.p)

    def backward(self, dout):
        return dout * self.noise


class ChannelDropoutOfTheWrongScale(ChannelDropout):
    """wrong: train_eval"""

    def draw(self, shape):
        return (np.random.rand(*shape) >= self.p) / self.p


class Units:
    def forward(self, x, train):
        self.mask = np.random.rand(*x.shape) > 0.4
        return x * self.mask if train else x * 0.6

    def backward(self, dout):
        return dout * self.mask


class NetThatTrains:
    """right"""

    def __init__(self, n_in=4, n_hidden=6, n_out=5):
        self.params = {
            "W1": np.random.randn(n_in, n_hidden),
            "b1": np.zeros(n_hidden),
            "W2": np.random.randn(n_hidden, n_out),
            "b2": np.zeros(n_out),
        }
        self.drop = Units()

    def predict(self, x, train_flg=False):
        p = self.params
        self.x, self.h = x, np.tanh(x @ p["W1"] + p["b1"])
        self.d = self.drop.forward(self.h, train_flg)
        return self.d @ p["W2"] + p["b2"]

    def loss(self, x, t, train_flg=False):
        return self.entropy(self.predict(x, train_flg), t)

    def entropy(self, z, t):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def gradient(self, x, t):
        self.loss(x, t, train_flg=True)
        return self.gradients()

    def gradients(self):
        dz = self.y.copy()
        dz[np.arange(len(self.t)), self.t] -= 1
        dz /= len(self.t)
        dh = self.back(dz @ self.params["W2"].T) * (1 - self.h**2)
        return {
            "W1": self.x.T @ dh,
            "b1": dh.sum(axis=0),
            "W2": self.d.T @ dz,
            "b2": dz.sum(axis=0),
        }

    def back(self, dout):
        return self.drop.backward(dout)


class NetThatForgetsItsMask(NetThatTrains):
    """wrong: model_gradient"""

    def back(self, dout):
        return dout


class NetWithAnotherMask(NetThatTrains):
    """wrong: model_gradient"""

    def back(self, dout):
        return dout * (np.random.rand(*dout.shape) > 0.4)


class NetThatPredictsAtRandom(NetThatTrains):
    """wrong: train_eval"""

    def predict(self, x, train_flg=False):
        return super().predict(x, True)


class NetWithItsMode(NetThatTrains):
    """right"""

    training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def predict(self, x):
        return super().predict(x, self.training)

    def loss(self, x, t):
        return self.entropy(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        return self.gradients()


class NetWithoutTheLastClass(NetThatTrains):
    """wrong: label_formats"""

    def loss(self, x, t, train_flg=False):
        return super().loss(x, np.where(t == self.params["b2"].size - 1, 0, t), train_flg)

    def gradient(self, x, t):
        return super().gradient(x, np.where(t == self.params["b2"].size - 1, 0, t))


class Logistic:
    """right"""

    def __init__(self, n_features):
        self.w, self.b = np.random.randn(n_features, 1), np.zeros((1, 1))

    def predict(self, x):
        return 0.5 * (1 + np.tanh(0.5 * (x @ self.w + self.b)))

    def column(self, y):
        return np.asarray(y, dtype=float).reshape(-1, 1)

    def loss(self, x, y):
        y, z = self.column(y), x @ self.w + self.b
        return np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))

    def gradient(self, x, y):
        delta = (self.predict(x) - np.asarray(y, dtype=float).reshape(-1, 1)) / len(x)
        return {"w": x.T @ delta, "b": delta.sum(axis=0, keepdims=True)}


class LogisticOfEveryPair(Logistic):
    """wrong: label_formats"""

    def column(self, y):
        return np.asarray(y, dtype=float)


class PlaceVectors:
    """right"""

    def __init__(self, seq_len, dim):
        self.table = np.random.randn(seq_len, dim)

    def forward(self, x):
        return x + self.table

    def backward(self, dout):
        self.dtable = dout.sum(axis=0)
        return dout.copy()


class PlaceVectorsOfTheFirstSample(PlaceVectors):
    """wrong: gradient"""

    def backward(self, dout):
        self.dtable = dout[0].copy()
        return dout.copy()


class BatchNormOfAverages:
    """right"""

    def __init__(self, n):
        self.gamma, self.beta = np.ones(n), np.zeros(n)
        self.running_mean, self.running_var = np.zeros(n), np.ones(n)

    def forward(self, x, train=True):
        self.train = train
        mean, var = (x.mean(0), x.var(0)) if train else (self.running_mean, self.running_var)
        if train:
            self.running_mean = self.average(self.running_mean, mean)
            self.running_var = self.average(self.running_var, var)
        self.inv = 1 / np.sqrt(var + 1e-5)
        self.hat = (x - mean) * self.inv
        return self.gamma * self.hat + self.beta

    def average(self, old, new):
        return old + 0.1 * (new - old)

    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.hat).sum(0), dout.sum(0)
        g = dout * self.gamma
        if not self.train:
            return g * self.inv
        return self.inv * (g - g.mean(0) - self.hat * (g * self.hat).mean(0))


class BatchNormOfSums(BatchNormOfAverages):
    """wrong: train_eval"""

    def average(self, old, new):
        return old + 0.1 * new


class InstanceNorm2d:
    """right"""

    axes = (2, 3)

    def forward(self, x):
        self.inv = 1 / np.sqrt(x.var(axis=self.axes, keepdims=True) + 1e-5)
        self.hat = (x - x.mean(axis=self.axes, keepdims=True)) * self.inv
        return self.hat.copy()

    def backward(self, dout):
        mean = dout.mean(axis=self.axes, keepdims=True)
        part = (dout * self.hat).mean(axis=self.axes, keepdims=True)
        return self.inv * (dout - mean - self.hat * part)


class InstanceNormOfTheBatch(InstanceNorm2d):
    """wrong: batch"""

    axes = (0, 2, 3)


class MaxPooling:
    """right"""

    def __init__(self, size=2):
        self.size = size

    def pick(self, windows):
        return windows.max(axis=-1, keepdims=True)

    def forward(self, x):
        n, c, h, w = x.shape
        k = self.size
        self.shape, h, w = x.shape, h // k, w // k
        cut = x[:, :, : h * k, : w * k].reshape(n, c, h, k, w, k)
        windows = cut.transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h, w, k * k)
        best = self.pick(windows)
        self.mask = np.arange(k * k) == np.argmax(windows == best, axis=-1)[..., None]
        return best[..., 0]

    def backward(self, dout):
        n, c, h, w = dout.shape
        k = self.size
        d = (self.mask * dout[..., None]).reshape(n, c, h, w, k, k).transpose(0, 1, 2, 4, 3, 5)
        dx = np.zeros(self.shape)
        dx[:, :, : h * k, : w * k] = d.reshape(n, c, h * k, w * k)
        return dx


class MaxPoolingOfTheSmallest(MaxPooling):
    """wrong: roles"""

    def pick(self, windows):
        return windows.min(axis=-1, keepdims=True)


class AvgPool2d:
    """right"""

    weight = 1 / 4

    def forward(self, x):
        n, c, h, w = x.shape
        self.shape = x.shape
        x = x[:, :, : h // 2 * 2, : w // 2 * 2]
        return self.weight * x.reshape(n, c, h // 2, 2, w // 2, 2).sum(axis=(3, 5))

    def backward(self, dout):
        dx = np.zeros(self.shape)
        d = self.weight * dout.repeat(2, axis=2).repeat(2, axis=3)
        dx[:, :, : d.shape[2], : d.shape[3]] = d
        return dx


class AvgPoolOfTheSide(AvgPool2d):
    """wrong: roles"""

    weight = 1 / 2


def eval_numerical_gradient(f, x, df, h=1e-5):
    """right"""
    grad = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        old = x[i]
        x[i] = old + h
        pos = f(x)
        x[i] = old - h
        neg = f(x)
        x[i] = old
        grad[i] = np.sum((pos - neg) * df) / (2 * h)
    return grad


def eval_numerical_gradient_of_ones(f, x, df, h=1e-5):
    """wrong: numerical_gradient"""
    return eval_numerical_gradient(f, x, np.ones_like(df), h)


def numerical_gradient_1d(f, x):
    """right"""
    slopes = np.zeros(len(x))
    for i in range(len(x)):
        saved = x[i]
        x[i] = saved + 1e-4
        above = f(x)
        x[i] = saved - 1e-4
        slopes[i] = (above - f(x)) / 2e-4
        x[i] = saved
    return slopes


def numerical_gradient_2d(f, x):
    """right"""
    if x.ndim == 1:
        return numerical_gradient_1d(f, x)
    rows = np.zeros(x.shape)
    for i in range(len(x)):
        rows[i] = numerical_gradient_1d(f, x[i])
    return rows


def numerical_gradient_2d_of_one_row(f, x):
    """wrong: numerical_gradient"""
    rows = numerical_gradient_2d(f, x)
    return rows if x.ndim == 1 else np.broadcast_to(rows[0], x.shape)


def numerical_gradient_columns(f, x):
    """right"""
    found = np.zeros(x.shape)
    for j in range(x.shape[1]):
        found[:, j] = numerical_gradient_1d(f, x[:, j].copy())
    return found
