"""Bugs that only a size of one, an axis more or a tuple of inputs shows, and layers that look wrong."""

import numpy as np


class Dense:
    """right"""

    def __init__(self, n_in, n_out):
        self.w, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)

    def forward(self, x):
        self.x = x.copy()
        return self.x @ self.w + self.b

    def backward(self, d):
        x, g = self.x.reshape(-1, self.x.shape[-1]), d.reshape(-1, d.shape[-1])
        self.dw, self.db = x.T @ g, g.sum(0)
        return d @ self.w.T


class DenseOfTwoAxes(Dense):
    """right"""

    def backward(self, d):
        self.dw, self.db = self.x.T @ d, d.sum(axis=0)
        return d @ self.w.T


class DenseSqueezed(Dense):
    """wrong: contract"""

    def backward(self, d):
        dx = super().backward(d)
        self.dw = np.squeeze(self.dw)
        return dx


class DenseAveragedOverTime(Dense):
    """wrong: gradient"""

    def backward(self, d):
        dx = super().backward(d)
        if d.ndim == 3:
            self.dw = self.dw / d.shape[1]
        return dx


class SqueezedMSE:
    """wrong: batch"""

    def forward(self, pred, target):
        self.d = pred - target
        return np.mean(self.d**2)

    def backward(self):
        return 2 * np.squeeze(self.d) / self.d.size


class MultiplyTuples:
    """right"""

    def forward(self, inputs):
        a, b = inputs
        return (a * b,)

    def backward(self, inputs, grad_outputs):
        a, b = inputs
        (gy,) = grad_outputs
        return gy * b, gy * a


class MultiplyTuplesCrossed(MultiplyTuples):
    """wrong: gradient"""

    def backward(self, inputs, grad_outputs):
        a, b = inputs
        (gy,) = grad_outputs
        return gy * a, gy * b


class CosineLoss:
    """right"""

    def forward(self, y_pred, y_true):
        self.p, self.t = y_pred.copy(), y_true.copy()
        self.n_p = self.length(y_pred)
        self.n_t = self.length(y_true)
        self.cos = (y_pred * y_true).sum(1, keepdims=True) / (self.n_p * self.n_t)
        return np.mean(1 - self.cos)

    def length(self, rows):
        return np.sqrt((rows**2).sum(axis=1, keepdims=True) + 1e-12)

    def backward(self):
        d = self.t / (self.n_p * self.n_t) - self.cos * self.p / self.n_p**2
        return -d / len(self.p)


class CosineLossUnguarded(CosineLoss):
    """wrong: extremes"""

    def length(self, rows):
        return np.linalg.norm(rows, axis=1, keepdims=True)


class SpectralNormDense:
    """right"""

    def __init__(self, n_in, n_out):
        self.weight = np.random.randn(n_out, n_in)
        self.u = np.ones(n_out) / np.sqrt(n_out)
        self.training = True

    def forward(self, x):
        v = self.weight.T @ self.u
        v = v / np.linalg.norm(v)
        if self.training:
            u = self.weight @ v
            self.u, self.v = u / np.linalg.norm(u), v
        elif not hasattr(self, "v"):
            self.v = np.ones(len(v)) / np.sqrt(len(v))
        self.sigma = self.u @ self.weight @ self.v
        self.x, self.w_bar = x.copy(), self.weight / self.sigma
        return x @ self.w_bar.T

    def backward(self, grad):
        g = grad.T @ self.x
        self.grad_weight = (g - (g * self.w_bar).sum() * np.outer(self.u, self.v)) / self.sigma
        return grad @ self.w_bar


class SpectralNormDenseDetached(SpectralNormDense):
    """wrong: gradient"""

    def backward(self, grad):
        self.grad_weight = grad.T @ self.x / self.sigma
        return grad @ self.w_bar


class GainedSteps:
    """right"""

    def __init__(self, dim):
        self.gain = np.random.randn(dim)

    def forward(self, x):
        self.x, self.y = x.copy(), np.tanh(x)
        return x + self.gain * self.y

    def backward(self, dout):
        self.dgain = (dout * self.y).sum(axis=(0, 1))
        return dout * (1 + self.gain * (1 - self.y**2))


class GainedStepsOverTime(GainedSteps):
    """wrong: contract"""

    def backward(self, dout):
        self.dgain = (dout * self.y).sum(axis=1)
        return dout * (1 + self.gain * (1 - self.y**2))


class InstanceNorm:
    """right"""

    def __init__(self, channels, eps=1e-2, momentum=0.9):
        self.scale, self.shift = np.ones(channels), np.zeros(channels)
        self.running_mean, self.running_var = np.zeros(channels), np.ones(channels)
        self.eps, self.momentum = eps, momentum

    def forward(self, x, training=True):
        self.training = training
        mean, var = self.running_mean, self.running_var
        if training:
            mean, var = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
            k = self.momentum
            self.running_mean = k * self.running_mean + (1 - k) * mean.mean(axis=(0, 1, 2))
            self.running_var = k * self.running_var + (1 - k) * var.mean(axis=(0, 1, 2))
        self.std = np.sqrt(var + self.eps)
        self.normed = (x - mean) / self.std
        return self.normed * self.scale + self.shift

    def backward(self, grad):
        self.dscale = (grad * self.normed).sum(axis=(0, 1, 2))
        self.dshift = grad.sum(axis=(0, 1, 2))
        g = grad * self.scale / self.std
        if not self.training:
            return g
        mean = g.mean(axis=(1, 2), keepdims=True)
        return g - mean - self.normed * (g * self.normed).mean(axis=(1, 2), keepdims=True)


class InstanceNormShares(InstanceNorm):
    """wrong: train_eval"""

    def forward(self, x, training=True):
        before = self.running_mean
        out = super().forward(x, training)
        self.running_mean = before if training else self.running_mean
        return out


class HandedOver:
    """right"""

    def __init__(self, weights, biases):
        self.weights = np.array(weights, dtype=float)
        self.biases = np.array(biases, dtype=float)

    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class HandedOverOtherAxis(HandedOver):
    """wrong: contract"""

    def backward(self, dvalues):
        super().backward(dvalues)
        self.dbiases = np.sum(dvalues, axis=1, keepdims=True)


class SkippingSteps:
    """right"""

    def __init__(self, dim):
        self.skip = np.random.randn(dim)

    def forward(self, x):
        self.x = x.copy()
        return np.cumsum(x, axis=1) + self.skip * x

    def backward(self, dy):
        self.dskip = np.sum(dy * self.x, axis=(0, 1))
        return np.flip(np.cumsum(np.flip(dy, axis=1), axis=1), axis=1) + self.skip * dy


class SkippingStepsOfEachTime(SkippingSteps):
    """wrong: contract"""

    def backward(self, dy):
        dx = super().backward(dy)
        self.dskip = np.sum(dy * self.x, axis=0)
        return dx


class TableOfScores:
    """right"""

    def __init__(self, seq_len, dim):
        self.W, self.bias = np.random.randn(dim, dim), np.zeros((seq_len, seq_len))

    def forward(self, x):
        self.x, self.v = x.copy(), x @ self.W
        scores = x @ x.transpose(0, 2, 1) + self.bias
        return np.tanh(scores) @ self.v

    def backward(self, dout):
        scores = np.tanh(self.x @ self.x.transpose(0, 2, 1) + self.bias)
        ds = (dout @ self.v.transpose(0, 2, 1)) * (1 - scores**2)
        self.dbias = ds.sum(axis=0)
        dv = scores.transpose(0, 2, 1) @ dout
        self.dW = np.einsum("ntd,nte->de", self.x, dv)
        return ds @ self.x + ds.transpose(0, 2, 1) @ self.x + dv @ self.W.T


class ReadsMemory:
    """right"""

    def forward(self, x, memory):
        self.memory, c, self.log, out = memory.copy(), np.zeros(x[:, 0].shape), [], []
        for t in range(x.shape[1]):
            query = x[:, t] + c
            e = np.einsum("nsd,nd->ns", memory, query)
            w = np.exp(e - e.max(axis=1, keepdims=True))
            w = w / w.sum(axis=1, keepdims=True)
            c = np.einsum("ns,nsd->nd", w, memory)
            self.log.append((query, w))
            out.append(c)
        return np.stack(out, axis=1)

    def backward(self, dout):
        dx, dmem, dc_next = np.zeros(dout.shape), np.zeros(self.memory.shape), self.nothing(dout)
        for t in reversed(range(dout.shape[1])):
            query, w = self.log[t]
            dc = dout[:, t] + dc_next
            dw = np.einsum("nd,nsd->ns", dc, self.memory)
            de = w * (dw - np.sum(dw * w, axis=1, keepdims=True))
            dmem += w[:, :, None] * dc[:, None] + de[:, :, None] * query[:, None]
            dx[:, t] = np.einsum("ns,nsd->nd", de, self.memory)
            dc_next = self.kept(dx[:, t])
        return dx, dmem

    def nothing(self, dout):
        return np.zeros(dout[:, 0].shape)

    def kept(self, d):
        return d


class ReadsMemoryForgetful(ReadsMemory):
    """wrong: gradient"""

    def kept(self, d):
        return 0 * d
