"""Losses for classifiers, autoencoders and metric learning; each returns (loss, gradient or gradients)."""
import numpy as np


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def smooth_cross_entropy(logits, labels, smoothing=0.1):
    """Mean cross entropy of class indices, mixed with the uniform distribution."""
    n, k = logits.shape
    logp = log_softmax(logits)
    target = np.full((n, k), smoothing / k)
    target[np.arange(n), labels] += 1 - smoothing
    loss = -(target * logp).sum() / n
    grad = (np.exp(logp) - target) / n
    return loss, grad


def focal_loss(logits, labels, gamma=2.0):
    """Mean of -(1 - p_t)^gamma log p_t over rows; labels are class indices."""
    n = len(logits)
    rows = np.arange(n)
    logp = log_softmax(logits)
    p = np.exp(logp)
    lt = logp[rows, labels]
    pt = p[rows, labels]
    loss = np.mean(-(1 - pt) ** gamma * lt)
    dlt = gamma * np.maximum(1 - pt, 1e-12) ** (gamma - 1) * pt * lt - (1 - pt) ** gamma
    grad = -p * dlt[:, None]
    grad[rows, labels] += dlt
    return loss, grad / n


def bce_with_logits(logits, labels, pos_weight=1.0):
    """Mean over samples; logits (n, 1), labels 0/1 of shape (n,) or (n, 1)."""
    y = np.asarray(labels, dtype=float).reshape(logits.shape)
    loss = np.mean(pos_weight * y * np.logaddexp(0, -logits) + (1 - y) * np.logaddexp(0, logits))
    sig = 0.5 * (1 + np.tanh(0.5 * logits))
    grad = (1 - y) * sig - pos_weight * y * (1 - sig)
    return loss, grad / logits.size


def hinge_loss(scores, labels):
    """Mean of max(0, 1 - s t) for scores (n,) and 0/1 labels (n,), t = -1 or 1."""
    t = 2.0 * labels - 1
    margin = 1 - scores * t
    loss = np.mean(np.maximum(margin, 0))
    grad = np.where(margin > 0, -t, 0.0) / len(scores)
    return loss, grad


def huber_loss(pred, target, delta=0.5):
    """Mean over all entries."""
    d = pred - target
    small = np.abs(d) <= delta
    loss = np.mean(np.where(small, 0.5 * d ** 2, delta * (np.abs(d) - 0.5 * delta)))
    grad = np.where(small, d, delta * np.sign(d)) / d.size
    return loss, grad


def kl_normal(mu, logvar):
    """KL(N(mu, exp(logvar)) || N(0, 1)), summed over the latent axis, averaged over the batch."""
    n = len(mu)
    var = np.exp(logvar)
    loss = 0.5 * np.sum(mu ** 2 + var - 1 - logvar) / n
    dmu = mu / n
    dlogvar = 0.5 * (var - 1) / n
    return loss, (dmu, dlogvar)


def triplet_loss(anchor, positive, negative, margin=1.0):
    """Mean of max(0, |a - p|^2 - |a - n|^2 + margin) over rows."""
    n = len(anchor)
    ap = anchor - positive
    an = anchor - negative
    value = (ap ** 2).sum(axis=1) - (an ** 2).sum(axis=1) + margin
    loss = np.maximum(value, 0).mean()
    on = (value > 0)[:, None] * (2.0 / n)
    da = on * (ap - an)
    dp = -on * ap
    dn = on * an
    return loss, (da, dp, dn)


def contrastive_loss(a, b, temperature=0.5):
    """Symmetric in-batch cross entropy (as CLIP): row i of a belongs to row i of b."""
    n = len(a)
    sim = a @ b.T / temperature
    rows = log_softmax(sim)
    cols = log_softmax(sim.T)
    diag = np.arange(n)
    loss = -0.5 * (rows[diag, diag].mean() + cols[diag, diag].mean())
    dsim = 0.5 * (np.exp(rows) + np.exp(cols).T) / n
    dsim[diag, diag] -= 1.0 / n
    da = dsim @ b / temperature
    db = dsim.T @ a / temperature
    return loss, (da, db)


def cosine_loss(x, y, eps=1e-8):
    """Mean of 1 - cos(x, y) over rows; gradient with respect to x."""
    nx = np.maximum(np.linalg.norm(x, axis=1, keepdims=True), eps)
    ny = np.maximum(np.linalg.norm(y, axis=1, keepdims=True), eps)
    cos = (x * y).sum(axis=1, keepdims=True) / (nx * ny)
    loss = np.mean(1 - cos)
    grad = -(y / (nx * ny) - cos * x / nx ** 2) / len(x)
    return loss, grad
