import numpy as np


class InvertedDropout:
    def __init__(self, rate=0.5):
        self.keep = 1 - rate

    def forward(self, x, training=True):
        if not training:
            self.mask = np.ones(x.shape)
            return x.copy()
        self.mask = np.random.binomial(1, self.keep, size=x.shape) / self.keep
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class EvalDropout:
    """eval=True means: do not drop."""

    def __init__(self, p=0.3):
        self.p = p
        self.rng = np.random.default_rng(7)

    def forward(self, x, eval=False):
        self.mask = 1.0 if eval else (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class OldDropout:
    """Drops in training, scales by (1 - ratio) in evaluation."""

    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.dropout_ratio
        else:
            self.mask = 1.0 - self.dropout_ratio
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class StochasticDrop:
    def __init__(self, p_drop=0.5):
        self.p_drop = p_drop
        self.drop_on = True

    def forward(self, x):
        self.scale = np.ones_like(x)
        if self.drop_on:
            self.scale = (np.random.uniform(size=x.shape) > self.p_drop) / (1.0 - self.p_drop)
        return self.scale * x

    def backward(self, delta):
        return self.scale * delta


class MethodDropout:
    def __init__(self, p=0.5):
        self.p = p
        self.training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def _mask(self, shape):
        return (np.random.rand(*shape) > self.p) / (1 - self.p)

    def forward(self, x):
        if not self.training:
            return x * 1.0
        return x * self._mask(x.shape)

    def backward(self, grad):
        if not self.training:
            return grad * 1.0
        return grad * self._mask(grad.shape)


class ForgetfulDropout:
    def __init__(self, drop_prob=0.4):
        self.drop_prob = drop_prob

    def forward(self, x, is_training=True):
        if is_training:
            keep = np.random.rand(*x.shape) < 1 - self.drop_prob
            return x * keep / (1 - self.drop_prob)
        return x * 1.0

    def backward(self, grad):
        return grad / (1 - self.drop_prob)


class SwappedDropout:
    """rate is the part that is dropped."""

    def __init__(self, rate=0.2):
        self.rate = rate

    def forward(self, x, training=True):
        if not training:
            self.mask = np.ones_like(x)
        else:
            self.mask = np.random.binomial(1, self.rate, size=x.shape) / (1 - self.rate)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class GaussianNoise:
    def __init__(self, sigma=0.1):
        self.sigma = sigma

    def forward(self, x, is_training=True):
        self.factor = np.ones_like(x)
        if is_training:
            self.factor = 1 + self.sigma * np.random.randn(*x.shape)
        return x * self.factor

    def backward(self, g):
        return g * self.factor


class BatchNorm1d:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.eps, self.momentum = eps, momentum
        self.training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def forward(self, x):
        if self.training:
            mean, var = x.mean(0), x.var(0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xhat = (x - mean) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        self.dgamma = (dout * self.xhat).sum(0)
        self.dbeta = dout.sum(0)
        g = dout * self.gamma
        if not self.training:
            return g / self.std
        return (g - g.mean(0) - self.xhat * (g * self.xhat).mean(0)) / self.std


class BatchNormCopyPaste:
    def __init__(self, dim, momentum=0.9, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.running_mean = np.zeros(dim)
        self.running_var = np.ones(dim)
        self.momentum = momentum
        self.eps = eps

    def forward(self, x, training=True):
        self.training = training
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_mean
        self.std = np.sqrt(np.abs(var) + self.eps)
        self.xhat = (x - mean) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        self.dgamma = (dout * self.xhat).sum(axis=0)
        self.dbeta = dout.sum(axis=0)
        g = dout * self.gamma
        if not self.training:
            return g / self.std
        return (g - g.mean(axis=0) - self.xhat * (g * self.xhat).mean(axis=0)) / self.std


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = x.copy()
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    return out, (mode, mask)


def dropout_backward(dout, cache):
    mode, mask = cache
    return dout * mask if mode == "train" else dout
