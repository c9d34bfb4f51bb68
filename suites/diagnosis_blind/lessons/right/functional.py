"""Layers as pairs of functions: *_forward returns (out, cache), *_backward(dout, cache) the gradients."""
import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db


def dropout_forward(x, dropout_param):
    """dropout_param: p (the share that is kept), mode ('train' or 'test'), optionally seed."""
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    if mode == "train":
        mask = ((np.random.rand(*x.shape) < p) / p).astype(x.dtype)
        out = x * mask
    else:
        out = x.copy()
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "train":
        return dout * mask
    return dout.copy()


def batchnorm_forward(x, gamma, beta, bn_param):
    """bn_param: mode, eps, momentum, and running_mean, running_var, which training renews."""
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.ones(D, dtype=x.dtype))
    if bn_param["mode"] == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
        inv_std = 1.0 / np.sqrt(var + eps)
        xhat = (x - mu) * inv_std
        cache = (xhat, gamma, inv_std, True)
    else:
        inv_std = 1.0 / np.sqrt(running_var + eps)
        xhat = (x - running_mean) * inv_std
        cache = (xhat, gamma, inv_std, False)
    return gamma * xhat + beta, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, inv_std, train = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    if not train:
        return dout * gamma * inv_std, dgamma, dbeta
    dx = gamma * inv_std / N * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta


def conv_forward(x, w, b, conv_param):
    """x (N, C, H, W), w (F, C, HH, WW), b (F,); conv_param: stride, pad."""
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Hout = 1 + (H + 2 * pad - HH) // stride
    Wout = 1 + (W + 2 * pad - WW) // stride
    xpad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    out = np.zeros((N, F, Hout, Wout), dtype=x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(Hout):
                for j in range(Wout):
                    hs, ws = i * stride, j * stride
                    out[n, f, i, j] = np.sum(xpad[n, :, hs:hs + HH, ws:ws + WW] * w[f]) + b[f]
    return out, (x.shape, xpad, w, conv_param)


def conv_backward(dout, cache):
    x_shape, xpad, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, F, Hout, Wout = dout.shape
    HH, WW = w.shape[2:]
    dxpad = np.zeros_like(xpad)
    dw = np.zeros_like(w)
    for n in range(N):
        for f in range(F):
            for i in range(Hout):
                for j in range(Wout):
                    hs, ws = i * stride, j * stride
                    g = dout[n, f, i, j]
                    dw[f] += g * xpad[n, :, hs:hs + HH, ws:ws + WW]
                    dxpad[n, :, hs:hs + HH, ws:ws + WW] += g * w[f]
    db = np.sum(dout, axis=(0, 2, 3))
    dx = dxpad[:, :, pad:pad + x_shape[2], pad:pad + x_shape[3]]
    return dx, dw, db


def avg_pool_forward(x, pool_param):
    """pool_param: pool_height, pool_width, stride."""
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    oh, ow = 1 + (H - ph) // s, 1 + (W - pw) // s
    out = np.zeros((N, C, oh, ow), dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            out[:, :, i, j] = x[:, :, i * s:i * s + ph, j * s:j * s + pw].mean(axis=(2, 3))
    return out, (x.shape, pool_param)


def avg_pool_backward(dout, cache):
    x_shape, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros(x_shape, dtype=dout.dtype)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            share = dout[:, :, i, j][:, :, None, None] / (ph * pw)
            dx[:, :, i * s:i * s + ph, j * s:j * s + pw] += share
    return dx
