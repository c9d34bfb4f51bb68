"""Layers for images and signals; formulas and sources in `functional.convolution`, `pooling`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional import convolution, dense, pooling
from gradcheck_reference.functional.checks import positive
from gradcheck_reference.functional.windows import pair
from gradcheck_reference.nnfs.base import generator
from gradcheck_reference.nnfs.function_layer import FunctionLayer

IntPair = int | tuple[int, int]


class Kernel(FunctionLayer):
    """A convolution with learned weights (He normal at first) and biases."""

    parameter_names: ClassVar[tuple[str, ...]] = ("weights", "biases")
    option_names: ClassVar[tuple[str, ...]] = ("stride", "padding", "dilation")

    def _start(
        self,
        shape: tuple[int, ...],
        out_channels: int,
        fan_in: int,
        dtype: npt.DTypeLike,
        rng: np.random.Generator | int | None,
    ) -> None:
        scale = (2 / fan_in) ** 0.5
        self.weights = (scale * generator(rng).standard_normal(shape)).astype(dtype)
        self.biases = np.zeros((1, out_channels), self.weights.dtype)


class Layer_Conv2D(Kernel):
    """Convolution of images (N, C, H, W).

    Attributes
    ----------
    weights, dweights : (out_channels, in_channels, KH, KW)
    biases, dbiases : (1, out_channels)

    Examples
    --------
    >>> layer = Layer_Conv2D(1, 2, 3, padding=1)
    >>> layer.forward(np.ones((5, 1, 4, 6)))
    >>> layer.output.shape
    (5, 2, 4, 6)
    """

    functions = (convolution.conv2d_forward, convolution.conv2d_backward)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        *,
        dtype: npt.DTypeLike = "float64",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        c, o = positive(in_channels, "in_channels"), positive(out_channels, "out_channels")
        kh, kw = pair(kernel_size, "kernel_size")
        self._start((o, c, kh, kw), o, c * kh * kw, dtype, rng)
        self.stride, self.padding, self.dilation = stride, padding, dilation


class Layer_Conv1D(Kernel):
    """Convolution of signals (N, C, L).

    Attributes
    ----------
    weights, dweights : (out_channels, in_channels, K)
    biases, dbiases : (1, out_channels)
    """

    functions = (convolution.conv1d_forward, convolution.conv1d_backward)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        *,
        dtype: npt.DTypeLike = "float64",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        c, o = positive(in_channels, "in_channels"), positive(out_channels, "out_channels")
        k = positive(kernel_size, "kernel_size")
        self._start((o, c, k), o, c * k, dtype, rng)
        self.stride, self.padding, self.dilation = stride, padding, dilation


class Layer_ConvTranspose2D(Kernel):
    """The adjoint of a convolution of images: it makes them larger.

    Attributes
    ----------
    weights, dweights : (in_channels, out_channels, KH, KW)
    biases, dbiases : (1, out_channels)
    """

    functions = (convolution.conv_transpose2d_forward, convolution.conv_transpose2d_backward)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        padding: IntPair = 0,
        dilation: IntPair = 1,
        *,
        dtype: npt.DTypeLike = "float64",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        c, o = positive(in_channels, "in_channels"), positive(out_channels, "out_channels")
        kh, kw = pair(kernel_size, "kernel_size")
        self._start((c, o, kh, kw), o, c * kh * kw, dtype, rng)
        self.stride, self.padding, self.dilation = stride, padding, dilation


class Layer_MaxPool2D(FunctionLayer):
    """The largest value of every window; a stride of None is the kernel's size."""

    functions = (pooling.max_pool2d_forward, pooling.max_pool2d_backward)
    option_names: ClassVar[tuple[str, ...]] = ("kernel", "stride", "padding")

    def __init__(self, kernel: IntPair, stride: IntPair | None = None, padding: IntPair = 0):
        self.kernel, self.stride, self.padding = kernel, stride, padding


class Layer_AvgPool2D(Layer_MaxPool2D):
    """The mean of every window; padding counts as zeros."""

    functions = (pooling.avg_pool2d_forward, pooling.avg_pool2d_backward)


class Layer_GlobalAvgPool(FunctionLayer):
    """The mean of every channel: (N, C, H, W) to (N, C)."""

    functions = (pooling.global_avg_pool_forward, pooling.global_avg_pool_backward)


class Layer_GlobalMaxPool(FunctionLayer):
    """The largest value of every channel: (N, C, H, W) to (N, C)."""

    functions = (pooling.global_max_pool_forward, pooling.global_max_pool_backward)


class Layer_Upsampling(FunctionLayer):
    """Every pixel repeated `factor` times in height and width."""

    functions = (pooling.upsample_forward, pooling.upsample_backward)
    option_names = ("factor",)

    def __init__(self, factor: int) -> None:
        self.factor = positive(factor, "factor")


class Layer_Flatten(FunctionLayer):
    """(N, ...) to (N, D), in C order; a copy."""

    functions = (dense.flatten_forward, dense.flatten_backward)


class Layer_Reshape(FunctionLayer):
    """Every sample in the shape `shape`, in C order; a copy."""

    functions = (dense.reshape_forward, dense.reshape_backward)
    option_names = ("shape",)

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = tuple(shape)
