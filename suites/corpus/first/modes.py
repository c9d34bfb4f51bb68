"""Layers that behave differently in training and in use; the flag has a different name everywhere."""
import numpy as np


class DropoutTraining:
    def __init__(self, rate=0.5):
        self.rate = rate

    def forward(self, x, training=True):
        if not training:
            self.mask = None
            return x
        self.mask = (np.random.rand(*x.shape) >= self.rate) / (1 - self.rate)
        return x * self.mask

    def backward(self, dout):
        if self.mask is None:
            return dout
        return dout * self.mask


class DropoutTrainFlg:
    """the one from the fish book: scaled when it is used, not when it is trained"""

    def __init__(self, dropout_ratio=0.3):
        self.dropout_ratio = dropout_ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.dropout_ratio
            return x * self.mask
        else:
            return x * (1.0 - self.dropout_ratio)

    def backward(self, dout):
        return dout * self.mask


class DropoutEval:
    """eval=True switches it off"""

    def __init__(self, p=0.4):
        self.p = p

    def forward(self, x, eval=False):
        if eval:
            self.keep = np.ones_like(x)
        else:
            self.keep = np.random.binomial(1, 1 - self.p, x.shape) / (1 - self.p)
        return x * self.keep

    def backward(self, grad):
        return grad * self.keep


class DropoutAgain:
    def __init__(self, p=0.4):
        self.p = p
        self.is_training = True

    def forward(self, x):
        if not self.is_training:
            return x
        return x * self._mask(x.shape)

    def _mask(self, shape):
        return np.random.binomial(1, 1 - self.p, shape) / (1 - self.p)

    def backward(self, grad):
        if not self.is_training:
            return grad
        return grad * self._mask(grad.shape)


class DropoutModes:
    """train() and eval() like in torch"""

    def __init__(self, p=0.25):
        self.p = p
        self.training = True
        self.rng = np.random.default_rng()

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def forward(self, x):
        if self.training:
            self.mask = (self.rng.random(x.shape) < 1 - self.p) / (1 - self.p)
            return x * self.mask
        return x

    def backward(self, dy):
        if self.training:
            return dy * self.mask
        return dy


class BatchNorm:
    def __init__(self, num_features, momentum=0.9, eps=1e-5):
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def forward(self, x, is_training=True):
        self.is_training = is_training
        if is_training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xhat = (x - mean) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        self.dgamma = (dout * self.xhat).sum(axis=0)
        self.dbeta = dout.sum(axis=0)
        dxhat = dout * self.gamma
        if not self.is_training:
            return dxhat / self.std
        return (dxhat - dxhat.mean(axis=0) - self.xhat * (dxhat * self.xhat).mean(axis=0)) / self.std


class BatchNormSteps:
    def __init__(self, num_features, momentum=0.9, eps=1e-5):
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def forward(self, x, training=True):
        self.training = training
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xc = x - mean
        return self.gamma * self.xc / self.std + self.beta

    def backward(self, dout):
        n = len(dout)
        self.dgamma = (dout * self.xc / self.std).sum(axis=0)
        self.dbeta = dout.sum(axis=0)
        dxc = dout * self.gamma / self.std
        if not self.training:
            return dxc
        dstd = -(dout * self.gamma * self.xc).sum(axis=0) / self.std ** 2
        # dvar = dstd / (2 std)
        dxc = dxc + self.xc * dstd / self.std
        return dxc - dxc.sum(axis=0) / n


class GaussianNoise:
    """adds noise while training"""

    def __init__(self, sigma=0.1):
        self.sigma = sigma

    def forward(self, x, stochastic=True):
        if stochastic:
            return x + self.sigma * np.random.normal(size=x.shape)
        return x

    def backward(self, dout):
        return dout


def drop_forward(x, dropout_param):
    """mode 'train' or 'test', p = probability of dropping"""
    p, mode = dropout_param['p'], dropout_param['mode']
    mask = None
    if mode == 'train':
        mask = (np.random.rand(*x.shape) > p) / p
        out = x * mask
    else:
        out = x
    return out, (dropout_param, mask)


def drop_backward(dout, cache):
    dropout_param, mask = cache
    return dout * mask if dropout_param['mode'] == 'train' else dout
