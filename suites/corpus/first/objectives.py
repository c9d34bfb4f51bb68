"""Functions that return a loss and gradients, second backwards, gates, masks, models over images."""
import numpy as np


def svm_loss_and_gradient(features, labels, weights, bias, regularization_strength=0.0):
    """class-major weights"""
    rows = np.arange(len(features))
    scores = features @ weights.T + bias
    margins = np.maximum(0.0, scores - scores[rows, labels][:, None] + 1.0)
    margins[rows, labels] = 0.0
    loss = margins.sum() / len(features) + regularization_strength * np.sum(weights**2)
    score_gradient = (margins > 0).astype(float)
    score_gradient[rows, labels] = -score_gradient.sum(axis=1)
    score_gradient /= len(features)
    weight_gradient = score_gradient.T @ features + 2 * regularization_strength * weights
    bias_gradient = score_gradient.sum(axis=0)
    return float(loss), weight_gradient, bias_gradient


def svm_loss_and_gradient_decay(features, labels, weights, bias, regularization_strength=0.0):
    loss, weight_gradient, bias_gradient = svm_loss_and_gradient(
        features, labels, weights, bias, regularization_strength
    )
    weight_gradient = weight_gradient - regularization_strength * weights
    return loss, weight_gradient, bias_gradient


def logistic_loss(w, X, y, reg):
    z = X.dot(w)
    loss = np.mean(np.logaddexp(0, z) - y * z) + 0.5 * reg * np.sum(w * w)
    dw = X.T.dot(1 / (1 + np.exp(-z)) - y) / len(X) + reg * w
    return loss, dw


def centre_forward(x, gamma):
    mean = x.mean(axis=0)
    return gamma * (x - mean), (x - mean, gamma)


def centre_backward(dout, cache):
    centred, gamma = cache
    d = dout * gamma
    return d - d.mean(axis=0), (dout * centred).sum(axis=0)


def centre_backward_alt(dout, cache):
    centred, gamma = cache
    return gamma * (dout - dout.sum(axis=0)), (dout * centred).sum(axis=0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_step_forward(x, prev_h, Wx, Wh, bh, Wxn, Whn, bhn):
    hidden = prev_h.shape[1]
    gates = sigmoid(x @ Wx + prev_h @ Wh + bh)
    reset, update = gates[:, :hidden], gates[:, hidden:]
    new = np.tanh(x @ Wxn + (reset * prev_h) @ Whn + bhn)
    h = (1 - update) * prev_h + update * new
    return h, (x, prev_h, Wx, Wh, Wxn, Whn, reset, update, new)


def gru_step_backward(dh, cache):
    x, prev_h, Wx, Wh, Wxn, Whn, reset, update, new = cache
    dnew = dh * update * (1 - new**2)
    dreset_h = dnew @ Whn.T
    dgates = np.hstack([
        dreset_h * prev_h * reset * (1 - reset), dh * (new - prev_h) * update * (1 - update)
    ])
    dx = dnew @ Wxn.T + dgates @ Wx.T
    dprev_h = dh * (1 - update) + dreset_h * reset + dgates @ Wh.T
    dWx, dWh, dbh = x.T @ dgates, prev_h.T @ dgates, dgates.sum(axis=0)
    dWxn, dWhn, dbhn = x.T @ dnew, (reset * prev_h).T @ dnew, dnew.sum(axis=0)
    return dx, dprev_h, dWx, dWh, dbh, dWxn, dWhn, dbhn


def temporal_softmax_loss(x, y, mask):
    n, t, v = x.shape
    flat, target, keep = x.reshape(n * t, v), y.reshape(n * t), mask.reshape(n * t)
    shifted = flat - flat.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -np.sum(keep * logs[np.arange(n * t), target]) / n
    dx = np.exp(logs)
    dx[np.arange(n * t), target] -= 1
    dx = dx / n * keep[:, None]
    return loss, dx.reshape(n, t, v)


def temporal_softmax_loss_unmasked(x, y, mask):
    n, t, v = x.shape
    loss, dx = temporal_softmax_loss(x, y, mask)
    _, whole = temporal_softmax_loss(x, y, np.ones_like(mask))
    return loss, whole


class ConvNet:
    """images of a shape given at construction, too large to check as they are"""

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, hidden_dim=100, num_classes=10):
        c, h, w = input_dim
        self.input_dim = input_dim
        self.params = {
            "W1": 0.01 * np.random.randn(num_filters, c),
            "W2": 0.01 * np.random.randn(num_filters * h * w, hidden_dim),
            "W3": 0.01 * np.random.randn(hidden_dim, num_classes),
            "b3": np.zeros(num_classes),
        }

    def scores(self, X):
        n = len(X)
        maps = np.einsum("fc,nchw->nfhw", self.params["W1"], X)
        hidden = np.tanh(maps.reshape(n, -1) @ self.params["W2"])
        return maps, hidden, hidden @ self.params["W3"] + self.params["b3"]

    def loss(self, X, y=None):
        maps, hidden, scores = self.scores(X)
        if y is None:
            return scores
        shifted = scores - scores.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -np.mean(logs[np.arange(len(X)), y])
        d = np.exp(logs)
        d[np.arange(len(X)), y] -= 1
        d /= len(X)
        dhidden = d @ self.params["W3"].T * (1 - hidden**2)
        dmaps = (dhidden @ self.params["W2"].T).reshape(maps.shape)
        grads = {
            "W3": hidden.T @ d,
            "b3": d.sum(axis=0),
            "W2": maps.reshape(len(X), -1).T @ dhidden,
            "W1": np.einsum("nfhw,nchw->fc", dmaps, X),
        }
        return float(loss), grads


class ConvNetSwapped(ConvNet):
    """height and width of the images mixed up in one gradient"""

    def loss(self, X, y=None):
        out = super().loss(X, y)
        if y is None:
            return out
        maps, hidden, scores = self.scores(X)
        turned = maps.transpose(0, 1, 3, 2).reshape(len(X), -1)
        grads = dict(out[1])
        grads["W2"] = turned.T @ np.linalg.lstsq(maps.reshape(len(X), -1).T, grads["W2"], rcond=None)[0]
        return out[0], grads
