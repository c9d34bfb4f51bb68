"""word2vec pieces: layers with lists `params` and `grads`, whose arrays keep their identity."""
import numpy as np


class MatMul:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.x = None

    def forward(self, x):
        W, = self.params
        self.x = x.copy()
        return np.dot(x, W)

    def backward(self, dout):
        W, = self.params
        dx = np.dot(dout, W.T)
        dW = np.dot(self.x.T, dout)
        self.grads[0][...] = dW
        return dx


class Embedding:
    """Rows of W for word numbers of any shape, (N,) or (N, C)."""

    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        W, = self.params
        self.idx = np.array(idx)
        return W[self.idx]

    def backward(self, dout):
        dW, = self.grads
        dW[...] = 0
        np.add.at(dW, self.idx, dout)
        return None


class EmbeddingDot:
    """Score of word idx[n] for the hidden vector h[n]: the dot product with that row of W."""

    def __init__(self, W):
        self.embed = Embedding(W)
        self.params = self.embed.params
        self.grads = self.embed.grads
        self.cache = None

    def forward(self, h, idx):
        target_W = self.embed.forward(idx)
        self.cache = (h.copy(), target_W)
        return np.sum(target_W * h, axis=1)

    def backward(self, dout):
        h, target_W = self.cache
        dout = dout.reshape(-1, 1)
        dtarget_W = dout * h
        self.embed.backward(dtarget_W)
        dh = dout * target_W
        return dh


class SigmoidWithLoss:
    """Binary cross entropy of scores; x and t of shape (N,) or (N, 1), t in {0, 1}."""

    def __init__(self):
        self.params, self.grads = [], []
        self.y, self.t = None, None

    def forward(self, x, t):
        self.t = np.asarray(t).reshape(x.shape).astype(x.dtype)
        self.y = np.exp(-np.logaddexp(0, -x))
        return np.mean(np.logaddexp(0, x) - self.t * x)

    def backward(self, dout=1):
        batch_size = self.t.size
        dx = (self.y - self.t) * dout / batch_size
        return dx


class NegativeSamplingLoss:
    """One positive and sample_size negative words per hidden vector."""

    def __init__(self, W, word_p, sample_size=3):
        self.sample_size = sample_size
        self.word_p = np.asarray(word_p, dtype=float)
        self.loss_layers = [SigmoidWithLoss() for _ in range(sample_size + 1)]
        self.dot_layers = [EmbeddingDot(W) for _ in range(sample_size + 1)]
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def _negatives(self, target):
        out = np.empty((len(target), self.sample_size), dtype=np.int64)
        for n, word in enumerate(target):
            p = self.word_p.copy()
            p[word] = 0
            out[n] = np.random.choice(len(p), size=self.sample_size, p=p / p.sum())
        return out

    def forward(self, h, target):
        batch_size = h.shape[0]
        negatives = self._negatives(target)
        score = self.dot_layers[0].forward(h, target)
        loss = self.loss_layers[0].forward(score, np.ones(batch_size, dtype=h.dtype))
        for k in range(self.sample_size):
            score = self.dot_layers[k + 1].forward(h, negatives[:, k])
            loss += self.loss_layers[k + 1].forward(score, np.zeros(batch_size, dtype=h.dtype))
        return loss

    def backward(self, dout=1):
        dh = 0
        self.grads[0][...] = 0
        for l0, l1 in zip(self.loss_layers, self.dot_layers):
            dscore = l0.backward(dout)
            dh = dh + l1.backward(dscore)
            self.grads[0] += l1.grads[0]
        return dh


class SimpleCBOW:
    """contexts (N, C) word numbers -> the word in the middle, target (N,)."""

    def __init__(self, W_in, W_out):
        self.embed = Embedding(W_in)
        self.out_layer = MatMul(W_out)
        self.params, self.grads = [], []
        for layer in (self.embed, self.out_layer):
            self.params += layer.params
            self.grads += layer.grads

    def forward(self, contexts, target):
        """target: (N,) class numbers or (N, V) one-hot."""
        target = np.asarray(target)
        if target.ndim == 2:
            target = target.argmax(axis=1)
        h = self.embed.forward(contexts).mean(axis=1)
        s = self.out_layer.forward(h)
        s = s - s.max(axis=1, keepdims=True)
        self.y = np.exp(s) / np.sum(np.exp(s), axis=1, keepdims=True)
        self.t, self.C = target, self.embed.idx.shape[1]
        rows = np.arange(len(target))
        return -np.mean(s[rows, target] - np.log(np.exp(s).sum(axis=1)))

    def backward(self, dout=1):
        N = self.y.shape[0]
        ds = self.y.copy()
        ds[np.arange(N), self.t] -= 1
        da = self.out_layer.backward(ds * dout / N)
        dh = np.repeat(da[:, np.newaxis, :], self.C, axis=1) / self.C
        self.embed.backward(dh)
        return None


def clip_grads(grads, max_norm):
    """The gradients, scaled down together where their common norm is above max_norm (new arrays)."""
    total_norm = 0.0
    for grad in grads:
        total_norm += np.sum(grad ** 2)
    total_norm = np.sqrt(total_norm)
    rate = max_norm / (total_norm + 1e-6)
    return [grad * min(rate, 1.0) for grad in grads]


class SGD:
    """Plain SGD with L2 weight decay: the gradient of 0.5 * weight_decay * p**2 joins the gradient."""

    def __init__(self, lr=0.01, weight_decay=0.0):
        self.lr, self.weight_decay = lr, weight_decay

    def update(self, params, grads):
        for p, g in zip(params, grads):
            p -= self.lr * (g + self.weight_decay * p)


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None

    def update(self, params, grads):
        if self.v is None:
            self.v = [np.zeros_like(p) for p in params]
        for p, g, v in zip(params, grads, self.v):
            v *= self.momentum
            v -= self.lr * g
            p += v
