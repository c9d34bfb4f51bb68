"""Models of words: whole numbers in, and a label for each word or for each sentence."""

import numpy as np


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


class WordModel:
    """right: every word predicts the next one; backward is of the scores, the loss returns the gradients"""

    def __init__(self, vocab_size, embed_dim):
        self.params = {
            "E": np.random.randn(vocab_size, embed_dim),
            "P": np.random.randn(embed_dim, vocab_size),
        }

    def forward(self, x):
        e = self.params["E"][x]
        return np.tanh(e) @ self.params["P"], (x, e)

    def backward(self, dlogits, cache):
        x, e = cache
        h = np.tanh(e)
        grads = {"P": np.einsum("ntd,ntv->dv", h, dlogits), "E": np.zeros_like(self.params["E"])}
        self.scatter(grads["E"], x, (dlogits @ self.params["P"].T) * (1 - h**2))
        return grads

    def scatter(self, dE, x, de):
        np.add.at(dE, x, de)

    def loss(self, x, targets):
        logits, cache = self.forward(x)
        n, t, v = logits.shape
        logp = log_softmax(logits).reshape(n * t, v)
        rows = np.arange(n * t)
        d = np.exp(logp)
        d[rows, targets.reshape(-1)] -= 1
        grads = self.backward(d.reshape(n, t, v) / (n * t), cache)
        return -logp[rows, targets.reshape(-1)].mean(), grads


class WordModelDuplicates(WordModel):
    """wrong: model_gradient"""

    def scatter(self, dE, x, de):
        dE[x] += de


class Sentences:
    """right: one label for a sentence"""

    def __init__(self, vocab_size, embed_dim, n_classes):
        self.params = {
            "E": np.random.randn(vocab_size, embed_dim),
            "P": np.random.randn(embed_dim, n_classes),
        }

    def predict(self, x):
        self.x, self.m = x, self.params["E"][x].mean(axis=1)
        return self.m @ self.params["P"]

    def loss(self, x, y):
        logp = log_softmax(self.predict(x))
        rows = np.arange(len(x))
        self.d = np.exp(logp)
        self.d[rows, y] -= 1
        self.d /= len(x)
        return -logp[rows, y].mean()

    def gradient(self, x, y):
        self.loss(x, y)
        grads = {"P": self.m.T @ self.d, "E": np.zeros_like(self.params["E"])}
        de = (self.d @ self.params["P"].T)[:, None, :] / self.words(x)
        np.add.at(grads["E"], x, np.broadcast_to(de, (*x.shape, de.shape[-1])))
        return grads

    def words(self, x):
        return x.shape[1]


class SentencesSummed(Sentences):
    """wrong: model_gradient"""

    def words(self, x):
        return 1
