import numpy as np

from ..init import glorot, zeros
from .base import TrainableLayer


class Dense(TrainableLayer):
    def __init__(self, n_in: int, n_out: int, weight_decay: float = 0.0):
        self.W = glorot(n_in, n_out)
        self.b = zeros(n_out)
        self.weight_decay = weight_decay

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.W + self.b

    def backward(self, grad):
        self.grad_W = self.inputs.T @ grad
        self.grad_b = grad.sum(axis=0)
        return grad @ self.W.T


class Maxout(TrainableLayer):
    """max over k affine pieces; W (k, n_in, n_out), b (k, n_out)"""

    def __init__(self, n_in: int, n_out: int, k: int = 3):
        self.W = np.stack([glorot(n_in, n_out) for _ in range(k)])
        self.b = zeros(k, n_out)

    def forward(self, inputs):
        self.inputs = inputs
        pieces = np.einsum('ni,kio->kno', inputs, self.W) + self.b[:, None]
        self.winner = pieces == pieces.max(axis=0)
        return pieces.max(axis=0)

    def backward(self, grad):
        g = self.winner * grad
        self.grad_W = np.einsum('ni,kno->kio', self.inputs, g)
        self.grad_b = g.sum(axis=1)
        return np.einsum('kno,kio->ni', g, self.W)
