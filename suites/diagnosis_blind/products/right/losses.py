"""Losses as functions that return (loss, gradient); the loss is a mean over the batch."""
import numpy as np


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def label_smoothing_loss(logits, labels, smoothing=0.1):
    """Cross entropy against (1 - smoothing) * onehot + smoothing / C; labels are class numbers."""
    n, c = logits.shape
    shifted = logits - logits.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    total = exp.sum(axis=1, keepdims=True)
    logp = shifted - np.log(total)
    target = np.full((n, c), smoothing / c)
    target[np.arange(n), labels] += 1.0 - smoothing
    loss = -np.sum(target * logp) / n
    dlogits = (np.exp(logp) - target) / n
    return loss, dlogits


def focal_loss(logits, targets, gamma=2.0, alpha=0.25):
    """Binary focal loss; logits (n,) or (n, 1), targets 0 or 1, of shape (n,) or (n, 1)."""
    t = np.asarray(targets).reshape(logits.shape).astype(logits.dtype)
    sign = 2 * t - 1
    z = sign * logits
    log_pt = -np.logaddexp(0, -z)
    pt = np.exp(log_pt)
    one_minus = np.exp(-np.logaddexp(0, z))
    weight = np.where(t > 0, alpha, 1.0 - alpha)
    loss = -np.mean(weight * one_minus ** gamma * log_pt)
    dz = weight * one_minus ** gamma * (gamma * pt * log_pt - one_minus)
    return loss, sign * dz / logits.size


def dice_loss(probs, targets, smooth=1.0):
    """1 - mean soft Dice of the samples; probs and targets have shape (n, pixels)."""
    n = probs.shape[0]
    grad = np.empty_like(probs)
    total = 0.0
    for i in range(n):
        inter = np.sum(probs[i] * targets[i])
        size = probs[i].sum() + targets[i].sum() + smooth
        score = (2.0 * inter + smooth) / size
        total += 1.0 - score
        grad[i] = (score - 2.0 * targets[i]) / size / n
    return total / n, grad


def contrastive_loss(x1, x2, same, margin=1.0):
    """0.5 d^2 for pairs with same = 1, 0.5 max(margin - d, 0)^2 for the others."""
    n = x1.shape[0]
    y = np.asarray(same).reshape(-1).astype(x1.dtype)
    diff = x1 - x2
    dist = np.sqrt(np.sum(diff ** 2, axis=1))
    gap = np.maximum(margin - dist, 0)
    loss = np.sum(0.5 * y * dist ** 2 + 0.5 * (1 - y) * gap ** 2) / n
    coef = y - (1 - y) * gap / np.maximum(dist, 1e-12)
    dx1 = coef[:, None] * diff / n
    return loss, (dx1, -dx1)


def cosine_loss(pred, target):
    """Mean of 1 - cos(pred, target) over the rows."""
    n = pred.shape[0]
    p_norm = np.sqrt(np.sum(pred ** 2, axis=1, keepdims=True) + 1e-12)
    t_norm = np.sqrt(np.sum(target ** 2, axis=1, keepdims=True) + 1e-12)
    cos = np.sum(pred * target, axis=1, keepdims=True) / (p_norm * t_norm)
    loss = np.mean(1.0 - cos)
    grad = -(target / (p_norm * t_norm) - cos * pred / p_norm ** 2) / n
    return loss, grad


def distillation_loss(student, teacher, temperature=4.0):
    """T^2 KL(softmax(teacher / T) || softmax(student / T)); the gradient is the student's."""
    T = temperature
    n = student.shape[0]
    log_p = log_softmax(student / T)
    log_q = log_softmax(teacher / T)
    q = np.exp(log_q)
    loss = T * T * np.sum(q * (log_q - log_p)) / n
    dstudent = T * (np.exp(log_p) - q) / n
    return loss, dstudent


def info_nce_loss(queries, keys, temperature=0.5):
    """Row i of keys is the positive of row i of queries, all other rows are negatives."""
    n = queries.shape[0]
    logits = queries @ keys.T / temperature
    logp = log_softmax(logits)
    loss = -np.trace(logp) / n
    dlogits = (np.exp(logp) - np.eye(n)) / n / temperature
    dqueries = dlogits @ keys
    dkeys = dlogits.T @ queries
    return loss, (dqueries, dkeys)
