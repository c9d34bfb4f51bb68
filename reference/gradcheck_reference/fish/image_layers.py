"""Convolution, Pooling and BatchNormalization. Source: fish book chapters 6.3 and 7."""

from __future__ import annotations

import numpy as np

from gradcheck_reference.fish.layers import before_forward
from gradcheck_reference.functional.checks import Array, Cache, batch, floating
from gradcheck_reference.functional.convolution import conv2d_backward, conv2d_forward
from gradcheck_reference.functional.norms import (
    batch_norm_backward,
    batch_norm_forward,
    batch_statistics,
)
from gradcheck_reference.functional.pooling import max_pool2d_backward, max_pool2d_forward


class Convolution:
    """Convolution of images (N, C, H, W) with any stride and padding (chapter 7.4.3).

    Parameters
    ----------
    W : (FN, C, FH, FW)
    b : (FN,)

    Examples
    --------
    >>> layer = Convolution(np.ones((1, 1, 2, 2)), np.zeros(1))
    >>> layer.forward(np.arange(9.0).reshape(1, 1, 3, 3))[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    >>> layer.backward(np.ones((1, 1, 2, 2)))[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """

    def __init__(self, W: Array, b: Array, stride: int = 1, pad: int = 0) -> None:
        self.W = floating(W, "W")
        self.b = floating(b, "b")
        self.stride = stride
        self.pad = pad
        self.dW: Array | None = None
        self.db: Array | None = None
        self._cache: Cache | None = None

    def forward(self, x: Array) -> Array:
        out, self._cache = conv2d_forward(x, self.W, self.b, stride=self.stride, padding=self.pad)
        return out

    def backward(self, dout: Array) -> Array:
        if self._cache is None:
            raise before_forward(self)
        dx, self.dW, self.db = conv2d_backward(dout, self._cache)
        return dx


class Pooling:
    """Max pooling of images (N, C, H, W) (chapter 7.4.4). Padding never wins: it counts as
    minus infinity, where the book's zeros would beat negative values.

    Examples
    --------
    >>> layer = Pooling(2, 2)
    >>> layer.forward(np.array([[[[1.0, 2.0], [4.0, 3.0]]]])), layer.backward(np.ones((1, 1, 1, 1)))
    (array([[[[4.]]]]), array([[[[0., 0.],
             [1., 0.]]]]))
    """

    def __init__(self, pool_h: int, pool_w: int, stride: int = 2, pad: int = 0) -> None:
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad
        self._cache: Cache | None = None

    def forward(self, x: Array) -> Array:
        out, self._cache = max_pool2d_forward(
            x, kernel=(self.pool_h, self.pool_w), stride=self.stride, padding=self.pad
        )
        return out

    def backward(self, dout: Array) -> Array:
        if self._cache is None:
            raise before_forward(self)
        return max_pool2d_backward(dout, self._cache)


class BatchNormalization:
    """``gamma xhat + beta`` over the batch; running statistics in evaluation (chapter 6.3).

    Parameters
    ----------
    gamma, beta : (D,)
        D is the features of (N, D), or C H W of images (N, C, H, W), which are flattened as in the
        book.
    momentum
        ``running = momentum running + (1 - momentum) batch``; the variance is the biased one.

    Examples
    --------
    >>> layer = BatchNormalization(np.ones(1), np.zeros(1))
    >>> layer.forward(np.array([[1.0], [3.0]])).round(3).tolist()
    [[-1.0], [1.0]]
    >>> layer.running_mean
    array([0.2])
    """

    def __init__(
        self,
        gamma: Array,
        beta: Array,
        momentum: float = 0.9,
        running_mean: Array | None = None,
        running_var: Array | None = None,
    ) -> None:
        self.gamma = floating(gamma, "gamma")
        self.beta = floating(beta, "beta")
        self.momentum = momentum
        self.running_mean = running_mean
        self.running_var = running_var
        self.dgamma: Array | None = None
        self.dbeta: Array | None = None
        self._cache: Cache | None = None
        self._shape: tuple[int, ...] = ()

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        """Out; with ``train_flg=False`` the running statistics are used and not changed."""
        x = batch(x, "x")
        rows = x.reshape(len(x), -1)
        if self.running_mean is None or self.running_var is None:
            self.running_mean = np.zeros(rows.shape[1], rows.dtype)
            self.running_var = np.zeros(rows.shape[1], rows.dtype)
        fixed = None if train_flg else (self.running_mean, self.running_var)
        out, self._cache = batch_norm_forward(
            rows, self.gamma, self.beta, eps=1e-6, statistics=fixed
        )
        self._shape = x.shape
        if train_flg:
            mean, var = batch_statistics(self._cache)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        return out.reshape(x.shape)

    def backward(self, dout: Array) -> Array:
        if self._cache is None:
            raise before_forward(self)
        rows = np.asarray(dout).reshape(self._shape[0], -1)
        dx, self.dgamma, self.dbeta = batch_norm_backward(rows, self._cache)
        return dx.reshape(self._shape)
