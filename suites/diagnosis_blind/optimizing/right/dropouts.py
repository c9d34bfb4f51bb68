"""Ways to drop units, weights, channels, attention and whole branches."""
import numpy as np


class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs, training=True):
        if not training:
            self.binary_mask = np.ones(inputs.shape, dtype=inputs.dtype)
            self.output = inputs.copy()
            return
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.binary_mask


class Dropout:
    """Not inverted: units are dropped in training, everything is scaled down in evaluation."""

    def __init__(self, dropout_ratio=0.3):
        self.dropout_ratio = dropout_ratio

    def forward(self, x, train_flg=True):
        if train_flg:
            self.factor = np.random.rand(*x.shape) > self.dropout_ratio
        else:
            self.factor = 1.0 - self.dropout_ratio
        return x * self.factor

    def backward(self, dout):
        return dout * self.factor


def dropout_forward(x, dropout_param):
    """p is the probability to keep a unit; inverted"""
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    if mode == "train":
        keep = np.random.rand(*x.shape) < p
        mask = keep / p
        out = x * mask
    else:
        out = x.copy()
    return out.astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "train":
        return dout * mask
    return dout.copy()


class SpatialDropout2D:
    """Drops whole channels of NCHW images."""

    def __init__(self, p=0.25):
        self.p = p
        self.training = True

    def forward(self, x):
        self.mask = np.ones((x.shape[0], x.shape[1], 1, 1))
        if self.training and self.p > 0:
            drawn = np.random.random_sample(self.mask.shape) >= self.p
            self.mask = drawn / (1.0 - self.p)
        return x * self.mask

    def backward(self, grad_output):
        return grad_output * self.mask


class DropConnectDense:
    """Drops single weights in training; in evaluation the weights are scaled by the keep probability."""

    def __init__(self, n_in, n_out, keep_prob=0.8):
        self.W = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)
        self.keep_prob = keep_prob

    def forward(self, x, is_training=True):
        self.x = x
        if is_training:
            self.M = (np.random.rand(*self.W.shape) < self.keep_prob).astype(self.W.dtype)
        else:
            self.M = np.full(self.W.shape, self.keep_prob)
        return x @ (self.W * self.M) + self.b

    def backward(self, dout):
        self.dW = (self.x.T @ dout) * self.M
        self.db = dout.sum(axis=0)
        return dout @ (self.W * self.M).T


class AttentionDropout:
    """softmax(q k^T / sqrt(d)) with inverted dropout on the weights, then times v; arrays (batch, length, d)"""

    def __init__(self, rate=0.1):
        self.rate = rate

    def forward(self, q, k, v, train=True):
        self.q, self.k, self.v = q, k, v
        self.root = np.sqrt(q.shape[-1])
        s = q @ k.transpose(0, 2, 1) / self.root
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        self.a = e / e.sum(axis=-1, keepdims=True)
        if train:
            self.kept = np.random.rand(*self.a.shape) >= self.rate
            self.scale = 1.0 / (1.0 - self.rate)
        else:
            self.kept, self.scale = np.ones(self.a.shape, dtype=bool), 1.0
        self.dropped = self.a * self.kept * self.scale
        return self.dropped @ v

    def backward(self, dout):
        dv = self.dropped.transpose(0, 2, 1) @ dout
        ddropped = dout @ self.v.transpose(0, 2, 1)
        da = ddropped * self.kept * self.scale
        ds = self.a * (da - (da * self.a).sum(axis=-1, keepdims=True)) / self.root
        return ds @ self.k, ds.transpose(0, 2, 1) @ self.q, dv


class StochasticDepthBlock:
    """x + gate * relu(x W + b), the gate drawn per sample and divided by the survival probability"""

    def __init__(self, dim, survival=0.8):
        self.W = np.random.randn(dim, dim) / np.sqrt(dim)
        self.b = np.zeros(dim)
        self.survival = survival

    def forward(self, x, training=True):
        self.x = x
        self.gate = np.ones((x.shape[0], 1))
        if training:
            alive = np.random.binomial(1, self.survival, size=self.gate.shape)
            self.gate = alive * (1.0 / self.survival)
        z = x @ self.W + self.b
        self.on = z > 0
        return x + self.gate * (z * self.on)

    def backward(self, dout):
        dz = dout * self.gate * self.on
        self.dW = self.x.T @ dz
        self.db = dz.sum(axis=0)
        return dout + dz @ self.W.T


class GaussianDropout:
    """Times noise of mean 1 and variance rate / (1 - rate); needs no scaling in evaluation."""

    def __init__(self, rate):
        self.rate = rate
        self.stddev = np.sqrt(rate / (1.0 - rate))

    def forward(self, x, training=True):
        self.noise = np.ones_like(x)
        if training:
            self.noise = np.random.normal(1.0, self.stddev, x.shape)
        return x * self.noise

    def backward(self, dout):
        return dout * self.noise


class DropoutMLP:
    """Two affine layers with inverted dropout on the hidden relu, softmax loss; params and gradients are dicts."""

    def __init__(self, n_in, n_hidden, n_classes, dropout=0.5):
        self.dropout = dropout
        self.params = {"W1": np.random.randn(n_in, n_hidden) * 0.1, "b1": np.zeros(n_hidden),
                       "W2": np.random.randn(n_hidden, n_classes) * 0.1, "b2": np.zeros(n_classes)}

    def _hidden(self, x):
        return np.maximum(x @ self.params["W1"] + self.params["b1"], 0)

    def predict(self, x):
        return self._hidden(x) @ self.params["W2"] + self.params["b2"]

    def loss(self, x, y):
        """Draws a mask; returns (loss, grads)."""
        p = self.params
        keep_prob = 1 - self.dropout
        h = self._hidden(x)
        d1 = (np.random.rand(*h.shape) < keep_prob).astype(h.dtype)
        d1 /= keep_prob
        hd = h * d1
        scores = hd @ p["W2"] + p["b2"]
        shifted = scores - scores.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        n = x.shape[0]
        dscores = np.exp(logp)
        dscores[np.arange(n), y] -= 1
        dscores /= n
        dh = (dscores @ p["W2"].T) * d1 * (h > 0)
        grads = {"W2": hd.T @ dscores, "b2": dscores.sum(axis=0), "W1": x.T @ dh, "b1": dh.sum(axis=0)}
        return -logp[np.arange(n), y].mean(), grads
