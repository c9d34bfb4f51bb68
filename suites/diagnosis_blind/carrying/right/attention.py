"""Attention layers on (N, T, D)."""
import numpy as np


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class PositionalEmbedding:
    """Adds a learned row to every position."""

    def __init__(self, max_len, dim):
        self.P = np.random.randn(max_len, dim) * 0.02
        self.dP = np.zeros_like(self.P)

    def forward(self, x):
        self.t = x.shape[1]
        return x + self.P[:self.t]

    def backward(self, dout):
        self.dP = np.zeros_like(self.P)
        for d in dout:
            self.dP[:self.t] += d
        return dout.copy()


class BiasedSelfAttention:
    """One head; a learned table (T, T) is added to the scores of every sample."""

    def __init__(self, seq_len, dim):
        self.Wq = np.random.randn(dim, dim) / np.sqrt(dim)
        self.Wk = np.random.randn(dim, dim) / np.sqrt(dim)
        self.Wv = np.random.randn(dim, dim) / np.sqrt(dim)
        self.bias = np.zeros((seq_len, seq_len))
        self.scale = 1.0 / np.sqrt(dim)

    def forward(self, x):
        self.x = x.copy()
        self.q, self.k, self.v = x @ self.Wq, x @ self.Wk, x @ self.Wv
        scores = self.q @ self.k.transpose(0, 2, 1) * self.scale + self.bias
        self.att = softmax(scores)
        return self.att @ self.v

    def backward(self, dout):
        datt = dout @ self.v.transpose(0, 2, 1)
        dv = self.att.transpose(0, 2, 1) @ dout
        ds = self.att * (datt - np.sum(datt * self.att, axis=2, keepdims=True))
        self.dbias = ds.sum(axis=0)
        dqk = ds * self.scale
        dq = dqk @ self.k
        dk = dqk.transpose(0, 2, 1) @ self.q
        self.dWq = np.einsum("ntd,nte->de", self.x, dq)
        self.dWk = np.einsum("ntd,nte->de", self.x, dk)
        self.dWv = np.einsum("ntd,nte->de", self.x, dv)
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T


class AttentionPool:
    """Weights w = softmax over time of x . u; the output (N, D) is the weighted sum of the steps."""

    def __init__(self, dim):
        self.u = np.random.randn(dim)

    def forward(self, x):
        self.x = x.copy()
        self.e = x @ self.u
        self.w = softmax(self.e)
        return np.einsum("nt,ntd->nd", self.w, x)

    def backward(self, dout):
        dw = np.einsum("nd,ntd->nt", dout, self.x)
        w = self.w
        de = w * (dw - np.sum(dw * w, axis=1, keepdims=True))
        self.du = np.einsum("nt,ntd->d", de, self.x)
        return self.w[:, :, None] * dout[:, None, :] + de[:, :, None] * self.u


def phi(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def phi_grad(x):
    return np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))


def linear_attention_forward(q, k, v):
    """Row i: sum_j (phi(q_i) . phi(k_j)) v_j, divided by the sum of these weights."""
    fq, fk = phi(q), phi(k)
    weights = fq @ fk.transpose(0, 2, 1)
    total = weights.sum(axis=2, keepdims=True)
    out = weights @ v / total
    return out, (q.copy(), k.copy(), v.copy(), fq, fk, weights, total, out.copy())


def linear_attention_backward(dout, cache):
    q, k, v, fq, fk, weights, total, out = cache
    dnum = dout / total
    dv = weights.transpose(0, 2, 1) @ dnum
    dweights = dnum @ v.transpose(0, 2, 1)
    dweights -= np.sum(dnum * out, axis=2, keepdims=True)
    dq = dweights @ fk * phi_grad(q)
    dk = dweights.transpose(0, 2, 1) @ fq * phi_grad(k)
    return dq, dk, dv


class MemoryReader:
    """Reads a memory (N, S, D) once per step; the query is the input plus what was read in the step before."""

    def forward(self, x, memory):
        self.memory = memory.copy()
        c = np.zeros(x[:, 0].shape)
        self.log, out = [], []
        for t in range(x.shape[1]):
            query = x[:, t] + c
            w = softmax(np.einsum("nsd,nd->ns", memory, query))
            c = np.einsum("ns,nsd->nd", w, memory)
            self.log.append((query, w))
            out.append(c)
        return np.stack(out, axis=1)

    def backward(self, dout):
        dx, dmem = np.zeros(dout.shape), np.zeros(self.memory.shape)
        dc_next = np.zeros(dout[:, 0].shape)
        for t in reversed(range(dout.shape[1])):
            query, w = self.log[t]
            dc = dout[:, t] + dc_next
            dw = np.einsum("nd,nsd->ns", dc, self.memory)
            de = w * (dw - np.sum(dw * w, axis=1, keepdims=True))
            dmem += w[:, :, None] * dc[:, None] + de[:, :, None] * query[:, None]
            dx[:, t] = np.einsum("ns,nsd->nd", de, self.memory)
            dc_next = dx[:, t]
        return dx, dmem
