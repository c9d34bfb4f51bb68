"""Layers that look words up: numbers in second place, buffers in single precision, a corpus."""

import numpy as np


class Table:
    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, idx):
        self.idx = idx
        return self.params[0][idx]

    def backward(self, dout):
        self.grads[0][...] = 0
        np.add.at(self.grads[0], self.idx, dout)


class Score:
    """a vector times the rows of a table: (h, idx)"""

    def __init__(self, W):
        self.table = Table(W)
        self.params, self.grads = self.table.params, self.table.grads

    def forward(self, h, idx):
        rows = self.table.forward(idx)
        self.cache = h, rows
        return np.sum(rows * h, axis=1)

    def backward(self, dout):
        h, rows = self.cache
        dout = dout[:, None]
        self.table.backward(dout * h)
        return dout * rows


class ScoreSwapped(Score):
    """the gradient of h is h"""

    def backward(self, dout):
        h, rows = self.cache
        dout = dout[:, None]
        self.table.backward(dout * h)
        return dout * h


class TableOverTime:
    """(batch, time) numbers; one table for each step, the output in single precision"""

    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]
        self.layers = None

    def forward(self, xs):
        out = np.empty((*xs.shape, self.params[0].shape[1]), dtype="f")
        self.layers = [Table(self.params[0]) for _ in range(xs.shape[1])]
        for t, layer in enumerate(self.layers):
            out[:, t] = layer.forward(xs[:, t])
        return out

    def backward(self, dout):
        total = 0
        for t, layer in enumerate(self.layers):
            layer.backward(dout[:, t])
            total = total + layer.grads[0]
        self.grads[0][...] = total


class TableOverTimeLast(TableOverTime):
    """only the last step's gradient is kept"""

    def backward(self, dout):
        for t, layer in enumerate(self.layers):
            layer.backward(dout[:, t])
            self.grads[0][...] = layer.grads[0]


class DrawnWordsLoss:
    """logistic loss of one right and two drawn words, with the corpus in the constructor"""

    def __init__(self, W, corpus, sample_size=2):
        self.share = np.bincount(corpus) / len(corpus)
        self.scores = [Score(W) for _ in range(sample_size + 1)]
        self.params = [s.params[0] for s in self.scores]
        self.grads = [s.grads[0] for s in self.scores]

    def forward(self, h, target):
        drawn = np.random.choice(len(self.share), size=(len(self.scores) - 1, len(h)), p=self.share)
        self.errors, loss = [], 0.0
        for k, score in enumerate(self.scores):
            z = score.forward(h, target if k == 0 else drawn[k - 1])
            y = 1.0 if k == 0 else 0.0
            p = 1 / (1 + np.exp(-z))
            loss -= np.mean(np.log(p if k == 0 else 1 - p))
            self.errors.append((p - y) / len(h))
        return loss

    def backward(self, dout=1):
        return sum(s.backward(dout * e) for s, e in zip(self.scores, self.errors, strict=True))


class DrawnWordsSumLoss(DrawnWordsLoss):
    """the drawn words are not divided by the batch"""

    def backward(self, dout=1):
        dh = self.scores[0].backward(dout * self.errors[0])
        for s, e in zip(self.scores[1:], self.errors[1:], strict=True):
            dh = dh + s.backward(dout * e * len(e))
        return dh
