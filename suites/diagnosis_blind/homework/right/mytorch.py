"""A small deep-learning library in the style of a course's autograded homework: one class per module."""
import math

import numpy as np


class Linear:
    """Z = A W^T + b, W (out, in), b (out, 1)."""

    def __init__(self, in_features, out_features):
        self.W = np.random.randn(out_features, in_features) * 0.1
        self.b = np.zeros((out_features, 1))
        self.dLdW = np.zeros_like(self.W)
        self.dLdb = np.zeros_like(self.b)

    def forward(self, A):
        self.A = A
        return A @ self.W.T + self.b.T

    def backward(self, dLdZ):
        self.dLdW = dLdZ.T @ self.A
        self.dLdb = dLdZ.sum(axis=0).reshape(-1, 1)
        return dLdZ @ self.W


class GELU:
    """Z * Phi(Z) with the exact normal distribution function."""

    def forward(self, Z):
        self.Z = Z
        self.Phi = 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(Z / math.sqrt(2)))
        return Z * self.Phi

    def backward(self, dLdA):
        pdf = np.exp(-0.5 * self.Z ** 2) / np.sqrt(2 * np.pi)
        return dLdA * (self.Phi + self.Z * pdf)


class Softmax:
    def forward(self, Z):
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        self.A = E / E.sum(axis=1, keepdims=True)
        return self.A

    def backward(self, dLdA):
        N, C = dLdA.shape
        dLdZ = np.zeros((N, C))
        for n in range(N):
            a = self.A[n]
            J = np.diag(a) - np.outer(a, a)
            dLdZ[n] = dLdA[n] @ J
        return dLdZ


class MSELoss:
    """Mean over all N * C entries."""

    def forward(self, A, Y):
        self.A = A
        self.Y = Y
        return np.mean((A - Y) ** 2)

    def backward(self):
        N, C = self.A.shape
        return 2 * (self.A - self.Y) / (N * C)


class CrossEntropyLoss:
    """Softmax and cross entropy of logits A (N, C) with one-hot targets Y (N, C), mean over the batch."""

    def forward(self, A, Y):
        self.Y = Y
        S = A - np.max(A, axis=1, keepdims=True)
        log_softmax = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        self.softmax = np.exp(log_softmax)
        return -np.sum(Y * log_softmax) / A.shape[0]

    def backward(self):
        dLdA = self.softmax - self.Y
        return dLdA / dLdA.shape[0]


class Conv1d_stride1:
    """A (N, C_in, W) -> Z (N, C_out, W - K + 1), W (C_out, C_in, K), b (C_out,)."""

    def __init__(self, in_channels, out_channels, kernel_size):
        self.K = kernel_size
        self.W = np.random.randn(out_channels, in_channels, kernel_size) * 0.1
        self.b = np.zeros(out_channels)

    def forward(self, A):
        self.A = A
        W_out = A.shape[2] - self.K + 1
        Z = np.zeros((A.shape[0], self.W.shape[0], W_out))
        for i in range(W_out):
            Z[:, :, i] = np.tensordot(A[:, :, i:i + self.K], self.W, axes=([1, 2], [1, 2])) + self.b
        return Z

    def backward(self, dLdZ):
        W_out, W_in = dLdZ.shape[2], self.A.shape[2]
        self.dLdW = np.zeros_like(self.W)
        for k in range(self.K):
            self.dLdW[:, :, k] = np.tensordot(dLdZ, self.A[:, :, k:k + W_out], axes=([0, 2], [0, 2]))
        self.dLdb = dLdZ.sum(axis=(0, 2))
        padded = np.pad(dLdZ, ((0, 0), (0, 0), (self.K - 1, self.K - 1)))
        flipped = self.W[:, :, ::-1]
        dLdA = np.zeros(self.A.shape)
        for i in range(W_in):
            dLdA[:, :, i] = np.tensordot(padded[:, :, i:i + self.K], flipped, axes=([1, 2], [0, 2]))
        return dLdA


class Flatten:
    """(N, C, W) -> (N, C * W)."""

    def forward(self, A):
        self.shape = A.shape
        return A.reshape(A.shape[0], -1).copy()

    def backward(self, dLdZ):
        return dLdZ.reshape(self.shape).copy()


class GRUCell:
    """One step of a GRU on a batch: forward(x, h_prev) -> h, backward(delta) -> (dx, dh_prev)."""

    def __init__(self, d, h):
        for gate in 'rzn':
            setattr(self, 'W%sx' % gate, np.random.randn(h, d) * 0.5)
            setattr(self, 'W%sh' % gate, np.random.randn(h, h) * 0.5)
            setattr(self, 'b%s' % gate, np.zeros(h))

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.r = 0.5 * (1 + np.tanh(0.5 * (x @ self.Wrx.T + h_prev @ self.Wrh.T + self.br)))
        self.z = 0.5 * (1 + np.tanh(0.5 * (x @ self.Wzx.T + h_prev @ self.Wzh.T + self.bz)))
        self.hn = h_prev @ self.Wnh.T
        self.n = np.tanh(x @ self.Wnx.T + self.r * self.hn + self.bn)
        return (1 - self.z) * self.n + self.z * h_prev

    def backward(self, delta):
        dn = delta * (1 - self.z) * (1 - self.n ** 2)
        dz = delta * (self.h_prev - self.n) * self.z * (1 - self.z)
        dr = dn * self.hn * self.r * (1 - self.r)
        self.dWrx, self.dWrh, self.dbr = dr.T @ self.x, dr.T @ self.h_prev, dr.sum(axis=0)
        self.dWzx, self.dWzh, self.dbz = dz.T @ self.x, dz.T @ self.h_prev, dz.sum(axis=0)
        self.dWnx, self.dWnh, self.dbn = dn.T @ self.x, (dn * self.r).T @ self.h_prev, dn.sum(axis=0)
        dx = dr @ self.Wrx + dz @ self.Wzx + dn @ self.Wnx
        dh_prev = delta * self.z + dr @ self.Wrh + dz @ self.Wzh + (dn * self.r) @ self.Wnh
        return dx, dh_prev
