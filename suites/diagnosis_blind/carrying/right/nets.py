"""Small whole networks: `params` is a dict, loss(...) returns a number, gradient(...) a dict with the same keys."""
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


def affine_forward(x, w, b):
    return x @ w + b, (x.copy(), w.copy())


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(0, x), x.copy()


def relu_backward(dout, cache):
    return dout * (cache > 0)


def softmax_loss(scores, y):
    n = len(scores)
    shifted = scores - scores.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    d = np.exp(logp)
    d[np.arange(n), y] -= 1
    return -logp[np.arange(n), y].mean(), d / n


class TiedAutoencoder:
    """h = sigmoid(x W + b), y = h W^T + c, loss 0.5 * |y - x|^2 averaged over the batch."""

    def __init__(self, n_in, n_hidden):
        self.params = {"W": np.random.randn(n_in, n_hidden) * 0.3, "b": np.zeros(n_hidden), "c": np.zeros(n_in)}

    def _run(self, x):
        p = self.params
        h = sigmoid(x @ p["W"] + p["b"])
        return h, h @ p["W"].T + p["c"]

    def loss(self, x):
        return 0.5 * np.sum((self._run(x)[1] - x) ** 2) / len(x)

    def gradient(self, x):
        h, y = self._run(x)
        dy = (y - x) / len(x)
        grads = {"c": dy.sum(axis=0), "W": dy.T @ h}
        dh = dy @ self.params["W"]
        da = dh * h * (1 - h)
        grads["W"] += x.T @ da
        grads["b"] = da.sum(axis=0)
        return grads


class ResidualClassifier:
    """Blocks h + relu(h W1 + b1) W2 + b2, then an affine layer and the softmax loss with class numbers."""

    def __init__(self, dim, n_classes, n_blocks=2):
        self.n_blocks = n_blocks
        self.params = {"Wo": np.random.randn(dim, n_classes) * 0.4, "bo": np.zeros(n_classes)}
        for i in range(n_blocks):
            for j in (1, 2):
                self.params[f"W{i}_{j}"] = np.random.randn(dim, dim) * 0.4
                self.params[f"b{i}_{j}"] = np.zeros(dim)

    def _scores(self, x):
        p, h, caches = self.params, x, []
        for i in range(self.n_blocks):
            z, c1 = affine_forward(h, p[f"W{i}_1"], p[f"b{i}_1"])
            a, c_relu = relu_forward(z)
            branch, c2 = affine_forward(a, p[f"W{i}_2"], p[f"b{i}_2"])
            caches.append((h, c1, c_relu, c2))
            h = h + branch
        scores, c_out = affine_forward(h, p["Wo"], p["bo"])
        return scores, caches, c_out

    def loss(self, x, t):
        return softmax_loss(self._scores(x)[0], t)[0]

    def gradient(self, x, t):
        scores, caches, c_out = self._scores(x)
        grads = {}
        dscores = softmax_loss(scores, t)[1]
        dh, grads["Wo"], grads["bo"] = affine_backward(dscores, c_out)
        for i in reversed(range(self.n_blocks)):
            h, c1, c_relu, c2 = caches[i]
            da, grads[f"W{i}_2"], grads[f"b{i}_2"] = affine_backward(dh, c2)
            dz = relu_backward(da, c_relu)
            dbranch, grads[f"W{i}_1"], grads[f"b{i}_1"] = affine_backward(dz, c1)
            dh = dh + dbranch
        return grads


class VAE:
    """Gaussian encoder and linear decoder; the noise eps (N, latent) is given, so that the loss can be repeated."""

    def __init__(self, n_in, n_latent):
        self.params = {"Wm": np.random.randn(n_in, n_latent) * 0.3, "bm": np.zeros(n_latent),
                       "Wv": np.random.randn(n_in, n_latent) * 0.3, "bv": np.zeros(n_latent),
                       "Wd": np.random.randn(n_latent, n_in) * 0.3, "bd": np.zeros(n_in)}

    def _run(self, x, eps):
        p = self.params
        mu = x @ p["Wm"] + p["bm"]
        logvar = x @ p["Wv"] + p["bv"]
        z = mu + np.exp(0.5 * logvar) * eps
        return mu, logvar, z, z @ p["Wd"] + p["bd"]

    def loss(self, x, eps):
        mu, logvar, z, y = self._run(x, eps)
        kl = 0.5 * np.sum(np.exp(logvar) + mu ** 2 - 1 - logvar)
        return (0.5 * np.sum((y - x) ** 2) + kl) / len(x)

    def gradient(self, x, eps):
        n, p = len(x), self.params
        mu, logvar, z, y = self._run(x, eps)
        std = np.exp(0.5 * logvar)
        dy = (y - x) / n
        dz = dy @ p["Wd"].T
        dmu = dz + mu / n
        dlogvar = 0.5 * dz * eps * std + 0.5 * (np.exp(logvar) - 1) / n
        return {"Wd": z.T @ dy, "bd": dy.sum(axis=0),
                "Wm": x.T @ dmu, "bm": dmu.sum(axis=0),
                "Wv": x.T @ dlogvar, "bv": dlogvar.sum(axis=0)}


class Seq2Seq:
    """An encoder RNN hands its last state to a decoder RNN; the mean encoder state goes to every output as well."""

    def __init__(self, n_in, n_hidden, n_out):
        r = np.random.randn
        self.H = n_hidden
        self.params = {"We": r(n_in, n_hidden) * 0.5, "Ue": r(n_hidden, n_hidden) * 0.5,
                       "Wd": r(n_out, n_hidden) * 0.5, "Ud": r(n_hidden, n_hidden) * 0.5,
                       "V": r(n_hidden, n_out) * 0.5, "C": r(n_hidden, n_out) * 0.5}

    def _run(self, source, given):
        p = self.params
        enc, h = [], np.zeros((len(source), self.H))
        for t in range(source.shape[1]):
            h = np.tanh(source[:, t] @ p["We"] + h @ p["Ue"])
            enc.append(h)
        dec = [h]
        for t in range(given.shape[1]):
            dec.append(np.tanh(given[:, t] @ p["Wd"] + dec[-1] @ p["Ud"]))
        enc, context = np.stack(enc, axis=1), np.mean(enc, axis=0)
        dec = np.stack(dec, axis=1)
        return enc, dec, context, dec[:, 1:] @ p["V"] + (context @ p["C"])[:, None]

    def loss(self, source, given, target):
        return 0.5 * np.sum((self._run(source, given)[3] - target) ** 2) / len(source)

    def gradient(self, source, given, target):
        p = self.params
        enc, dec, context, y = self._run(source, given)
        g = {k: np.zeros_like(v) for k, v in p.items()}
        dy = (y - target) / len(source)
        dshared = dy.sum(axis=1)
        g["C"] = context.T @ dshared
        denc = dshared @ p["C"].T / source.shape[1]
        dh = np.zeros((len(source), self.H))
        for t in reversed(range(given.shape[1])):
            g["V"] += dec[:, t + 1].T @ dy[:, t]
            da = (dy[:, t] @ p["V"].T + dh) * (1 - dec[:, t + 1] ** 2)
            g["Wd"] += given[:, t].T @ da
            g["Ud"] += dec[:, t].T @ da
            dh = da @ p["Ud"].T
        dh_enc = dh
        for t in reversed(range(source.shape[1])):
            da = (denc + dh_enc) * (1 - enc[:, t] ** 2)
            g["We"] += source[:, t].T @ da
            if t > 0:
                g["Ue"] += enc[:, t - 1].T @ da
            dh_enc = da @ p["Ue"].T
        return g
