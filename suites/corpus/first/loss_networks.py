"""Networks that compute their own loss: forward(x, t), backward(), parameters in lists."""

import numpy as np


class Product:
    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout
        return dout @ self.params[0].T


class CrossEntropyHead:
    def forward(self, scores, labels):
        z = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p = z / z.sum(axis=1, keepdims=True)
        self.labels = labels
        return -np.log(self.p[np.arange(len(labels)), labels] + 1e-7).mean()

    def backward(self, dout=1):
        d = self.p.copy()
        d[np.arange(len(d)), self.labels] -= 1
        return dout * d / len(d)


class TwoProducts:
    """values in, class numbers as targets"""

    def __init__(self, input_size, hidden_size, output_size):
        self.first = Product(0.1 * np.random.randn(input_size, hidden_size))
        self.second = Product(0.1 * np.random.randn(hidden_size, output_size))
        self.head = CrossEntropyHead()
        self.params = self.first.params + self.second.params
        self.grads = self.first.grads + self.second.grads

    def forward(self, x, t):
        self.h = np.tanh(self.first.forward(x))
        return self.head.forward(self.second.forward(self.h), t)

    def backward(self, dout=1):
        d = self.second.backward(self.head.backward(dout))
        return self.first.backward(d * (1 - self.h**2))


class TwoProductsNoTanh(TwoProducts):
    """the derivative of tanh is forgotten"""

    def backward(self, dout=1):
        return self.first.backward(self.second.backward(self.head.backward(dout)))


class SharedTable:
    """one table used for two words, single precision; its gradient is the sum of two entries"""

    def __init__(self, vocab_size, hidden_size):
        W_in = (0.1 * np.random.randn(vocab_size, hidden_size)).astype("f")
        W_out = (0.1 * np.random.randn(hidden_size, vocab_size)).astype("f")
        self.left, self.right, self.out = Product(W_in), Product(W_in), Product(W_out)
        self.head = CrossEntropyHead()
        self.params, self.grads = [], []
        for part in (self.left, self.right, self.out):
            self.params += part.params
            self.grads += part.grads

    def forward(self, contexts, target):
        h = 0.5 * (self.left.forward(contexts[:, 0]) + self.right.forward(contexts[:, 1]))
        return self.head.forward(self.out.forward(h), target)

    def backward(self, dout=1):
        d = 0.5 * self.out.backward(self.head.backward(dout))
        self.left.backward(d)
        self.right.backward(d)


class SharedTableHalf(SharedTable):
    """the factor 0.5 is missing for the second word"""

    def backward(self, dout=1):
        d = self.out.backward(self.head.backward(dout))
        self.left.backward(0.5 * d)
        self.right.backward(d)


class NextWord:
    """class numbers in, class numbers as targets: (batch, time) both"""

    def __init__(self, vocab_size, wordvec_size):
        self.params = [
            np.random.randn(vocab_size, wordvec_size),
            np.random.randn(wordvec_size, vocab_size),
        ]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.head = CrossEntropyHead()

    def forward(self, xs, ts):
        table, out = self.params
        self.xs = xs
        self.vectors = table[xs]
        scores = self.vectors @ out
        return self.head.forward(scores.reshape(-1, scores.shape[-1]), ts.reshape(-1))

    def backward(self, dout=1):
        table, out = self.params
        d = self.head.backward(dout).reshape(*self.xs.shape, -1)
        self.grads[1][...] = np.einsum("ntd,ntv->dv", self.vectors, d)
        self.grads[0][...] = 0
        np.add.at(self.grads[0], self.xs, d @ out.T)


class NextWordLost(NextWord):
    """repeated words overwrite each other"""

    def backward(self, dout=1):
        table, out = self.params
        d = self.head.backward(dout).reshape(*self.xs.shape, -1)
        self.grads[1][...] = np.einsum("ntd,ntv->dv", self.vectors, d)
        self.grads[0][...] = 0
        self.grads[0][self.xs] = d @ out.T
