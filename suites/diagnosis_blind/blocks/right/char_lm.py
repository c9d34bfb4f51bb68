"""A small language model with tied embeddings: ids -> E -> tanh RNN -> projection -> E^T -> softmax.

Training uses teacher forcing: the true previous token is the input of each step.
Targets equal to IGNORE (-1) do not count.
"""
import numpy as np

IGNORE = -1


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


class CharLM:
    def __init__(self, vocab_size, embed_dim, hidden_size, reg=0.0, seed=0):
        rng = np.random.default_rng(seed)
        V, D, H = vocab_size, embed_dim, hidden_size
        self.reg = reg
        self.params = {
            'E': 0.1 * rng.standard_normal((V, D)),
            'Wx': rng.standard_normal((D, H)) / np.sqrt(D),
            'Wh': rng.standard_normal((H, H)) / np.sqrt(H),
            'b': np.zeros(H),
            'P': rng.standard_normal((H, D)) / np.sqrt(H),
            'bo': np.zeros(V),
        }
        self.decayed = ('Wx', 'Wh', 'P')

    def forward(self, x):
        """x: (N, T) whole numbers. Returns logits (N, T, V) and what backward needs."""
        p = self.params
        N, T = x.shape
        H = p['b'].shape[0]
        e = p['E'][x]
        hs = np.zeros((N, T + 1, H), dtype=e.dtype)
        for t in range(T):
            hs[:, t + 1] = np.tanh(e[:, t] @ p['Wx'] + hs[:, t] @ p['Wh'] + p['b'])
        q = hs[:, 1:] @ p['P']
        logits = q @ p['E'].T + p['bo']
        return logits, (x, e, hs, q)

    def backward(self, dlogits, cache):
        p = self.params
        x, e, hs, q = cache
        N, T, V = dlogits.shape
        grads = {}
        grads['bo'] = dlogits.sum(axis=(0, 1))
        dE_out = np.einsum('ntv,ntd->vd', dlogits, q)
        dq = dlogits @ p['E']
        grads['P'] = np.einsum('nth,ntd->hd', hs[:, 1:], dq)
        dhs = dq @ p['P'].T

        for k in ('Wx', 'Wh', 'b'):
            grads[k] = np.zeros_like(p[k])
        de = np.zeros_like(e)
        dh_next = np.zeros_like(hs[:, 0])
        for t in reversed(range(T)):
            da = (dhs[:, t] + dh_next) * (1 - hs[:, t + 1] ** 2)
            grads['Wx'] += e[:, t].T @ da
            grads['Wh'] += hs[:, t].T @ da
            grads['b'] += da.sum(axis=0)
            de[:, t] = da @ p['Wx'].T
            dh_next = da @ p['Wh'].T

        dE_in = np.zeros_like(p['E'])
        np.add.at(dE_in, x, de)
        grads['E'] = dE_in + dE_out
        return grads

    def loss(self, x, targets):
        """Mean cross entropy over the tokens that count, plus 0.5 * reg * |W|^2. Returns (loss, grads)."""
        logits, cache = self.forward(x)
        N, T, V = logits.shape
        logp = log_softmax(logits).reshape(N * T, V)
        t = targets.reshape(-1)
        mask = t != IGNORE
        safe = np.where(mask, t, 0)
        n_tokens = max(mask.sum(), 1)
        rows = np.arange(N * T)

        loss = -(logp[rows, safe] * mask).sum() / n_tokens
        dlogits = np.exp(logp)
        dlogits[rows, safe] -= 1
        dlogits *= mask[:, None] / n_tokens
        grads = self.backward(dlogits.reshape(N, T, V), cache)

        for k in self.decayed:
            W = self.params[k]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads[k] += self.reg * W
        return loss, grads

    def accuracy(self, x, targets):
        logits, _ = self.forward(x)
        guess = logits.argmax(axis=-1)
        mask = targets != IGNORE
        return (guess == targets)[mask].mean() if mask.any() else 0.0

    def generate(self, start, length):
        """Greedy: feeds every prediction back in. start: (N, T0) ids; returns (N, T0 + length)."""
        ids = start.copy()
        for _ in range(length):
            logits, _ = self.forward(ids)
            nxt = logits[:, -1].argmax(axis=-1)
            ids = np.concatenate([ids, nxt[:, None]], axis=1)
        return ids
