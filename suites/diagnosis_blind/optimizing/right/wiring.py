"""Blocks and small networks that join several parts."""
from collections import OrderedDict

import numpy as np


def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


class ResidualBlock:
    """relu(x W1 + b1) W2 + b2 + x"""

    def __init__(self, dim, hidden):
        self.W1, self.b1 = np.random.randn(dim, hidden) * 0.1, np.zeros(hidden)
        self.W2, self.b2 = np.random.randn(hidden, dim) * 0.1, np.zeros(dim)

    def forward(self, x):
        self.x = x
        self.a = x @ self.W1 + self.b1
        self.r = np.maximum(self.a, 0)
        return self.r @ self.W2 + self.b2 + x

    def backward(self, dout):
        self.dW2, self.db2 = self.r.T @ dout, dout.sum(axis=0)
        da = (dout @ self.W2.T) * (self.a > 0)
        self.dW1, self.db1 = self.x.T @ da, da.sum(axis=0)
        return da @ self.W1.T + dout


class Highway:
    """t * tanh(x Wh + bh) + (1 - t) * x with the gate t = sigmoid(x Wt + bt), bt negative at first"""

    def __init__(self, dim, gate_bias=-2.0):
        self.Wh = np.random.randn(dim, dim) * 0.1
        self.bh = np.zeros(dim)
        self.Wt = np.random.randn(dim, dim) * 0.1
        self.bt = np.full(dim, gate_bias)

    def forward(self, x):
        self.x = x
        self.h = np.tanh(x @ self.Wh + self.bh)
        self.t = sigmoid(x @ self.Wt + self.bt)
        return self.t * self.h + (1 - self.t) * x

    def backward(self, dout):
        dh = dout * self.t * (1 - self.h ** 2)
        dt = dout * (self.h - self.x) * self.t * (1 - self.t)
        self.dWh, self.dbh = self.x.T @ dh, dh.sum(axis=0)
        self.dWt, self.dbt = self.x.T @ dt, dt.sum(axis=0)
        return dout * (1 - self.t) + dh @ self.Wh.T + dt @ self.Wt.T


class Layer_ScaledDense:
    """A dense layer with a learned gain and bias per neuron: gains * (X W) + biases"""

    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.gains = np.ones((1, n_neurons))
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.linear = np.dot(inputs, self.weights)
        self.output = self.gains * self.linear + self.biases

    def backward(self, dvalues):
        self.dgains = np.sum(dvalues * self.linear, axis=0, keepdims=True)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        scaled = dvalues * self.gains
        self.dweights = np.dot(self.inputs.T, scaled)
        self.dinputs = np.dot(scaled, self.weights.T)


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out ** 2)


class ThreeLayerNet:
    """Affine - tanh - Affine - tanh - Affine, softmax loss with one-hot or class labels"""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.1):
        sizes = [input_size, hidden_size, hidden_size, output_size]
        self.params = {}
        self.layers = OrderedDict()
        for i in range(1, 4):
            self.params["W%d" % i] = weight_init_std * np.random.randn(sizes[i - 1], sizes[i])
            self.params["b%d" % i] = np.zeros(sizes[i])
            self.layers["Affine%d" % i] = Affine(self.params["W%d" % i], self.params["b%d" % i])
            if i < 3:
                self.layers["Tanh%d" % i] = Tanh()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        y = self.predict(x)
        y = y - y.max(axis=1, keepdims=True)
        self.logp = y - np.log(np.exp(y).sum(axis=1, keepdims=True))
        self.onehot = t if t.ndim == 2 else np.eye(y.shape[1])[t]
        return -np.sum(self.onehot * self.logp) / x.shape[0]

    def gradient(self, x, t):
        self.loss(x, t)
        dout = (np.exp(self.logp) - self.onehot) / x.shape[0]
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        grads = {}
        for i in range(1, 4):
            grads["W%d" % i] = self.layers["Affine%d" % i].dW
            grads["b%d" % i] = self.layers["Affine%d" % i].db
        return grads

    def train_step(self, x, t, lr=0.1):
        grads = self.gradient(x, t)
        for key in ("W1", "b1", "W2", "b2", "W3", "b3"):
            self.params[key] -= lr * grads[key]


def gru_step_forward(x, h, Wx, Wh, bx, bh):
    """gates in the order r, z, n; the reset gate multiplies (h Wh + bh) of n"""
    H = h.shape[1]
    gx = x @ Wx + bx
    gh = h @ Wh + bh
    r = sigmoid(gx[:, :H] + gh[:, :H])
    z = sigmoid(gx[:, H:2 * H] + gh[:, H:2 * H])
    n = np.tanh(gx[:, 2 * H:] + r * gh[:, 2 * H:])
    h_next = (1 - z) * n + z * h
    return h_next, (x, h, Wx, Wh, r, z, n, gh[:, 2 * H:])


def gru_step_backward(dh_next, cache):
    x, h, Wx, Wh, r, z, n, ghn = cache
    dn = dh_next * (1 - z) * (1 - n ** 2)
    dz = dh_next * (h - n) * z * (1 - z)
    dr = dn * ghn * r * (1 - r)
    dgx = np.hstack([dr, dz, dn])
    dgh = np.hstack([dr, dz, dn * r])
    dx = dgx @ Wx.T
    dh = dgh @ Wh.T + dh_next * z
    return dx, dh, x.T @ dgx, h.T @ dgh, dgx.sum(axis=0), dgh.sum(axis=0)


class BiRNN:
    """One tanh RNN from the left and one from the right over (time, n_in); the states are put side by side."""

    def __init__(self, n_in, n_hidden):
        self.n_hidden = n_hidden
        self.Wf, self.Uf = np.random.randn(n_in, n_hidden) * 0.3, np.random.randn(n_hidden, n_hidden) * 0.3
        self.Wb, self.Ub = np.random.randn(n_in, n_hidden) * 0.3, np.random.randn(n_hidden, n_hidden) * 0.3

    @staticmethod
    def _run(xs, W, U):
        hs = np.zeros((len(xs) + 1, U.shape[0]))
        for t, x in enumerate(xs):
            hs[t + 1] = np.tanh(x @ W + hs[t] @ U)
        return hs

    @staticmethod
    def _back(xs, hs, W, U, dhs):
        dW, dU, dxs, carry = np.zeros_like(W), np.zeros_like(U), np.zeros(xs.shape), 0
        for t in reversed(range(len(xs))):
            da = (dhs[t] + carry) * (1 - hs[t + 1] ** 2)
            dW += np.outer(xs[t], da)
            dU += np.outer(hs[t], da)
            dxs[t] = W @ da
            carry = U @ da
        return dxs, dW, dU

    def forward(self, xs):
        self.xs = xs
        self.hf = self._run(xs, self.Wf, self.Uf)
        self.hb = self._run(xs[::-1], self.Wb, self.Ub)
        return np.concatenate([self.hf[1:], self.hb[1:][::-1]], axis=1)

    def backward(self, dout):
        df, db = dout[:, :self.n_hidden], dout[:, self.n_hidden:][::-1]
        dxf, self.dWf, self.dUf = self._back(self.xs, self.hf, self.Wf, self.Uf, df)
        dxb, self.dWb, self.dUb = self._back(self.xs[::-1], self.hb, self.Wb, self.Ub, db)
        return dxf + dxb[::-1]
