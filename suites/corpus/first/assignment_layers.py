"""Pairs of functions: f_forward(...) -> (out, cache), f_backward(dout, cache) -> gradients."""
import numpy as np


def fc_forward(x, w, b):
    out = np.reshape(x, (len(x), -1)) @ w + b
    return out, (x, w)


def fc_backward(dout, cache):
    x, w = cache
    dw = np.reshape(x, (len(x), -1)).T @ dout
    dx = (dout @ w.T).reshape(x.shape)
    db = dout.sum(axis=0)
    return dx, dw, db


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mu = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    xn = (x - mu) / std
    return gamma * xn + beta, (xn, std, gamma)


def layernorm_backward(dout, cache):
    xn, std, gamma = cache
    D = xn.shape[1]
    dgamma = (dout * xn).sum(axis=0)
    dbeta = dout.sum(axis=0)
    g = dout * gamma
    # gradient through the mean is zero, so only the variance term
    dx = (g - xn * np.sum(g * xn, axis=1, keepdims=True) / D) / std
    return dx, dgamma, dbeta


def max_pool_forward(x, pool_param):
    """x (N, C, H, W); pool_param: pool_height, pool_width, stride"""
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    Ho, Wo = (H - ph) // s + 1, (W - pw) // s + 1
    out = np.zeros((N, C, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = x[:, :, i * s:i * s + ph, j * s:j * s + pw].max(axis=(2, 3))
    return out, (x, out, pool_param)


def max_pool_backward(dout, cache):
    x, out, pool_param = cache
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros_like(x)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            win = x[:, :, i * s:i * s + ph, j * s:j * s + pw]
            mask = win == out[:, :, i:i + 1, j:j + 1]
            dx[:, :, i * s:i * s + ph, j * s:j * s + pw] = mask * dout[:, :, i:i + 1, j:j + 1]
    return dx


def conv_forward(x, w, b, conv_param):
    """x (N, C, H, W), w (F, C, HH, WW), b (F,), conv_param: stride, pad"""
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'constant')
    Ho, Wo = (H + 2 * p - HH) // s + 1, (W + 2 * p - WW) // s + 1
    out = np.empty((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            win = xp[:, None, :, i * s:i * s + HH, j * s:j * s + WW]
            out[:, :, i, j] = (win * w[None]).sum(axis=(2, 3, 4)) + b
    return out, (xp, w, b, conv_param)


def conv_backward(dout, cache):
    xp, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    F, C, HH, WW = w.shape
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    db = dout.sum(axis=(0, 2, 3))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j][:, :, None, None, None]
            win = xp[:, None, :, i * s:i * s + HH, j * s:j * s + WW]
            dw += (d * win).sum(axis=0)
            dxp[:, :, i * s:i * s + HH, j * s:j * s + WW] += (d * w[None]).sum(axis=1)
    # cut the padding off
    return dxp[:, :, p:-p, p:-p], dw, db


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """x (N, D), prev_h (N, H), Wx (D, H), Wh (H, H), b (H,)"""
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - np.tanh(next_h) ** 2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """x (N, D), prev_h and prev_c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,)"""
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i, f, o = (1 / (1 + np.exp(-a[:, k * H:(k + 1) * H])) for k in range(3))
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc = cache
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    do = dnext_h * tc
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    do * o * (1 - o), dc * i * (1 - g ** 2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def word_embedding_forward(x, W):
    """x (N, T) integers below V, W (V, D)"""
    return W[x, :], (x, W)


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    dW[x] += dout
    return dW


def temporal_fc_forward(x, w, b):
    """x (N, T, D), w (D, M), b (M,)"""
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    return out, (x, w, b)


def temporal_fc_backward(dout, cache):
    x, w, b = cache
    N, T, D = x.shape
    M = b.shape[0]
    dx = dout.reshape(N * T, M).dot(w.T).reshape(N, T, D)
    dw = dout.reshape(N * T, M).T.dot(x.reshape(N * T, D)).T
    db = dout.sum(axis=(0, 1))
    return dx, dw, db
