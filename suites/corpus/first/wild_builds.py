"""Constructors that take sizes apart, and optimizers over the layers of a model."""

import numpy as np


class ConvOfShape:
    """Made for images of one size, which its constructor takes apart."""

    def __init__(self, X_dim, n_filter, h_filter, w_filter):
        self.d_X, self.h_X, self.w_X = X_dim
        self.W = np.random.randn(n_filter, self.d_X, h_filter, w_filter)
        self.b = np.zeros((n_filter, 1))
        self.h_out, self.w_out = self.h_X - h_filter + 1, self.w_X - w_filter + 1

    def forward(self, X):
        self.X = X
        h, w = self.W.shape[2:]
        out = np.zeros((len(X), len(self.W), self.h_out, self.w_out))
        for i in range(self.h_out):
            for j in range(self.w_out):
                window = X[:, :, i : i + h, j : j + w].reshape(len(X), -1)
                out[:, :, i, j] = window @ self.W.reshape(len(self.W), -1).T
        return out + self.b.reshape(1, -1, 1, 1)

    def backward(self, dout):
        h, w = self.W.shape[2:]
        dX, dW = np.zeros_like(self.X), np.zeros_like(self.W)
        db = dout.sum(axis=(0, 2, 3)).reshape(-1, 1)
        for i in range(self.h_out):
            for j in range(self.w_out):
                d = dout[:, :, i, j]
                dW += np.einsum("nf,nchw->fchw", d, self.X[:, :, i : i + h, j : j + w])
                dX[:, :, i : i + h, j : j + w] += np.einsum("nf,fchw->nchw", d, self.W)
        return dX, [dW, db]


class ConvOfShapeOverwrites(ConvOfShape):
    def backward(self, dout):
        h, w = self.W.shape[2:]
        dX, dW = np.zeros_like(self.X), np.zeros_like(self.W)
        db = dout.sum(axis=(0, 2, 3)).reshape(-1, 1)
        for i in range(self.h_out):
            for j in range(self.w_out):
                d = dout[:, :, i, j]
                dW += np.einsum("nf,nchw->fchw", d, self.X[:, :, i : i + h, j : j + w])
                dX[:, :, i : i + h, j : j + w] = np.einsum("nf,fchw->nchw", d, self.W)
        return dX, [dW, db]


class LayersSGD:
    """Takes a model and reads its layers by number."""

    def __init__(self, model, lr=0.1, momentum=0.0):
        self.l = model.layers
        self.lr, self.mu = lr, momentum
        self.v_W = [np.zeros(self.l[i].W.shape) for i in range(len(self.l))]
        self.v_b = [np.zeros(self.l[i].b.shape) for i in range(len(self.l))]

    def step(self):
        for i in range(len(self.l)):
            self.v_W[i] = self.mu * self.v_W[i] + self.l[i].dLdW
            self.v_b[i] = self.mu * self.v_b[i] + self.l[i].dLdb
            self.l[i].W = self.l[i].W - self.lr * self.v_W[i]
            self.l[i].b = self.l[i].b - self.lr * self.v_b[i]


class EveryOtherAdam:
    """Takes every other layer: activations lie between."""

    def __init__(self, model, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.l = model.layers[::2]
        self.lr, self.beta1, self.beta2, self.eps, self.t = lr, beta1, beta2, eps, 0
        self.m = [[np.zeros(l.W.shape), np.zeros(l.b.shape)] for l in self.l]
        self.v = [[np.zeros(l.W.shape), np.zeros(l.b.shape)] for l in self.l]

    def moved(self, i, k, g):
        self.m[i][k] = self.beta1 * self.m[i][k] + (1 - self.beta1) * g
        self.v[i][k] = self.beta2 * self.v[i][k] + (1 - self.beta2) * g**2
        m = self.m[i][k] / (1 - self.beta1**self.t)
        v = self.v[i][k] / (1 - self.beta2**self.t)
        return self.lr * m / (np.sqrt(v) + self.eps)

    def step(self):
        self.t += 1
        for i in range(len(self.l)):
            self.l[i].W = self.l[i].W - self.moved(i, 0, self.l[i].dLdW)
            self.l[i].b = self.l[i].b - self.moved(i, 1, self.l[i].dLdb)


class EveryOtherAdamStuck(EveryOtherAdam):
    def step(self):
        self.t = 1
        for i in range(len(self.l)):
            self.l[i].W = self.l[i].W - self.moved(i, 0, self.l[i].dLdW)
            self.l[i].b = self.l[i].b - self.moved(i, 1, self.l[i].dLdb)
