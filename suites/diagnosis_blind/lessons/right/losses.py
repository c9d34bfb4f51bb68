"""Losses, each returning (loss, gradient), averaged over the samples."""
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_cross_entropy(scores, y):
    """scores (N, C); y is class numbers (N,) or one-hot (N, C). Returns loss and dscores."""
    N = scores.shape[0]
    if y.ndim == 2:
        y = np.argmax(y, axis=1)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probs[np.arange(N), y].mean()
    dscores = np.exp(log_probs)
    dscores[np.arange(N), y] -= 1
    dscores /= N
    return loss, dscores


def mse_loss(pred, target):
    """pred (N, D); target (N, D), or (N,) where D is 1. Mean over samples and outputs."""
    target = target.reshape(pred.shape)
    diff = pred - target.astype(pred.dtype)
    loss = np.mean(diff ** 2)
    return loss, 2 * diff / diff.size


def mae_loss(pred, target):
    """Mean absolute error of pred (N, D) against target (N, D)."""
    diff = pred - target.astype(pred.dtype)
    loss = np.abs(diff).mean()
    grad = np.sign(diff) / diff.size
    return loss, grad


def bce_loss(prob, y):
    """Binary cross entropy of probabilities prob (N, D) against labels y (N, D) of 0 and 1."""
    y = y.astype(prob.dtype)
    p = np.clip(prob, 1e-6, 1 - 1e-6)
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    inside = (prob >= 1e-6) & (prob <= 1 - 1e-6)
    grad = inside * (p - y) / (p * (1 - p)) / prob.size
    return loss, grad.astype(prob.dtype)


def bce_with_logits(z, y):
    """The same from logits z (N, 1); the labels y are (N,) or (N, 1)."""
    y = y.reshape(z.shape).astype(z.dtype)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    sig = 0.5 * (1 + np.tanh(0.5 * z))
    return loss, (sig - y) / z.shape[0]


def svm_loss(scores, y, delta=1.0):
    """Multiclass hinge loss of scores (N, C) for class numbers y (N,)."""
    N, C = scores.shape
    rows = np.arange(N)
    correct = scores[rows, y]
    loss = 0.0
    dscores = np.zeros_like(scores)
    for j in range(C):
        margin = np.where(y == j, 0.0, scores[:, j] - correct + delta)
        active = margin > 0
        loss += margin[active].sum()
        dscores[active, j] += 1
        dscores[rows[active], y[active]] -= 1
    return loss / N, dscores / N


def binary_hinge_loss(scores, y):
    """scores (N,), labels y (N,) of 0 and 1 (any integer type)."""
    sign = 2.0 * y - 1.0
    margin = 1.0 - sign * scores
    loss = np.maximum(0, margin).mean()
    grad = np.where(margin > 0, -sign, 0.0) / scores.shape[0]
    return loss, grad.astype(scores.dtype)


def softmax_regression_loss(W, X, y, reg=0.0):
    """Linear softmax classifier with the penalty 0.5 * reg * |W|^2. Returns loss and dW."""
    loss, dscores = softmax_cross_entropy(X.dot(W), y)
    loss += 0.5 * reg * np.sum(W * W)
    dW = X.T.dot(dscores) + reg * W
    return loss, dW


def lasso_loss(w, X, t, lam=0.0):
    """Linear regression: mean squared error / 2 with the penalty lam * |w|_1. Returns loss and dw."""
    residual = X.dot(w) - t
    loss = 0.5 * np.mean(residual ** 2) + lam * np.abs(w).sum()
    grad = X.T.dot(residual) / len(t)
    grad = grad + lam * np.sign(w)
    return loss, grad


def svm_classifier_loss(W, b, X, y, reg=0.0):
    """Linear SVM with the penalty reg * |W|^2. Returns loss and the gradients of W and b in a dict."""
    loss, dscores = svm_loss(X.dot(W) + b, y)
    loss += reg * np.sum(W ** 2)
    grads = {"W": X.T.dot(dscores) + 2 * reg * W, "b": dscores.sum(axis=0)}
    return loss, grads
