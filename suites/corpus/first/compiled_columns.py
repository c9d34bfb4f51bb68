"""A convolution over a compiled im2col, and a pooling for windows that tile the image."""

import numpy as np

try:
    from im2col_cython import col2im_6d_cython, col2im_cython, im2col_cython
except ImportError:
    print("build the extension first")


def conv_fast_forward(x, w, b, conv_param):
    n, _, height, width = x.shape
    filters, _, kh, kw = w.shape
    stride, pad = conv_param["stride"], conv_param["pad"]
    assert (height + 2 * pad - kh) % stride == 0
    assert (width + 2 * pad - kw) % stride == 0
    rows = (height + 2 * pad - kh) // stride + 1
    columns = (width + 2 * pad - kw) // stride + 1
    cols = im2col_cython(x, kh, kw, pad, stride)
    flat = w.reshape(filters, -1) @ cols + b[:, None]
    out = flat.reshape(filters, rows, columns, n).transpose(3, 0, 1, 2)
    return out, (x.shape, w, cols, conv_param)


def conv_fast_backward(dout, cache):
    (n, c, h, wd), w, cols, conv_param = cache
    kh, kw = w.shape[2:]
    flat = dout.transpose(1, 2, 3, 0).reshape(len(w), -1)
    dw = (flat @ cols.T).reshape(w.shape)
    dcols = w.reshape(len(w), -1).T @ flat
    dx = col2im_cython(dcols, n, c, h, wd, kh, kw, conv_param["pad"], conv_param["stride"])
    return dx, dw, flat.sum(axis=1)


def conv_six_forward(x, w, b, conv_param):
    return conv_fast_forward(x, w, b, conv_param)


def conv_six_backward(dout, cache):
    (n, c, h, wd), w, cols, conv_param = cache
    kh, kw = w.shape[2:]
    flat = dout.transpose(1, 0, 2, 3).reshape(len(w), -1)
    dw = (dout.transpose(1, 2, 3, 0).reshape(len(w), -1) @ cols.T).reshape(w.shape)
    six = (w.reshape(len(w), -1).T @ flat).reshape(c, kh, kw, n, *dout.shape[2:])
    dx = col2im_6d_cython(six, n, c, h, wd, kh, kw, conv_param["pad"], conv_param["stride"])
    return dx, dw, dout.sum(axis=(0, 2, 3))


def conv_turned_forward(x, w, b, conv_param):
    return conv_fast_forward(x, w, b, conv_param)


def conv_turned_backward(dout, cache):
    dx, dw, db = conv_fast_backward(dout, cache)
    return dx, dw[:, :, ::-1, ::-1], db


def max_pool_tiles_forward(x, pool_param):
    n, c, h, w = x.shape
    ph, pw = pool_param["pool_height"], pool_param["pool_width"]
    assert ph == pw == pool_param["stride"], "windows must tile the image"
    assert h % ph == 0 and w % pw == 0
    tiles = x.reshape(n, c, h // ph, ph, w // pw, pw)
    out = tiles.max(axis=(3, 5))
    return out, (x.shape, tiles, out)


def max_pool_tiles_backward(dout, cache):
    shape, tiles, out = cache
    mask = tiles == out[:, :, :, None, :, None]
    share = mask / mask.sum(axis=(3, 5), keepdims=True)
    return (share * dout[:, :, :, None, :, None]).reshape(shape)


def avg_pool_tiles_forward(x, pool_param):
    n, c, h, w = x.shape
    ph, pw = pool_param["pool_height"], pool_param["pool_width"]
    assert ph == pw == pool_param["stride"], "windows must tile the image"
    assert h % ph == 0 and w % pw == 0
    tiles = x.reshape(n, c, h // ph, ph, w // pw, pw)
    return tiles.mean(axis=(3, 5)), (x.shape, tiles)


def avg_pool_tiles_backward(dout, cache):
    shape, tiles = cache
    spread = np.ones_like(tiles) * dout[:, :, :, None, :, None]
    return spread.reshape(shape)
