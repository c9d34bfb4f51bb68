"""Small networks with parameters and gradients in dicts, and the losses that they use."""
import numpy as np


def mse_loss(pred, y):
    """Mean squared error over all entries. pred: (N, 1) or (N, D); y has as many entries. Returns (loss, dpred)."""
    diff = pred - y.reshape(pred.shape)
    loss = np.mean(diff ** 2)
    dpred = 2.0 * diff / diff.size
    return loss, dpred


def mae_loss(pred, y):
    """Mean absolute error. pred and y: (N, D). Returns (loss, dpred)."""
    diff = pred - y
    loss = np.mean(np.abs(diff))
    dpred = np.sign(diff) / diff.size
    return loss, dpred


def binary_hinge_loss(scores, y):
    """scores: (N,), y: (N,) labels 0 or 1 of any integer type. Returns (loss, dscores)."""
    N = scores.shape[0]
    t = 2 * y.astype(scores.dtype) - 1
    margin = 1 - t * scores
    loss = np.maximum(0, margin).sum() / N
    dscores = np.zeros_like(scores)
    active = margin > 0
    dscores[active] = -t[active] / N
    return loss, dscores


def cross_entropy_loss(scores, y):
    """y: (N,) labels or (N, C) one-hot rows. Returns (loss, dscores)."""
    labels = y.argmax(axis=1) if y.ndim == 2 else y
    rows = np.arange(scores.shape[0])
    z = scores - scores.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -logp[rows, labels].mean()
    dscores = np.exp(logp)
    dscores[rows, labels] -= 1
    return loss, dscores / scores.shape[0]


class TwoLayerNet:
    """affine - relu - affine - softmax, with L2 regularisation 0.5 * reg * sum(W^2)."""

    def __init__(self, input_dim=12, hidden_dim=10, num_classes=4, weight_scale=0.1, reg=0.0, seed=0):
        rng = np.random.default_rng(seed)
        self.reg = reg
        self.params = {
            'W1': weight_scale * rng.standard_normal((input_dim, hidden_dim)),
            'b1': np.zeros(hidden_dim),
            'W2': weight_scale * rng.standard_normal((hidden_dim, num_classes)),
            'b2': np.zeros(num_classes),
        }

    def loss(self, X, y=None):
        """Scores when y is None, else (loss, grads)."""
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        h = np.maximum(0, X.dot(W1) + b1)
        scores = h.dot(W2) + b2
        if y is None:
            return scores
        loss, dscores = cross_entropy_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
        grads = {}
        grads['W2'] = h.T.dot(dscores) + self.reg * W2
        grads['b2'] = dscores.sum(axis=0)
        dh = dscores.dot(W2.T) * (h > 0)
        grads['W1'] = X.T.dot(dh) + self.reg * W1
        grads['b1'] = dh.sum(axis=0)
        return loss, grads

    def accuracy(self, X, y):
        """y: (N,) or (N, 1) labels."""
        return np.mean(self.loss(X).argmax(axis=1) == y.reshape(-1))


class DeepNet:
    """tanh layers of the given sizes and a linear output; forward(X), backward(dout), grads in self.grads."""

    def __init__(self, sizes=(6, 5, 4, 3), seed=0):
        rng = np.random.default_rng(seed)
        self.num_layers = len(sizes) - 1
        self.params = {}
        for i in range(1, self.num_layers + 1):
            self.params['W%d' % i] = rng.standard_normal((sizes[i - 1], sizes[i])) / np.sqrt(sizes[i - 1])
            self.params['b%d' % i] = np.zeros(sizes[i])
        self.grads = {name: np.zeros_like(p) for name, p in self.params.items()}

    def forward(self, X):
        self.inputs = []
        a = X
        for i in range(1, self.num_layers + 1):
            self.inputs.append(a)
            a = a.dot(self.params['W%d' % i]) + self.params['b%d' % i]
            if i < self.num_layers:
                a = np.tanh(a)
        return a

    def backward(self, dout):
        d = dout
        for i in range(self.num_layers, 0, -1):
            a = self.inputs[i - 1]
            self.grads['W%d' % i] = a.T.dot(d)
            self.grads['b%d' % i] = d.sum(axis=0)
            d = d.dot(self.params['W%d' % i].T)
            if i > 1:
                d = d * (1 - a ** 2)
        return d


class RegressionNet:
    """One hidden tanh layer and one output; train_step makes a step of gradient descent on the squared error."""

    def __init__(self, input_dim=3, hidden_dim=5, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {
            'W1': rng.standard_normal((input_dim, hidden_dim)), 'b1': np.zeros(hidden_dim),
            'W2': rng.standard_normal((hidden_dim, 1)), 'b2': np.zeros(1),
        }
        self.grads = {}

    def predict(self, X):
        """Returns (N,)."""
        p = self.params
        out = np.tanh(X.dot(p['W1']) + p['b1']).dot(p['W2']) + p['b2']
        return out[:, 0]

    def train_step(self, X, y, lr=0.01):
        p, g = self.params, self.grads
        h = np.tanh(X.dot(p['W1']) + p['b1'])
        loss, dout = mse_loss(h.dot(p['W2']) + p['b2'], y)
        g['W2'], g['b2'] = h.T.dot(dout), dout.sum(axis=0)
        dh = dout.dot(p['W2'].T) * (1 - h ** 2)
        p['W2'] = p['W2'] - lr * g['W2']
        p['b2'] = p['b2'] - lr * g['b2']
        g['W1'], g['b1'] = X.T.dot(dh), dh.sum(axis=0)
        p['W1'] = p['W1'] - lr * g['W1']
        p['b1'] = p['b1'] - lr * g['b1']
        return loss


def eval_numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar f(x) in every entry of the float array x."""
    grad = np.zeros_like(x)
    for ix in np.ndindex(*x.shape):
        old = x[ix]
        x[ix] = old + h
        plus = f(x)
        x[ix] = old - h
        minus = f(x)
        x[ix] = old
        grad[ix] = (plus - minus) / (2 * h)
    return grad
