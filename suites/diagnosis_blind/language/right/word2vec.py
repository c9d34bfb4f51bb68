"""CBOW and skip-gram with a full softmax, the loss with negative samples, and a tied output layer."""
import numpy as np


class SigmoidWithLoss:
    """Logistic loss of scores x (N,) against labels t (N,) of 0 and 1, mean over the batch."""

    def forward(self, x, t):
        self.t = np.array(t).reshape(x.shape)
        self.y = 0.5 * (1 + np.tanh(0.5 * x))
        z = np.where(self.t == 1, x, -x)
        return np.mean(np.logaddexp(0, -z))

    def backward(self, dout=1):
        dx = np.empty_like(self.y)
        dx[...] = (self.y - self.t) * dout / self.y.shape[0]
        return dx


class SoftmaxWithLoss:
    """Labels as class numbers (N,) or one-hot rows (N, V)."""

    def forward(self, x, t):
        t = np.array(t)
        if t.ndim == 2:
            t = t.argmax(axis=1)
        self.t = t.astype(np.int64)
        shifted = x - np.max(x, axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        self.y = e / total
        rows = np.arange(x.shape[0])
        return -np.mean(shifted[rows, self.t] - np.log(total[:, 0]))

    def backward(self, dout=1):
        N = self.y.shape[0]
        dx = self.y.copy()
        dx[np.arange(N), self.t] -= 1
        return dx * dout / N


class EmbeddingDot:
    """Inner product of h (N, H) with the rows idx (N,) of W."""

    def __init__(self, W):
        self.W = W
        self.dW = np.zeros_like(W)

    def forward(self, h, idx):
        self.idx = np.array(idx)
        self.h = h.copy()
        self.target_W = self.W[self.idx]
        return np.sum(self.target_W * h, axis=1)

    def backward(self, dout):
        dout = dout.reshape(-1, 1)
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout * self.h)
        dh = dout * self.target_W
        return dh


class NegativeSamplingLoss:
    """Loss of h (N, H) against the right words target (N,) and the wrong words negative (N, K)."""

    def __init__(self, W):
        self.W = W
        self.dW = np.zeros_like(W)

    def forward(self, h, target, negative):
        negative = np.asarray(negative)
        K = negative.shape[1]
        self.dots = [EmbeddingDot(self.W) for _ in range(K + 1)]
        self.losses = [SigmoidWithLoss() for _ in range(K + 1)]
        N = h.shape[0]
        score = self.dots[0].forward(h, target)
        loss = self.losses[0].forward(score, np.ones(N, dtype=np.uint8))
        for k in range(K):
            score = self.dots[k + 1].forward(h, negative[:, k])
            loss += self.losses[k + 1].forward(score, np.zeros(N, dtype=np.uint8))
        return loss

    def backward(self, dout=1):
        dh = 0
        self.dW = np.zeros_like(self.W)
        for dot, loss in zip(self.dots, self.losses):
            dh = dh + dot.backward(loss.backward(dout))
            self.dW += dot.dW
        return dh


class CBOW:
    """Predicts the word in the middle from the mean of its contexts (N, C)."""

    def __init__(self, vocab_size, hidden_size):
        self.W_in = 0.1 * np.random.randn(vocab_size, hidden_size)
        self.W_out = 0.1 * np.random.randn(hidden_size, vocab_size)
        self.loss_layer = SoftmaxWithLoss()

    def forward(self, contexts, target):
        self.contexts = np.array(contexts)
        self.h = self.W_in[self.contexts].mean(axis=1)
        return self.loss_layer.forward(self.h @ self.W_out, target)

    def backward(self, dout=1):
        ds = self.loss_layer.backward(dout)
        self.dW_out = self.h.T @ ds
        dh = ds @ self.W_out.T
        dh = dh / self.contexts.shape[1]
        self.dW_in = np.zeros_like(self.W_in)
        for c in range(self.contexts.shape[1]):
            np.add.at(self.dW_in, self.contexts[:, c], dh)
        return None


class TiedSkipGram:
    """Predicts the contexts (N, C) of the words (N,); the same matrix W reads the word and scores the contexts."""

    def __init__(self, vocab_size, hidden_size):
        self.W = 0.1 * np.random.randn(vocab_size, hidden_size)
        self.dW = np.zeros_like(self.W)

    def forward(self, words, contexts):
        self.words = np.array(words)
        contexts = np.asarray(contexts)
        V = self.W.shape[0]
        self.counts = np.zeros((len(self.words), V))
        for v in range(V):
            self.counts[:, v] = np.sum(contexts == v, axis=1)
        self.h = self.W[self.words]
        s = self.h @ self.W.T
        s = s - s.max(axis=1, keepdims=True)
        logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        self.p = np.exp(logp)
        return -np.sum(self.counts * logp) / len(self.words)

    def backward(self):
        C = self.counts.sum(axis=1, keepdims=True)
        ds = (C * self.p - self.counts) / len(self.words)
        self.dW = ds.T @ self.h
        np.add.at(self.dW, self.words, ds @ self.W)
        return self.dW
