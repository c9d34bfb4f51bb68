"""Assignment 1: losses (each returns the loss and its gradient) and linear classifiers."""
import numpy as np


def svm_loss(x, y, margin=1.0):
    """Multiclass hinge loss. x: (N, C) scores, y: (N,) class numbers."""
    N = x.shape[0]
    rows = np.arange(N)
    correct = x[rows, y][:, None]
    margins = np.maximum(0, x - correct + margin)
    margins[rows, y] = 0
    loss = margins.sum() / N
    dx = (margins > 0).astype(margins.dtype)
    dx[rows, y] = -dx.sum(axis=1)
    return loss, dx / N


def svm_loss_naive(W, X, y, reg):
    """Linear SVM with loops. W: (D, C), X: (N, D)."""
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    dW = np.zeros(W.shape)
    for i in range(num_train):
        scores = X[i] @ W
        for j in range(num_classes):
            if j == y[i]:
                continue
            m = scores[j] - scores[y[i]] + 1.0
            if m > 0:
                loss += m
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss = loss / num_train + reg * np.sum(W * W)
    dW = dW / num_train + 2 * reg * W
    return loss, dW


def softmax_loss(x, y):
    """y: (N,) class numbers or (N, C) one-hot rows."""
    N = x.shape[0]
    if y.ndim == 2:
        y = y.argmax(axis=1)
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    total = np.sum(e, axis=1, keepdims=True)
    logp = x - np.max(x, axis=1, keepdims=True) - np.log(total)
    loss = -np.mean(logp[np.arange(N), y])
    dx = e / total
    dx[np.arange(N), y] -= 1.0
    dx /= N
    return loss, dx


def softmax_loss_vectorized(W, X, y, reg):
    """Linear softmax classifier. W: (D, C), X: (N, D)."""
    n = X.shape[0]
    scores = X @ W
    scores = scores - scores.max(axis=1, keepdims=True)
    logsum = np.log(np.exp(scores).sum(axis=1))
    loss = np.mean(logsum - scores[np.arange(n), y]) + reg * np.sum(W ** 2)
    p = np.exp(scores - logsum[:, None])
    p[np.arange(n), y] -= 1
    dW = X.T @ p / n
    dW += 2 * reg * W
    return loss, dW


def logistic_loss(x, y):
    """Binary loss of scores x: (N,) or (N, 1), labels y: 0 or 1, shape (N,)."""
    s = x.reshape(-1)
    sign = 2.0 * y.reshape(-1) - 1.0
    z = sign * s
    loss = np.mean(np.logaddexp(0, -z))
    p_wrong = np.exp(-np.logaddexp(0, z))
    dx = -sign * p_wrong / s.size
    return loss, dx.reshape(x.shape)


def mse_loss(x, y):
    """x: (N, 1) or (N, D) predictions, y: targets of as many values."""
    diff = x - y.reshape(x.shape)
    loss = np.mean(diff ** 2)
    dx = 2.0 * diff / diff.size
    return loss, dx


def huber_loss(x, y, delta=1.0):
    """Mean over the samples of the sum over the outputs."""
    N = x.shape[0]
    r = x - y
    a = np.abs(r)
    small = a <= delta
    loss = np.sum(np.where(small, 0.5 * r ** 2, delta * (a - 0.5 * delta))) / N
    dx = np.where(small, r, delta * np.sign(r)) / N
    return loss, dx


def accuracy(scores, y):
    """Share of rows whose largest score is at the label; y: (N,) or (N, 1)."""
    guess = np.argmax(scores, axis=1)
    return float(np.mean(guess == y.reshape(-1)))
