"""torch.autograd.Function classes with hand-written backward; use them with .apply(...)."""
import torch


class LinearFn(torch.autograd.Function):
    """x (n, i), weight (o, i), bias (o,) -> (n, o)"""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.t() + bias

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad_x = grad @ weight
        grad_w = grad.t() @ x
        return grad_x, grad_w, grad.sum(0)


class LayerNormFn(torch.autograd.Function):
    """Over the last axis of x (n, d), with weight and bias (d,)."""

    @staticmethod
    def forward(ctx, x, weight, bias, eps=1e-5):
        centred = x - x.mean(dim=-1, keepdim=True)
        var = x.var(dim=-1, keepdim=True, unbiased=False)
        rstd = torch.rsqrt(var + eps)
        x_hat = centred * rstd
        ctx.save_for_backward(x_hat, rstd, weight)
        return x_hat * weight + bias

    @staticmethod
    def backward(ctx, grad):
        x_hat, rstd, weight = ctx.saved_tensors
        g = grad * weight
        proj = (g * x_hat).mean(dim=-1, keepdim=True)
        dx = rstd * (g - g.mean(dim=-1, keepdim=True) - x_hat * proj)
        return dx, (grad * x_hat).sum(0), grad.sum(0), None


class ClampFn(torch.autograd.Function):
    """torch.clamp with a gradient inside of [lo, hi] only."""

    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward(x)
        ctx.lo, ctx.hi = lo, hi
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        inside = (x > ctx.lo) & (x < ctx.hi)
        return grad * inside, None, None


class SoftmaxCrossEntropyFn(torch.autograd.Function):
    """Mean cross entropy of logits (n, c) and class numbers (n,)."""

    @staticmethod
    def forward(ctx, logits, target):
        logp = torch.log_softmax(logits, dim=1)
        ctx.save_for_backward(logp, target)
        return -logp.gather(1, target.long()[:, None]).mean()

    @staticmethod
    def backward(ctx, grad):
        logp, target = ctx.saved_tensors
        n = logp.shape[0]
        d = logp.exp()
        d[torch.arange(n), target.long()] -= 1
        return grad * d / n, None


class TemperatureSoftmaxFn(torch.autograd.Function):
    """softmax(x / tau) over the last axis; tau is a learnable tensor of shape (1,)."""

    @staticmethod
    def forward(ctx, x, tau):
        z = x / tau
        y = torch.softmax(z, dim=-1)
        ctx.save_for_backward(z, tau, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        z, tau, y = ctx.saved_tensors
        dz = y * (grad - (grad * y).sum(dim=-1, keepdim=True))
        dtau = -(dz * z / tau).sum().reshape(1)
        return dz / tau, dtau


class ChannelScaleFn(torch.autograd.Function):
    """x (n, c, l) * scale (c, 1)"""

    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, scale)
        return x * scale

    @staticmethod
    def backward(ctx, grad):
        x, scale = ctx.saved_tensors
        dscale = (grad * x).sum(dim=(0, 2)).unsqueeze(1)
        return grad * scale, dscale
