"""The stand-ins for SciPy's functions, against their definitions written as loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.loading import scientific

RNG = np.random.default_rng(0)
IMAGE, KERNEL = RNG.normal(size=(5, 7)), RNG.normal(size=(3, 2))


def by_loops(image, kernel):
    """The full correlation: every overlap of the kernel with the image."""
    (H, W), (h, w) = image.shape, kernel.shape
    out = np.zeros((H + h - 1, W + w - 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(h):
                for m in range(w):
                    r, c = i + k - (h - 1), j + m - (w - 1)
                    if 0 <= r < H and 0 <= c < W:
                        out[i, j] += image[r, c] * kernel[k, m]
    return out


def test_correlation_in_every_mode():
    full = by_loops(IMAGE, KERNEL)
    np.testing.assert_allclose(scientific.correlate2d(IMAGE, KERNEL), full, atol=1e-14)
    np.testing.assert_allclose(
        scientific.correlate2d(IMAGE, KERNEL, "valid"), full[2:-2, 1:-1], atol=1e-14
    )
    np.testing.assert_allclose(
        scientific.correlate2d(IMAGE, KERNEL[:, :1], "same"), by_loops(IMAGE, KERNEL[:, :1])[1:-1]
    )


def test_convolution_turns_the_kernel():
    np.testing.assert_allclose(
        scientific.convolve2d(IMAGE, KERNEL), by_loops(IMAGE, KERNEL[::-1, ::-1]), atol=1e-14
    )


def test_against_scipy_where_it_is_installed():
    signal = pytest.importorskip("scipy.signal")
    for mode in ("full", "same", "valid"):
        for name in ("correlate2d", "convolve2d"):
            np.testing.assert_allclose(
                getattr(scientific, name)(IMAGE, KERNEL, mode),
                getattr(signal, name)(IMAGE, KERNEL, mode),
                atol=1e-12,
            )


def test_sigmoid_and_softmax():
    assert scientific.expit(0.3) == pytest.approx(1 / (1 + math.exp(-0.3)), abs=1e-15)
    assert scientific.expit(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]
    rows = scientific.softmax([[0.0, math.log(3.0)], [1e4, 0.0]], axis=1)
    np.testing.assert_allclose(rows, [[0.25, 0.75], [1.0, 0.0]], atol=1e-15)


@pytest.mark.parametrize(
    "arguments", [(IMAGE[0], KERNEL), (IMAGE, KERNEL, "middle"), (KERNEL, IMAGE, "valid")]
)
def test_bad_arguments_are_named(arguments):
    with pytest.raises(ValueError, match=r"in1 and in2 have shapes|mode = 'middle'|larger than"):
        scientific.correlate2d(*arguments)
