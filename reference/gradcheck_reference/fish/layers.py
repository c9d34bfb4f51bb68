"""The book's layers: ``out = forward(x)``, ``dx = backward(dout)``, gradients in dW, db.

As in the book a layer keeps references to what it was given, not copies. Nothing it was given is
ever edited. Source: fish book chapters 5, 6.3, 6.4 and 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck_reference.functional import activations as f
from gradcheck_reference.functional.checks import Array, Cache, batch, floating, same_shape
from gradcheck_reference.functional.dense import dense_backward, dense_forward
from gradcheck_reference.functional.dropout import dropout_backward, dropout_forward, dropout_mask
from gradcheck_reference.functional.labels import class_index
from gradcheck_reference.functional.losses import (
    matrix,
    softmax_crossentropy_backward,
    softmax_crossentropy_forward,
)


def before_forward(layer: object) -> ValueError:
    """The error of a backward that has nothing to go back through."""
    return ValueError(f"{type(layer).__name__}.backward was called before forward")


class MulLayer:
    """``x y`` of two numbers or arrays (chapter 5.4.1).

    Examples
    --------
    >>> layer = MulLayer()
    >>> layer.forward(100.0, 2.0), layer.backward(1.1)
    (200.0, (2.2, 110.00000000000001))
    """

    def __init__(self) -> None:
        self.x: Any = None
        self.y: Any = None

    def forward(self, x: Any, y: Any) -> Any:
        self.x, self.y = x, y
        return x * y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        if self.x is None:
            raise before_forward(self)
        return dout * self.y, dout * self.x


class AddLayer:
    """``x + y`` of two numbers or arrays (chapter 5.4.2).

    Examples
    --------
    >>> layer = AddLayer()
    >>> layer.forward(200, 450), layer.backward(1.1)
    (650, (1.1, 1.1))
    """

    def forward(self, x: Any, y: Any) -> Any:
        return x + y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        return dout * 1, dout * 1


class Relu:
    """``max(x, 0)`` (chapter 5.5.1).

    Examples
    --------
    >>> layer = Relu()
    >>> layer.forward(np.array([-1.0, 2.0])), layer.backward(np.array([5.0, 5.0]))
    (array([0., 2.]), array([0., 5.]))
    """

    def __init__(self) -> None:
        self.mask: Array | None = None
        self._cache: Cache = ()

    def forward(self, x: Array) -> Array:
        out, self._cache = f.relu_forward(x)
        self.mask = self._cache[0] <= 0
        return out

    def backward(self, dout: Array) -> Array:
        if self.mask is None:
            raise before_forward(self)
        return f.relu_backward(dout, self._cache)


class Sigmoid:
    """``1 / (1 + exp(-x))`` (chapter 5.5.2).

    Examples
    --------
    >>> layer = Sigmoid()
    >>> layer.forward(np.array([0.0])), layer.backward(np.array([1.0]))
    (array([0.5]), array([0.25]))
    """

    def __init__(self) -> None:
        self.out: Array | None = None

    def forward(self, x: Array) -> Array:
        self.out = f.sigmoid_forward(x)[0]
        return self.out

    def backward(self, dout: Array) -> Array:
        if self.out is None:
            raise before_forward(self)
        return f.sigmoid_backward(dout, (self.out,))


class Affine:
    """``x W + b``; tensors are flattened, and dx has their shape again (chapter 5.6.1).

    Parameters
    ----------
    W : (D, M)
    b : (M,)

    Attributes
    ----------
    dW : (D, M)
    db : (M,)

    Raises
    ------
    ValueError
        Shapes that do not fit, an empty batch, backward before forward.

    Examples
    --------
    >>> layer = Affine(np.array([[1.0], [2.0]]), np.array([0.5]))
    >>> layer.forward(np.array([[3.0, 4.0]])), layer.backward(np.array([[1.0]]))
    (array([[11.5]]), array([[1., 2.]]))
    >>> layer.dW.tolist(), layer.db.tolist()
    ([[3.0], [4.0]], [1.0])
    """

    def __init__(self, W: Array, b: Array) -> None:
        self.W = floating(W, "W")
        self.b = floating(b, "b")
        self.dW: Array | None = None
        self.db: Array | None = None
        self._cache: Cache | None = None
        self._shape: tuple[int, ...] = ()

    def forward(self, x: Array) -> Array:
        x = batch(x, "x", like=self.W)
        self._shape = x.shape
        out, self._cache = dense_forward(x.reshape(len(x), -1), self.W, self.b)
        return out

    def backward(self, dout: Array) -> Array:
        if self._cache is None:
            raise before_forward(self)
        dx, self.dW, self.db = dense_backward(dout, self._cache)
        return np.asarray(dx).reshape(self._shape)


class SoftmaxWithLoss:
    """The mean cross entropy of the softmax of x (chapter 5.6.3), from the logits.

    ``forward(x, t)`` takes class indices (N,) or one-hot rows (N, C); `backward` gives
    ``dout (y - t) / N``.

    Examples
    --------
    >>> layer = SoftmaxWithLoss()
    >>> float(layer.forward(np.array([[1000.0, 0.0]]), np.array([1]))), layer.backward()
    (1000.0, array([[ 1., -1.]]))
    """

    def __init__(self) -> None:
        self.loss: Any = None
        self.y: Array | None = None
        self.t: Array | None = None

    def forward(self, x: Array, t: Array) -> Any:
        x = matrix(x, "x")
        self.t = class_index(t, x.shape[0], x.shape[1], "t")
        losses, (self.y, _) = softmax_crossentropy_forward(x, self.t)
        self.loss = np.mean(losses)
        return self.loss

    def backward(self, dout: float = 1) -> Array:
        if self.y is None:
            raise before_forward(self)
        g = np.full(len(self.y), float(dout) / len(self.y), self.y.dtype)
        return softmax_crossentropy_backward(g, (self.y, self.t))


class Dropout:
    """Values are dropped in training and scaled by ``1 - dropout_ratio`` in evaluation
    (chapter 6.4.3): the book's dropout is *not* inverted.

    Examples
    --------
    >>> layer = Dropout(0.5, rng=0)
    >>> sorted(set(layer.forward(np.ones(8)).tolist()))
    [0.0, 1.0]
    >>> layer.forward(np.ones(2), train_flg=False)
    array([0.5, 0.5])
    """

    def __init__(
        self, dropout_ratio: float = 0.5, *, rng: np.random.Generator | int | None = None
    ) -> None:
        if not 0 <= dropout_ratio < 1:
            raise ValueError(
                f"dropout_ratio = {dropout_ratio}, but should be at least 0 and below 1"
            )
        self.dropout_ratio = dropout_ratio
        self.rng = np.random.default_rng(rng)
        self.mask: Array | None = None

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        """Out; with ``train_flg=False`` ``x (1 - dropout_ratio)``."""
        x = floating(x, "x")
        if train_flg:
            self.mask = dropout_mask(x.shape, self.dropout_ratio, self.rng, x.dtype)
        else:
            self.mask = np.full_like(x, 1 - self.dropout_ratio)
        return dropout_forward(x, self.mask)[0]

    def backward(self, dout: Array) -> Array:
        if self.mask is None:
            raise before_forward(self)
        return dropout_backward(
            same_shape(dout, "dout", self.mask.shape, self.mask.dtype), (self.mask,)
        )
