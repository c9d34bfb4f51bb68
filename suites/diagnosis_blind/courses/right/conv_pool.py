"""Convolution and pooling, naive versions with loops (assignment 2, part 2). Images are (N, C, H, W)."""
import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    """w: (F, C, HH, WW), b: (F,), conv_param: stride and pad."""
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    out = np.zeros((N, F, H_out, W_out), dtype=np.result_type(x, w, b))
    for i in range(H_out):
        for j in range(W_out):
            hs, ws = i * stride, j * stride
            window = x_pad[:, :, hs:hs + HH, ws:ws + WW]
            for f in range(F):
                out[:, f, i, j] = np.sum(window * w[f], axis=(1, 2, 3)) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    dx_pad = np.zeros(x_pad.shape, dtype=dout.dtype)
    dw = np.zeros(w.shape, dtype=dout.dtype)
    db = dout.sum(axis=(0, 2, 3))
    for i in range(H_out):
        for j in range(W_out):
            hs, ws = i * stride, j * stride
            window = x_pad[:, :, hs:hs + HH, ws:ws + WW]
            for f in range(F):
                d = dout[:, f, i, j][:, None, None, None]
                dw[f] += np.sum(window * d, axis=0)
                dx_pad[:, :, hs:hs + HH, ws:ws + WW] += w[f] * d
    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db


def depthwise_conv_forward(x, w, b, stride=1):
    """One kernel for each channel, no padding; w: (C, K, L), b: (C,)."""
    N, C, H, W = x.shape
    _, K, L = w.shape
    oh, ow = (H - K) // stride + 1, (W - L) // stride + 1
    out = np.empty((N, C, oh, ow), dtype=np.result_type(x, w, b))
    for i in range(oh):
        for j in range(ow):
            patch = x[:, :, i * stride:i * stride + K, j * stride:j * stride + L]
            out[:, :, i, j] = np.einsum('nckl,ckl->nc', patch, w) + b
    return out, (x, w, stride)


def depthwise_conv_backward(dout, cache):
    x, w, stride = cache
    _, K, L = w.shape
    oh, ow = dout.shape[2:]
    dx = np.zeros(x.shape, dtype=dout.dtype)
    dw = np.zeros(w.shape, dtype=dout.dtype)
    for i in range(oh):
        for j in range(ow):
            g = dout[:, :, i, j]
            top, left = i * stride, j * stride
            dw += np.einsum('nc,nckl->ckl', g, x[:, :, top:top + K, left:left + L])
            dx[:, :, top:top + K, left:left + L] += g[:, :, None, None] * w
    return dx, dw, dout.sum(axis=(0, 2, 3))


def max_pool_forward_naive(x, pool_param):
    """pool_param: pool_height, pool_width, stride."""
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H_out = 1 + (H - ph) // stride
    W_out = 1 + (W - pw) // stride
    out = np.zeros((N, C, H_out, W_out), dtype=x.dtype)
    for i in range(H_out):
        for j in range(W_out):
            window = x[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw]
            out[:, :, i, j] = window.max(axis=(2, 3))
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H_out, W_out = dout.shape
    dx = np.zeros(x.shape, dtype=dout.dtype)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    window = x[n, c, hs:hs + ph, ws:ws + pw]
                    mask = np.arange(ph * pw).reshape(ph, pw) == window.argmax()
                    dx[n, c, hs:hs + ph, ws:ws + pw] += mask * dout[n, c, i, j]
    return dx


def avg_pool_forward_naive(x, pool_param):
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H_out = 1 + (H - ph) // stride
    W_out = 1 + (W - pw) // stride
    out = np.zeros((N, C, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            hs, ws = i * stride, j * stride
            out[:, :, i, j] = np.mean(x[:, :, hs:hs + ph, ws:ws + pw], axis=(2, 3))
    return out, (x.shape, pool_param)


def avg_pool_backward_naive(dout, cache):
    shape, pool_param = cache
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros(shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            hs, ws = i * stride, j * stride
            share = dout[:, :, i, j] / (ph * pw)
            dx[:, :, hs:hs + ph, ws:ws + pw] += share[:, :, None, None]
    return dx
