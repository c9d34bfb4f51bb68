"""The stand-ins for compiled window columns: their layout, and that one is the other's adjoint."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gradcheck import run, targets
from gradcheck.loading.compiled import col2im_6d_cython, col2im_cython, im2col_cython


@pytest.mark.parametrize(("pad", "stride"), [(0, 1), (1, 1), (1, 2), (2, 3)])
def test_columns_hold_windows(pad, stride):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 7, 8))
    cols = im2col_cython(x, 3, 2, pad, stride)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = (7 + 2 * pad - 3) // stride + 1, (8 + 2 * pad - 2) // stride + 1
    assert cols.shape == (3 * 3 * 2, rows * columns * 2)
    for c, i, j, y, z, n in np.ndindex(3, 3, 2, rows, columns, 2):
        column = (y * columns + z) * 2 + n
        window = padded[n, c, y * stride + i, z * stride + j]
        assert cols[(c * 3 + i) * 2 + j, column] == window


@pytest.mark.parametrize(("pad", "stride"), [(0, 1), (1, 2), (2, 3)])
def test_backwards_are_adjoint(pad, stride):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 3, 7, 8))
    cols = im2col_cython(x, 3, 2, pad, stride)
    g = rng.normal(size=cols.shape)
    back = col2im_cython(g, 2, 3, 7, 8, 3, 2, pad, stride)
    np.testing.assert_allclose(np.sum(cols * g), np.sum(x * back), rtol=1e-12)
    rows, columns = (7 + 2 * pad - 3) // stride + 1, (8 + 2 * pad - 2) // stride + 1
    six = g.reshape(3, 3, 2, rows, columns, 2).transpose(0, 1, 2, 5, 3, 4)
    np.testing.assert_array_equal(col2im_6d_cython(six, 2, 3, 7, 8, 3, 2, pad, stride), back)


def test_three_axes_are_refused():
    with pytest.raises(ValueError, match=r"x has shape \(3, 7, 8\)"):
        im2col_cython(np.ones((3, 7, 8)), 3, 3)


def test_a_users_own_module_comes_first(tmp_path):
    """Only where no file, extension or installed module has the name are the stand-ins taken."""
    (tmp_path / "im2col_cython.py").write_text("def im2col_cython(x):\n    return 'mine'\n")
    (tmp_path / "layers.py").write_text("from im2col_cython import im2col_cython\n")
    loaded = targets.load(targets.parse(str(tmp_path / "layers.py"))[0])
    try:
        assert loaded.namespace["im2col_cython"](1) == "mine"
        assert not any("not compiled" in note for note in loaded.notes)
    finally:
        loaded.close()


def test_the_stand_in_is_said_and_undone(tmp_path):
    (tmp_path / "other.py").write_text("x = 1\n")
    still_open = targets.load(targets.parse(str(tmp_path / "other.py"))[0])
    try:
        said_and_undone(tmp_path)
    finally:
        still_open.close()


def said_and_undone(tmp_path):
    text = "try:\n    from .im2col_cython import im2col_cython\nexcept ImportError:\n    pass\n"
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "layers.py").write_text(text)
    loaded = targets.load(targets.parse(str(tmp_path / "layers.py"))[0])
    assert any("im2col_cython is not compiled" in note for note in loaded.notes)
    assert run.plan(loaded) == []
    before = len(sys.meta_path)
    loaded.close()
    assert len(sys.meta_path) == before - 2
    assert not any(name.endswith("im2col_cython") for name in sys.modules)
