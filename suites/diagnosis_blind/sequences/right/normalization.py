"""Normalisation layers: batch norm, layer norm, spatial group norm."""
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """x: (N, D). bn_param: mode ('train' / 'test'), eps, momentum, running_mean, running_var.

    The running averages are new arrays stored in bn_param.
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    if mode == 'train':
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        mu, var = running_mean, running_var
    else:
        raise ValueError('unknown batchnorm mode "%s"' % mode)

    std = np.sqrt(var + eps)
    xhat = (x - mu) / std
    out = gamma * xhat + beta

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, (xhat, std, gamma, mode)


def batchnorm_backward(dout, cache):
    """Walk the graph node by node."""
    xhat, std, gamma, mode = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    if mode == 'test':
        return dxhat / std, dgamma, dbeta
    dxc = dxhat / std
    dvar = -0.5 * np.sum(dxhat * xhat, axis=0) / std ** 2
    dxc = dxc + 2.0 / N * (xhat * std) * dvar
    dmu = -dxc.sum(axis=0)
    dx = dxc + dmu / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """The same gradient, simplified on paper first."""
    xhat, std, gamma, mode = cache
    g_hat = dout * gamma
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(xhat * dout, axis=0)
    if mode == 'test':
        return g_hat / std, dgamma, dbeta
    dx = (g_hat - g_hat.mean(axis=0) - xhat * (g_hat * xhat).mean(axis=0)) / std
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """x: (N, D); every row is normalised by itself."""
    eps = ln_param.get('eps', 1e-5)
    mean = x.mean(axis=1, keepdims=True)
    centered = x - mean
    var = np.mean(centered ** 2, axis=1, keepdims=True)
    inv_std = 1.0 / np.sqrt(var + eps)
    x_norm = centered * inv_std
    return gamma * x_norm + beta, (x_norm, inv_std, gamma)


def layernorm_backward(dout, cache):
    x_norm, inv_std, gamma = cache
    D = dout.shape[1]
    dgamma = np.sum(dout * x_norm, axis=0)
    dbeta = np.sum(dout, axis=0)
    dnorm = dout * gamma
    s1 = np.sum(dnorm, axis=1, keepdims=True)
    s2 = np.sum(dnorm * x_norm, axis=1, keepdims=True)
    dx = inv_std / D * (D * dnorm - s1 - x_norm * s2)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """x: (N, C, H, W), gamma and beta: (1, C, 1, 1), G divides C."""
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    groups = x.reshape(N, G, C // G, H, W)
    mean = groups.mean(axis=(2, 3, 4), keepdims=True)
    var = groups.var(axis=(2, 3, 4), keepdims=True)
    norm = ((groups - mean) / np.sqrt(var + eps)).reshape(N, C, H, W)
    out = norm * gamma + beta
    return out, (x, mean, var, eps, G, gamma, norm)


def spatial_groupnorm_backward(dout, cache):
    x, mean, var, eps, G, gamma, norm = cache
    N, C, H, W = dout.shape
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * norm, axis=(0, 2, 3), keepdims=True)

    dn = (dout * gamma).reshape(N, G, C // G, H, W)
    diff = x.reshape(N, G, C // G, H, W) - mean
    inv = 1.0 / np.sqrt(var + eps)
    m = C // G * H * W
    dvar = np.sum(dn * diff, axis=(2, 3, 4), keepdims=True) * -0.5 * inv ** 3
    dmean = np.sum(-dn * inv, axis=(2, 3, 4), keepdims=True)
    dx = dn * inv + 2 * diff * dvar / m + dmean / m
    return dx.reshape(N, C, H, W), dgamma, dbeta
