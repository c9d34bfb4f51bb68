"""Small fully connected networks with loss(X, y), trained by hand (assignments 1 and 2)."""
import numpy as np


def softmax_loss(x, y):
    """x: (N, C) scores, y: (N,) class numbers."""
    N = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    loss = -np.mean(logp[np.arange(N), y])
    dx = np.exp(logp)
    dx[np.arange(N), y] -= 1
    return loss, dx / N


class TwoLayerNet(object):
    """affine - relu - affine - softmax."""

    def __init__(self, input_size, hidden_size, output_size, std=1e-2):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        """Scores when y is None, else the loss and a dict of gradients."""
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        z1 = X.dot(W1) + b1
        hidden = np.maximum(0, z1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        grads = {}
        grads['W2'] = hidden.T.dot(dscores) + 2 * reg * W2
        grads['b2'] = dscores.sum(axis=0)
        dz1 = dscores.dot(W2.T)
        dz1[z1 <= 0] = 0
        grads['W1'] = X.T.dot(dz1) + 2 * reg * W1
        grads['b1'] = dz1.sum(axis=0)
        return loss, grads

    def predict(self, X):
        return self.loss(X).argmax(axis=1)


class FullyConnectedNet(object):
    """{affine - relu - [dropout]} x (L - 1) - affine - softmax; keep is the probability to keep a unit."""

    def __init__(self, input_dim, hidden_dims, num_classes, keep=1.0, reg=0.0, weight_scale=1e-2, seed=None):
        self.keep, self.reg, self.seed = keep, reg, seed
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        self.num_layers = len(dims) - 1
        self.params = {}
        for i in range(self.num_layers):
            self.params['W%d' % (i + 1)] = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params['b%d' % (i + 1)] = np.zeros(dims[i + 1])

    def loss(self, X, y=None):
        mode = 'test' if y is None else 'train'
        rng = np.random if self.seed is None else np.random.RandomState(self.seed)
        p, L = self.params, self.num_layers
        h = X.reshape(X.shape[0], -1)
        inputs, masks = [], []
        for i in range(1, L):
            inputs.append(h)
            a = h.dot(p['W%d' % i]) + p['b%d' % i]
            mask = (a > 0).astype(a.dtype)
            if mode == 'train' and self.keep < 1:
                mask *= (rng.rand(*a.shape) < self.keep) / self.keep
            masks.append(mask)
            h = a * mask
        inputs.append(h)
        scores = h.dot(p['W%d' % L]) + p['b%d' % L]
        if mode == 'test':
            return scores

        loss, dout = softmax_loss(scores, y)
        grads = {}
        for i in range(L, 0, -1):
            W = p['W%d' % i]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads['W%d' % i] = inputs[i - 1].T.dot(dout) + self.reg * W
            grads['b%d' % i] = dout.sum(axis=0)
            if i > 1:
                dout = dout.dot(W.T) * masks[i - 2]
        return loss, grads


class TanhRegressor:
    """One hidden layer of tanh and a linear output; forward(X), backward(dout), and a step of its own."""

    def __init__(self, n_in, n_hidden, n_out, scale=0.1):
        self.W1 = scale * np.random.randn(n_in, n_hidden)
        self.b1 = np.zeros(n_hidden)
        self.W2 = scale * np.random.randn(n_hidden, n_out)
        self.b2 = np.zeros(n_out)
        self.grads = {k: np.zeros_like(getattr(self, k)) for k in ('W1', 'b1', 'W2', 'b2')}

    def forward(self, X):
        self.X = np.array(X)
        self.h = np.tanh(X.dot(self.W1) + self.b1)
        return self.h.dot(self.W2) + self.b2

    def backward(self, dout):
        dz = dout.dot(self.W2.T) * (1 - self.h ** 2)
        self.grads['W2'] = self.h.T.dot(dout)
        self.grads['b2'] = dout.sum(axis=0)
        self.grads['W1'] = self.X.T.dot(dz)
        self.grads['b1'] = dz.sum(axis=0)
        return dz.dot(self.W1.T)


class OnlineLinear:
    """A layer that takes its step inside of backward(dout, learning_rate)."""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = np.array(x)
        return self.x.dot(self.W) + self.b

    def backward(self, dout, learning_rate=0.1):
        dx = dout.dot(self.W.T)
        self.W = self.W - learning_rate * self.x.T.dot(dout)
        self.b = self.b - learning_rate * dout.sum(axis=0)
        return dx
