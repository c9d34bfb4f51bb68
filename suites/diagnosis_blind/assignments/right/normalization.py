"""Assignment 2: normalization layers."""
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """x: (N, D); bn_param: 'mode', 'eps', 'momentum', 'running_mean', 'running_var'."""
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.ones(D))
    if mode == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        mu, var = running_mean, running_var
    else:
        raise ValueError("mode must be 'train' or 'test'")
    inv_std = 1.0 / np.sqrt(var + eps)
    x_hat = (x - mu) * inv_std
    out = gamma * x_hat + beta
    return out, (x_hat, gamma, inv_std, mode)


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std, mode = cache
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dx_hat = dout * gamma
    if mode == "test":
        return dx_hat * inv_std, dgamma, dbeta
    dx = inv_std * (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0))
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """x: (N, D), normalized over the features of each sample."""
    eps = ln_param.get("eps", 1e-5)
    centered = x - x.mean(axis=1, keepdims=True)
    var = (centered ** 2).mean(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    normed = centered / std
    return gamma * normed + beta, (centered, var, gamma, eps)


def layernorm_backward(dout, cache):
    centered, var, gamma, eps = cache
    D = centered.shape[1]
    std = (var + eps) ** 0.5
    dnormed = dout * gamma
    dgamma = np.sum(dout * centered / std, axis=0)
    dbeta = np.sum(dout, axis=0)
    dvar = np.sum(dnormed * centered, axis=1, keepdims=True) * -0.5 / std ** 3
    dcentered = dnormed / std + 2.0 * centered * dvar / D
    dx = dcentered - dcentered.mean(axis=1, keepdims=True)
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """x: (N, C, H, W), one mean and variance per channel."""
    N, C, H, W = x.shape
    flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    out, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    out = out.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dflat = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward(dflat, cache)
    dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """gamma, beta: (1, C, 1, 1); G groups of channels."""
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    groups = x.reshape(N, G, C // G, H, W)
    mean = groups.mean(axis=(2, 3, 4), keepdims=True)
    var = groups.var(axis=(2, 3, 4), keepdims=True)
    inv = 1.0 / np.sqrt(var + eps)
    x_hat = ((groups - mean) * inv).reshape(N, C, H, W)
    out = x_hat * gamma + beta
    return out, (x_hat, gamma, inv, G)


def spatial_groupnorm_backward(dout, cache):
    x_hat, gamma, inv, G = cache
    N, C, H, W = dout.shape
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    d = (dout * gamma).reshape(N, G, C // G, H, W)
    xh = x_hat.reshape(N, G, C // G, H, W)
    ax = (2, 3, 4)
    dgroups = inv * (d - d.mean(axis=ax, keepdims=True)
                     - xh * (d * xh).mean(axis=ax, keepdims=True))
    return dgroups.reshape(N, C, H, W), dgamma, dbeta


def instancenorm_forward(x, gamma, beta, eps=1e-5):
    """x: (N, C, H, W); gamma, beta: (C,)."""
    mu = x.mean(axis=(2, 3), keepdims=True)
    sigma2 = x.var(axis=(2, 3), keepdims=True)
    istd = (sigma2 + eps) ** -0.5
    xn = (x - mu) * istd
    out = gamma[None, :, None, None] * xn + beta[None, :, None, None]
    return out, (xn, istd, gamma)


def instancenorm_backward(dout, cache):
    xn, istd, gamma = cache
    M = dout.shape[2] * dout.shape[3]
    dgamma = np.einsum("nchw,nchw->c", dout, xn)
    dbeta = np.einsum("nchw->c", dout)
    g = dout * gamma.reshape(1, -1, 1, 1)
    s1 = g.sum(axis=(2, 3), keepdims=True)
    s2 = (g * xn).sum(axis=(2, 3), keepdims=True)
    dx = istd / M * (M * g - s1 - xn * s2)
    return dx, dgamma, dbeta
