"""word2vec by hand: embedding, negative sampling, and a CBOW model with a full softmax."""
import numpy as np


class Embedding:
    def __init__(self, W):
        self.W = W
        self.dW = None
        self.idx = None

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)
        return self.dW


class EmbeddingDot:
    """Score of word idx[i] for the hidden row h[i]."""

    def __init__(self, W):
        self.embed = Embedding(W)
        self.dW = None

    def forward(self, h, idx):
        self.h = h
        self.target_W = self.embed.forward(idx)
        return np.sum(self.target_W * h, axis=1)

    def backward(self, dout):
        dout = dout.reshape(-1, 1)
        self.dW = self.embed.backward(dout * self.h)
        return dout * self.target_W


class SigmoidWithLoss:
    """Mean binary cross-entropy of logits x (N,) for labels t (N,) of 0 and 1."""

    def forward(self, x, t):
        self.t = t
        self.y = 0.5 * (np.tanh(0.5 * x) + 1)
        losses = np.logaddexp(0, x) - t * x
        return losses.mean()

    def backward(self, dout=1.0):
        batch_size = self.t.shape[0]
        return (self.y - self.t) * dout / batch_size


class NegativeSamplingLoss:
    """One correct word and k wrong words per row: forward(h, target (N,), negatives (N, k))."""

    def __init__(self, W, sample_size):
        self.W = W
        self.sample_size = sample_size
        self.loss_layers = [SigmoidWithLoss() for _ in range(sample_size + 1)]
        self.dot_layers = [EmbeddingDot(W) for _ in range(sample_size + 1)]
        self.dW = None

    def forward(self, h, target, negatives):
        n = h.shape[0]
        score = self.dot_layers[0].forward(h, target)
        loss = self.loss_layers[0].forward(score, np.ones(n))
        for k in range(self.sample_size):
            score = self.dot_layers[k + 1].forward(h, negatives[:, k])
            loss += self.loss_layers[k + 1].forward(score, np.zeros(n))
        return loss

    def backward(self, dout=1.0):
        dh = 0.0
        self.dW = np.zeros_like(self.W)
        for loss_layer, dot_layer in zip(self.loss_layers, self.dot_layers):
            dscore = loss_layer.backward(dout)
            dh += dot_layer.backward(dscore)
            self.dW += dot_layer.dW
        return dh


class CBOW:
    """Guesses the middle word from the mean of the context's vectors."""

    def __init__(self, vocab_size, hidden_size):
        self.W_in = 0.01 * np.random.randn(vocab_size, hidden_size)
        self.W_out = 0.01 * np.random.randn(hidden_size, vocab_size)
        self.in_layer = Embedding(self.W_in)
        self.grads = {}

    def forward(self, contexts, target):
        """contexts (N, C) and target (N,) are word numbers; returns the mean loss."""
        self.in_layer.W = self.W_in
        self.target = target
        self.h = self.in_layer.forward(contexts).mean(axis=1)
        score = np.dot(self.h, self.W_out)
        score = score - score.max(axis=1, keepdims=True)
        log_p = score - np.log(np.exp(score).sum(axis=1, keepdims=True))
        self.p = np.exp(log_p)
        return -log_p[np.arange(len(target)), target].mean()

    def backward(self, dout=1.0):
        n, c = self.in_layer.idx.shape
        ds = self.p.copy()
        ds[np.arange(n), self.target] -= 1
        ds *= dout / n
        self.grads['W_out'] = np.dot(self.h.T, ds)
        dh = np.dot(ds, self.W_out.T) / c
        dvec = np.repeat(dh[:, None, :], c, axis=1)
        self.grads['W_in'] = self.in_layer.backward(dvec)
        return self.grads
