"""{affine - [batchnorm] - relu - [dropout]} x (L - 1) - affine - softmax, and the update rules to train it."""
import numpy as np


def _bn(x, gamma, beta, param, training):
    if training:
        mu, var = x.mean(axis=0), x.var(axis=0)
        param['mean'] = 0.9 * param['mean'] + 0.1 * mu
        param['var'] = 0.9 * param['var'] + 0.1 * var
    else:
        mu, var = param['mean'], param['var']
    inv = 1 / np.sqrt(var + 1e-5)
    xhat = (x - mu) * inv
    return gamma * xhat + beta, (xhat, inv, gamma)


def _bn_back(dout, cache):
    xhat, inv, gamma = cache
    g = dout * gamma
    dx = inv * (g - g.mean(axis=0) - xhat * np.mean(g * xhat, axis=0))
    return dx, np.sum(dout * xhat, axis=0), dout.sum(axis=0)


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=12, num_classes=5, keep=1.0, batchnorm=False,
                 reg=0.0, weight_scale=0.1, dtype=np.float64, seed=None):
        self.keep, self.batchnorm, self.reg, self.seed = keep, batchnorm, reg, seed
        self.num_layers = len(hidden_dims) + 1
        self.params = {}
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for i in range(1, self.num_layers + 1):
            self.params['W%d' % i] = (weight_scale * np.random.randn(dims[i - 1], dims[i])).astype(dtype)
            self.params['b%d' % i] = np.zeros(dims[i], dtype=dtype)
            if batchnorm and i < self.num_layers:
                self.params['gamma%d' % i] = np.ones(dims[i], dtype=dtype)
                self.params['beta%d' % i] = np.zeros(dims[i], dtype=dtype)
        self.bn_params = [{'mean': 0.0, 'var': 0.0} for _ in hidden_dims]

    def loss(self, X, y=None):
        """y is None: the scores in test mode. Else (loss, grads) in training mode."""
        training = y is not None
        rng = np.random if self.seed is None else np.random.RandomState(self.seed)
        p = self.params
        h = X.reshape(X.shape[0], -1)
        steps = []
        for i in range(1, self.num_layers):
            step = {'in': h}
            a = h.dot(p['W%d' % i]) + p['b%d' % i]
            if self.batchnorm:
                a, step['bn'] = _bn(a, p['gamma%d' % i], p['beta%d' % i], self.bn_params[i - 1], training)
            step['relu'] = a > 0
            h = a * step['relu']
            if training and self.keep < 1:
                step['drop'] = (rng.random_sample(h.shape) < self.keep).astype(h.dtype) / self.keep
                h = h * step['drop']
            steps.append(step)
        L = self.num_layers
        scores = h.dot(p['W%d' % L]) + p['b%d' % L]
        if y is None:
            return scores

        N = X.shape[0]
        z = scores - scores.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        loss = -logp[np.arange(N), y].mean()
        for i in range(1, L + 1):
            loss += 0.5 * self.reg * np.sum(p['W%d' % i] ** 2)

        grads = {}
        d = np.exp(logp)
        d[np.arange(N), y] -= 1
        d /= N
        grads['W%d' % L] = h.T.dot(d) + self.reg * p['W%d' % L]
        grads['b%d' % L] = d.sum(axis=0)
        d = d.dot(p['W%d' % L].T)
        for i in range(L - 1, 0, -1):
            step = steps[i - 1]
            if 'drop' in step:
                d = d * step['drop']
            d = d * step['relu']
            if self.batchnorm:
                d, grads['gamma%d' % i], grads['beta%d' % i] = _bn_back(d, step['bn'])
            grads['W%d' % i] = step['in'].T.dot(d)
            grads['W%d' % i] += self.reg * p['W%d' % i]
            grads['b%d' % i] = d.sum(axis=0)
            d = d.dot(p['W%d' % i].T)
        return loss, grads

    def accuracy(self, X, y):
        """y: class numbers, (N,) or (N, 1)."""
        pred = np.argmax(self.loss(X), axis=1)
        return np.mean(pred == np.ravel(y))


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    lr, mu = config.setdefault('learning_rate', 1e-2), config.setdefault('momentum', 0.9)
    v = config.get('velocity', np.zeros_like(w))
    v = mu * v - lr * dw
    config['velocity'] = v
    return w + v, config


def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    lr, rho = config.setdefault('learning_rate', 1e-2), config.setdefault('decay_rate', 0.99)
    eps = config.setdefault('epsilon', 1e-8)
    cache = config.get('cache', np.zeros_like(w))
    cache = rho * cache + (1 - rho) * dw ** 2
    config['cache'] = cache
    return w - lr * dw / (np.sqrt(cache) + eps), config


def adam(w, dw, config=None):
    config = {} if config is None else config
    lr, eps = config.setdefault('learning_rate', 1e-3), config.setdefault('epsilon', 1e-8)
    b1, b2 = config.setdefault('beta1', 0.9), config.setdefault('beta2', 0.999)
    t = config.get('t', 0) + 1
    m = b1 * config.get('m', np.zeros_like(w)) + (1 - b1) * dw
    v = b2 * config.get('v', np.zeros_like(w)) + (1 - b2) * dw * dw
    config['t'], config['m'], config['v'] = t, m, v
    mhat = m / (1 - b1 ** t)
    vhat = v / (1 - b2 ** t)
    return w - lr * mhat / (np.sqrt(vhat) + eps), config
