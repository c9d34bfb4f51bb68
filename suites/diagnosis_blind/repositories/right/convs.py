"""Layers over sequences as pairs of functions: f_forward(...) -> (out, cache), f_backward(dout, cache)."""
import numpy as np


def conv1d_forward(x, w, b, stride=1, pad=0):
    """x (n, c, t), w (f, c, k), b (f,): cross-correlation."""
    k = w.shape[2]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    steps = (xp.shape[2] - k) // stride + 1
    out = np.zeros((x.shape[0], w.shape[0], steps))
    for i in range(steps):
        window = xp[:, :, i * stride:i * stride + k]
        out[:, :, i] = np.tensordot(window, w, axes=([1, 2], [1, 2])) + b
    return out, (xp, w, stride, pad)


def conv1d_backward(dout, cache):
    xp, w, stride, pad = cache
    k = w.shape[2]
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    db = dout.sum(axis=(0, 2))
    for i in range(dout.shape[2]):
        s = i * stride
        g = dout[:, :, i]
        dw += np.einsum('nf,nck->fck', g, xp[:, :, s:s + k])
        dxp[:, :, s:s + k] += np.einsum('nf,fck->nck', g, w)
    dx = dxp[:, :, pad:dxp.shape[2] - pad]
    return dx, dw, db


def depthwise_forward(x, w, dilation=1):
    """x (n, c, t), w (c, k): every channel has its own kernel, output causal and of length t."""
    k = w.shape[1]
    t = x.shape[2]
    reach = (k - 1) * dilation
    xp = np.pad(x, ((0, 0), (0, 0), (reach, 0)))
    out = np.zeros(x.shape)
    for j in range(k):
        out += w[:, j][:, None] * xp[:, :, j * dilation:j * dilation + t]
    return out, (xp, w, dilation)


def depthwise_backward(dout, cache):
    xp, w, dilation = cache
    k = w.shape[1]
    t = dout.shape[2]
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    for j in range(k):
        part = slice(j * dilation, j * dilation + t)
        dw[:, j] = (dout * xp[:, :, part]).sum(axis=(0, 2))
        dxp[:, :, part] += w[:, j][:, None] * dout
    return dxp[:, :, (k - 1) * dilation:], dw


def conv_transpose1d_forward(x, w, b, stride=2):
    """x (n, c, t), w (c, f, k): out of length (t - 1) stride + k."""
    n, c, t = x.shape
    f, k = w.shape[1:]
    out = np.zeros((n, f, (t - 1) * stride + k))
    for i in range(t):
        out[:, :, i * stride:i * stride + k] += np.einsum('nc,cfk->nfk', x[:, :, i], w)
    return out + b[:, None], (x, w, stride)


def conv_transpose1d_backward(dout, cache):
    x, w, stride = cache
    k = w.shape[2]
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    for i in range(x.shape[2]):
        g = dout[:, :, i * stride:i * stride + k]
        dx[:, :, i] = np.einsum('nfk,cfk->nc', g, w)
        dw += np.einsum('nc,nfk->cfk', x[:, :, i], g)
    return dx, dw, dout.sum(axis=(0, 2))


def avgpool1d_forward(x, size=3, stride=2):
    steps = (x.shape[2] - size) // stride + 1
    out = np.zeros(x.shape[:2] + (steps,))
    for i in range(steps):
        out[:, :, i] = x[:, :, i * stride:i * stride + size].mean(axis=2)
    return out, (x.shape, size, stride)


def avgpool1d_backward(dout, cache):
    shape, size, stride = cache
    dx = np.zeros(shape)
    for i in range(dout.shape[2]):
        dx[:, :, i * stride:i * stride + size] += dout[:, :, i:i + 1] / size
    return dx


def maxpool1d_forward(x, size=2, stride=2):
    steps = (x.shape[2] - size) // stride + 1
    arg = np.stack([i * stride + x[:, :, i * stride:i * stride + size].argmax(axis=2) for i in range(steps)], axis=2)
    return np.take_along_axis(x, arg, axis=2), (x.shape, arg)


def maxpool1d_backward(dout, cache):
    shape, arg = cache
    dx = np.zeros(shape)
    n, c = np.ogrid[:shape[0], :shape[1]]
    for i in range(dout.shape[2]):
        dx[n, c, arg[:, :, i]] += dout[:, :, i]
    return dx


def upsample_forward(x, factor=2):
    """x (n, c, h, w), nearest neighbour."""
    out = x.repeat(factor, axis=2).repeat(factor, axis=3)
    return out, (x.shape, factor)


def upsample_backward(dout, cache):
    (n, c, h, w), factor = cache
    return dout.reshape(n, c, h, factor, w, factor).sum(axis=(3, 5))


def global_max_forward(x):
    """x (n, c, t) -> (n, c); the first maximum gets the gradient."""
    arg = x.argmax(axis=2)[:, :, None]
    return np.take_along_axis(x, arg, axis=2)[:, :, 0], (x, arg)


def global_max_backward(dout, cache):
    x, arg = cache
    dx = np.zeros(x.shape)
    np.put_along_axis(dx, arg, dout[:, :, None], axis=2)
    return dx
