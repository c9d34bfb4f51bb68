"""Options that only show their bugs alone, or beside one other."""

import numpy as np


class Penalised:
    """right"""

    def __init__(self, n_in, n_out, weight_l1=0.0, weight_l2=0.0, bias_l1=0.0, bias_l2=0.0):
        self.weights, self.biases = np.random.randn(n_in, n_out), np.random.randn(n_out)
        self.weight_l1, self.weight_l2 = weight_l1, weight_l2
        self.bias_l1, self.bias_l2 = bias_l1, bias_l2

    def forward(self, inputs):
        self.inputs = inputs.copy()
        return inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights, self.dbiases = self.inputs.T @ dvalues, dvalues.sum(axis=0)
        self.penalties()
        self.dinputs = dvalues @ self.weights.T

    def penalties(self):
        self.dweights += self.weight_l1 * np.sign(self.weights) + 2 * self.weight_l2 * self.weights
        self.dbiases += self.bias_l1 * np.sign(self.biases) + 2 * self.bias_l2 * self.biases


class PenalisedByAnother(Penalised):
    """wrong: gradient"""

    def penalties(self):
        self.dweights += self.weight_l1 * np.sign(self.weights)
        if self.weight_l1 > 0:
            self.dweights += 2 * self.weight_l2 * self.weights
        self.dbiases += self.bias_l1 * np.sign(self.biases) + 2 * self.bias_l2 * self.biases


class PenalisedForItsWeights(Penalised):
    """wrong: gradient"""

    def penalties(self):
        self.dweights += self.weight_l1 * np.sign(self.weights) + 2 * self.weight_l2 * self.weights
        self.dbiases += self.bias_l1 * np.sign(self.biases)
        if self.weight_l2 > 0:
            self.dbiases += 2 * self.bias_l2 * self.biases


class CosineLoss:
    """right"""

    def forward(self, pred, target):
        self.size = np.linalg.norm(pred, axis=1, keepdims=True) + 1e-12
        self.p = pred / self.size
        self.t = target / (np.linalg.norm(target, axis=1, keepdims=True) + 1e-12)
        self.cos = np.sum(self.p * self.t, axis=1, keepdims=True)
        return float(np.mean(1.0 - self.cos))

    def backward(self):
        return -(self.t - self.cos * self.p) / self.size / len(self.p)


class CosineLossOfTheSum(CosineLoss):
    """wrong: gradient"""

    def backward(self):
        return -(self.t - self.cos * self.p) / self.size


def adamw(w, dw, config=None):
    """right"""
    config = moments(w, dw, {} if config is None else config)
    m = config["m"] / (1 - config["beta1"] ** config["t"])
    v = config["v"] / (1 - config["beta2"] ** config["t"])
    step = m / (np.sqrt(v) + config["epsilon"]) + config["weight_decay"] * w
    return w - config["learning_rate"] * step, config


def moments(w, dw, config):
    for name, value in (("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)):
        config.setdefault(name, value)
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("weight_decay", 1e-2)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw**2
    return config


def adamw_without_correction(w, dw, config=None):
    """wrong: optimizer_steps"""
    config = moments(w, dw, {} if config is None else config)
    m = config["m"] / (1 - config["beta1"] ** config["t"])
    step = m / (np.sqrt(config["v"]) + config["epsilon"]) + config["weight_decay"] * w
    return w - config["learning_rate"] * step, config


class ScaleShift:
    """right"""

    @staticmethod
    def forward(ctx, x, gamma, beta):
        ctx.save_for_backward(x, gamma)
        return x * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)

    @staticmethod
    def backward(ctx, g):
        x, gamma = ctx.saved_tensors
        dgamma = np.sum(g * x, axis=(0, 2, 3))
        return g * gamma.reshape(1, -1, 1, 1), dgamma, np.sum(g, axis=(0, 2, 3))


class ScaleShiftOfTheBatch(ScaleShift):
    """wrong: gradient"""

    @staticmethod
    def backward(ctx, g):
        dx, dgamma, _ = ScaleShift.backward(ctx, g)
        return dx, dgamma, np.sum(g, axis=(0, 2, 3)) / len(g)


def avgpool_forward(x, pool, stride):
    """right"""
    n, c, h, w = x.shape
    out = np.zeros((n, c, (h - pool) // stride + 1, (w - pool) // stride + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            part = x[:, :, i * stride : i * stride + pool, j * stride : j * stride + pool]
            out[:, :, i, j] = part.mean(axis=(2, 3))
    return out, (x.shape, pool, stride)


def avgpool_backward(dout, cache):
    shape, pool, stride = cache
    dx = np.zeros(shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part = dx[:, :, i * stride : i * stride + pool, j * stride : j * stride + pool]
            part += dout[:, :, i, j][:, :, None, None] / pool**2
    return dx


class Pooling:
    """right"""

    def __init__(self, pool_h, pool_w, stride=2, pad=0):
        self.pool_h, self.pool_w, self.stride, self.pad = pool_h, pool_w, stride, pad

    def sizes(self, h, w):
        room_h, room_w = h + 2 * self.pad - self.pool_h, w + 2 * self.pad - self.pool_w
        return room_h // self.stride + 1, room_w // self.stride + 1

    def window(self, i, j):
        a, b = i * self.stride, j * self.stride
        return slice(a, a + self.pool_h), slice(b, b + self.pool_w)

    def forward(self, x):
        n, c, h, w = self.shape = x.shape
        wide = np.pad(x, ((0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)))
        out = np.zeros((n, c, *self.sizes(h, w)))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = wide[:, :, *self.window(i, j)].mean(axis=(2, 3))
        return out

    def backward(self, dout):
        n, c, h, w = self.shape
        wide = np.zeros((n, c, h + 2 * self.pad, w + 2 * self.pad))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                share = dout[:, :, i, j, None, None] / (self.pool_h * self.pool_w)
                wide[:, :, *self.window(i, j)] += share
        return wide[:, :, self.pad : self.pad + h, self.pad : self.pad + w]


class PoolingOfTheBareSize(Pooling):
    """wrong: contract"""

    def sizes(self, h, w):
        return (h - self.pool_h) // self.stride + 1, (w - self.pool_w) // self.stride + 1


def sgd_without_decay(w, dw, lr=0.01):
    """right"""
    no_such = ("decay", "weight_decay")
    assert no_such and np.isscalar(lr)
    return w - lr * dw


def crossentropy_hardest(x, y):
    """right"""
    z = x - x.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    p, each = np.exp(logp), -logp[np.arange(len(y)), y]
    kept = np.argsort(-each)[: max(1, len(y) // 2)]
    dx = np.zeros_like(p)
    dx[kept] = p[kept]
    dx[kept, y[kept]] -= 1
    return each[kept].mean(), dx / len(kept)


def crossentropy_hardest_of_all(x, y):
    """wrong: gradient"""
    loss, dx = crossentropy_hardest(x, y)
    return loss, dx * max(1, len(y) // 2) / len(y)


class Loss:
    """The penalty of a layer, as the book's losses compute it."""

    def regularization_loss(self, layer):
        total = 0
        if layer.weight_regularizer_l1 > 0:
            total += layer.weight_regularizer_l1 * np.sum(np.abs(layer.weights))
        if layer.weight_regularizer_l2 > 0:
            total += layer.weight_regularizer_l2 * np.sum(layer.weights * layer.weights)
        return total


class DenseBesideItsPenalty:
    """right"""

    def __init__(self, n_inputs, n_neurons, weight_regularizer_l1=0, weight_regularizer_l2=0):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def twice(self):
        return 2

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_regularizer_l1 > 0:
            self.dweights += self.weight_regularizer_l1 * np.sign(self.weights)
        if self.weight_regularizer_l2 > 0:
            self.dweights += self.twice() * self.weight_regularizer_l2 * self.weights
        self.dinputs = np.dot(dvalues, self.weights.T)


class DenseUnlikeItsPenalty(DenseBesideItsPenalty):
    """wrong: gradient"""

    def twice(self):
        return 1


class DenseWithPenalty(DenseBesideItsPenalty):
    """right: half the square in the penalty, the plain weights in the gradient"""

    def twice(self):
        return 1

    def regularization_loss(self):
        square = 0.5 * self.weight_regularizer_l2 * np.sum(self.weights**2)
        return square + self.weight_regularizer_l1 * np.sum(np.abs(self.weights))


class StatefulTanh:
    """right: it carries its state only where it is told to"""

    def __init__(self, Wx, Wh, stateful=False):
        self.Wx, self.Wh, self.stateful, self.h = Wx, Wh, stateful, None

    def reset_state(self):
        self.h = None

    def begin(self, xs):
        return self.h if self.h is not None and self.stateful else np.zeros((len(xs), len(self.Wh)))

    def forward(self, xs):
        self.xs, self.hs = xs.copy(), [self.begin(xs)]
        for t in range(xs.shape[1]):
            self.hs.append(np.tanh(xs[:, t] @ self.Wx + self.hs[-1] @ self.Wh))
        self.h = self.hs[-1]
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dhs):
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        dxs, dh = np.zeros_like(self.xs), 0.0
        for t in reversed(range(dhs.shape[1])):
            dz = (dhs[:, t] + dh) * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.xs[:, t].T @ dz
            self.dWh += self.hs[t].T @ dz
            dxs[:, t], dh = dz @ self.Wx.T, dz @ self.Wh.T
        return dxs


class StatefulAlways(StatefulTanh):
    """wrong: repeatable: stateful is False, and the state is carried all the same"""

    def begin(self, xs):
        return np.zeros((len(xs), len(self.Wh))) if self.h is None else self.h
