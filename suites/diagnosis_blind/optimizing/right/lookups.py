"""Layers that pick rows by index, and their scattering backward."""
import numpy as np


class Embedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        W, = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        dW, = self.grads
        dW[...] = 0
        for i, word_id in enumerate(np.ravel(self.idx)):
            dW[word_id] += dout.reshape(-1, dW.shape[1])[i]
        return None


class EmbeddingBag:
    """ids (batch, bag) -> mean of the rows, (batch, dim)"""

    def __init__(self, vocab, dim):
        self.weight = np.random.randn(vocab, dim)

    def forward(self, ids):
        self.ids = ids
        return self.weight[ids].mean(axis=1)

    def backward(self, dout):
        self.dweight = np.zeros_like(self.weight)
        share = np.repeat(dout[:, None, :] / self.ids.shape[1], self.ids.shape[1], axis=1)
        np.add.at(self.dweight, self.ids, share)


def gather_forward(x, index):
    """x (batch, n, d), index (batch, k): row index[b, j] of sample b"""
    rows = np.arange(x.shape[0])[:, None]
    return x[rows, index], (x.shape, rows, index)


def gather_backward(dout, cache):
    shape, rows, index = cache
    dx = np.zeros(shape)
    np.add.at(dx, (rows, index), dout)
    return dx


class HashEmbedding:
    """Every id takes the sum of two rows of a small table, found by two hashes."""

    def __init__(self, buckets, dim):
        self.buckets = buckets
        self.table = np.random.randn(buckets, dim)

    def _hashes(self, ids):
        ids = np.asarray(ids).astype(np.int64)
        return (ids * 31 + 7) % self.buckets, (ids * 17 + 3) % self.buckets

    def forward(self, ids):
        self.h1, self.h2 = self._hashes(ids)
        return self.table[self.h1] + self.table[self.h2]

    def backward(self, grad_output):
        dim = self.table.shape[1]
        flat = grad_output.reshape(-1, dim)
        self.dtable = np.zeros_like(self.table)
        for h in (self.h1, self.h2):
            onehot = np.equal.outer(h.ravel(), np.arange(self.buckets))
            self.dtable += onehot.T.astype(flat.dtype) @ flat


class BigramLanguageModel:
    """Logits of the next character are the row of the present one; loss over a string of ids."""

    def __init__(self, vocab):
        self.W = np.random.randn(vocab, vocab) * 0.1

    def loss_and_grad(self, ids):
        prev = np.asarray(ids[:-1], dtype=int)
        nxt = np.asarray(ids[1:], dtype=int)
        logits = self.W[prev]
        logits = logits - logits.max(axis=1, keepdims=True)
        probs = np.exp(logits)
        probs /= probs.sum(axis=1, keepdims=True)
        n = prev.size
        loss = -np.mean(logits[np.arange(n), nxt] - np.log(np.exp(logits).sum(axis=1)))
        probs[np.arange(n), nxt] -= 1
        dW = np.zeros_like(self.W)
        for p, row in zip(prev, probs):
            dW[p] += row / n
        return loss, dW


class NeighbourSum:
    """Graph layer: out[dst] is the sum of x[src] W over the edges (src, dst)"""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)

    def forward(self, x, src, dst):
        self.x, self.src, self.dst = x, src, dst
        messages = x[src] @ self.W
        out = np.zeros((x.shape[0], self.W.shape[1]))
        np.add.at(out, dst, messages)
        return out

    def backward(self, dout):
        dmessages = dout[self.dst]
        self.dW = self.x[self.src].T @ dmessages
        dx = np.zeros(self.x.shape)
        np.add.at(dx, self.src, dmessages @ self.W.T)
        return dx


class RelativeBias:
    """scores (heads, n, n) plus a learned bias for each distance, cut off at max_distance"""

    def __init__(self, heads, max_distance):
        self.max_distance = max_distance
        self.bias = np.zeros((heads, 2 * max_distance + 1))

    def forward(self, scores):
        pos = np.arange(scores.shape[-1])
        self.bucket = np.clip(pos[None, :] - pos[:, None], -self.max_distance, self.max_distance) + self.max_distance
        return scores + self.bias[:, self.bucket]

    def backward(self, dout):
        self.dbias = np.zeros_like(self.bias)
        for head in range(dout.shape[0]):
            self.dbias[head] = np.bincount(self.bucket.ravel(), dout[head].ravel(), self.bias.shape[1])
        return dout.copy()


class SkipGram:
    """Negative sampling: center (n,), context (n, k), labels (n, k) of 0 and 1; returns (loss, grads)"""

    def __init__(self, vocab, dim):
        self.W_in = np.random.randn(vocab, dim) * 0.1
        self.W_out = np.random.randn(vocab, dim) * 0.1

    def loss(self, center, context, labels):
        v, u = self.W_in[center], self.W_out[context]
        score = np.einsum("nd,nkd->nk", v, u)
        signed = np.where(labels == 1, score, -score)
        loss = np.logaddexp(0, -signed).sum() / len(center)
        dscore = (0.5 * (1 + np.tanh(0.5 * score)) - labels) / len(center)
        grads = {"W_in": np.zeros_like(self.W_in), "W_out": np.zeros_like(self.W_out)}
        np.add.at(grads["W_in"], center, np.einsum("nk,nkd->nd", dscore, u))
        np.add.at(grads["W_out"], context, dscore[:, :, None] * v[:, None, :])
        return loss, grads


class TokenAndPosition:
    """ids (batch, length) -> word vectors plus learned position vectors"""

    def __init__(self, vocab_size, max_len, dim):
        self.W_tok = np.random.randn(vocab_size, dim)
        self.W_pos = np.random.randn(max_len, dim)

    def forward(self, ids):
        self.ids = ids
        return self.W_tok[ids] + self.W_pos[:ids.shape[1]]

    def backward(self, dout):
        self.dW_tok = np.zeros_like(self.W_tok)
        np.add.at(self.dW_tok, self.ids, dout)
        self.dW_pos = np.zeros_like(self.W_pos)
        self.dW_pos[:self.ids.shape[1]] = dout.sum(axis=0)
