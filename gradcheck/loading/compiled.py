"""NumPy stand-ins for compiled modules of well-known course code, for where they are not compiled.

The convolution course's ``im2col_cython`` lays windows out as columns.  Its three functions follow
from what such columns are: one row for each entry of a window, ``(c, i, j)`` in C order, and one
column for each place of a window and image, ``(y, x, n)`` in C order.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.types import Array


def im2col_cython(
    x: Any, field_height: int, field_width: int, padding: int = 1, stride: int = 1
) -> Array:
    """Windows of images as columns.

    Parameters
    ----------
    x : (N, C, H, W)
    field_height, field_width, padding, stride
        Size of a window, zeros around each image, and the step from window to window.

    Returns
    -------
    (C * field_height * field_width, rows * columns * N)

    Raises
    ------
    ValueError
        `x` has not four axes.
    """
    images = np.asarray(x)
    if images.ndim != 4:
        raise ValueError(f"x has shape {images.shape}, but should be (N, C, H, W)")
    p = padding
    padded = np.pad(images, ((0, 0), (0, 0), (p, p), (p, p)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (field_height, field_width), (2, 3))
    strided = views[:, :, ::stride, ::stride]  # (N, C, rows, columns, i, j)
    rows = images.shape[1] * field_height * field_width
    return np.ascontiguousarray(strided.transpose(1, 4, 5, 2, 3, 0)).reshape(rows, -1)


def col2im_6d_cython(
    cols: Any, N: int, C: int, H: int, W: int, HH: int, WW: int, pad: int, stride: int
) -> Array:
    """The adjoint of the layout in windows: what overlaps is summed, the border is cut off.

    Parameters
    ----------
    cols : (C, HH, WW, N, rows, columns)

    Returns
    -------
    (N, C, H, W)
    """
    cols = np.asarray(cols)
    rows, columns = cols.shape[4:]
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=cols.dtype)
    for i in range(HH):
        for j in range(WW):
            down, right = i + stride * rows, j + stride * columns
            padded[:, :, i:down:stride, j:right:stride] += cols[:, i, j].transpose(1, 0, 2, 3)
    return padded[:, :, pad : pad + H, pad : pad + W]


def col2im_cython(
    cols: Any,
    N: int,
    C: int,
    H: int,
    W: int,
    field_height: int,
    field_width: int,
    padding: int,
    stride: int,
) -> Array:
    """The adjoint of `im2col_cython`: (C * field_height * field_width, rows * columns * N) to (N, C, H, W)."""
    rows = (H + 2 * padding - field_height) // stride + 1
    columns = (W + 2 * padding - field_width) // stride + 1
    six = np.asarray(cols).reshape(C, field_height, field_width, rows, columns, N)
    six = six.transpose(0, 1, 2, 5, 3, 4)
    return col2im_6d_cython(six, N, C, H, W, field_height, field_width, padding, stride)


#: What stands for a module of this (last) name where it was not compiled.
MODULES: dict[str, tuple[Callable[..., Array], ...]] = {
    "im2col_cython": (im2col_cython, col2im_cython, col2im_6d_cython),
}


class CompiledFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Supplies `MODULES` after every other finder has passed; `note` is told of each.

    Parameters
    ----------
    note
        Called with a line for the report.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note = note
        self.supplied: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for a module that is known here by its last name."""
        if fullname.rpartition(".")[2] not in MODULES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """An empty module."""
        return types.ModuleType(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it with the stand-ins and say so."""
        functions = MODULES[module.__name__.rpartition(".")[2]]
        for function in functions:
            setattr(module, function.__name__, function)
        self.supplied.append(module.__name__)
        self.note(
            f"{module.__name__} is not compiled: {', '.join(f.__name__ for f in functions)} "
            "replaced by the same in NumPy"
        )

    def close(self) -> None:
        """Forget the modules that were supplied, and leave `sys.meta_path`."""
        for name in self.supplied:
            sys.modules.pop(name, None)
        if self in sys.meta_path:
            sys.meta_path.remove(self)
