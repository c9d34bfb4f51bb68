"""Linear classifiers: looped and vectorised losses, each returning (loss, gradient)."""
import numpy as np


def svm_loss_naive(W, X, y, reg):
    """W: (D, C), X: (N, D), y: (N,); multiclass hinge loss with margin 1 and reg * sum(W ** 2)."""
    dW = np.zeros_like(W)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss = loss / num_train + reg * np.sum(W * W)
    dW = dW / num_train + 2 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    rows = np.arange(N)
    scores = X @ W
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / N + reg * np.sum(W * W)

    coeff = (margins > 0).astype(W.dtype)
    coeff[rows, y] = -coeff.sum(axis=1)
    dW = X.T @ coeff / N
    dW += 2 * reg * W
    return loss, dW


def softmax_loss_naive(W, X, y, reg):
    N, C = X.shape[0], W.shape[1]
    loss, dW = 0.0, np.zeros_like(W)
    for i in range(N):
        f = X[i].dot(W)
        f = f - np.max(f)
        sum_exp = np.sum(np.exp(f))
        loss += np.log(sum_exp) - f[y[i]]
        for j in range(C):
            p = np.exp(f[j]) / sum_exp
            dW[:, j] += (p - (j == y[i])) * X[i]
    loss = loss / N + 0.5 * reg * np.sum(W * W)
    dW = dW / N + reg * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    num_train = X.shape[0]
    scores = X.dot(W)
    scores = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scores).sum(axis=1))
    loss = np.mean(log_sum - scores[np.arange(num_train), y]) + 0.5 * reg * np.sum(W ** 2)
    dscores = np.exp(scores - log_sum[:, None])
    dscores[np.arange(num_train), y] -= 1
    dW = X.T.dot(dscores) / num_train + reg * W
    return loss, dW


def logistic_loss(w, b, X, y, reg=0.0):
    """Binary logistic regression: w (D, 1), b scalar array (1,), X (N, D), y (N,) or (N, 1) of 0 and 1.

    Returns loss, dw, db."""
    m = X.shape[0]
    z = X @ w + b
    t = np.asarray(y).reshape(z.shape)
    loss = np.mean(np.logaddexp(0, z) - t * z) + 0.5 * reg * np.sum(w * w)
    a = 0.5 * (1 + np.tanh(0.5 * z))
    dz = (a - t) / m
    dw = X.T @ dz + reg * w
    db = dz.sum(axis=0)
    return loss, dw, db


def squared_hinge_loss(w, X, y, C=1.0):
    """Two-class L2-SVM: 0.5 |w|^2 + C * mean(max(0, 1 - s * Xw)^2), w (D,), y (N,) of 0 and 1."""
    s = 2.0 * y - 1.0
    slack = np.maximum(0, 1 - s * (X @ w))
    loss = 0.5 * np.dot(w, w) + C * np.mean(slack ** 2)
    dw = w - 2 * C * X.T @ (slack * s) / X.shape[0]
    return loss, dw


class LinearClassifier:
    """Stochastic gradient descent on one of the losses above."""

    def __init__(self, loss_function=svm_loss_vectorized):
        self.W = None
        self.loss_function = loss_function

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200):
        N, D = X.shape
        if self.W is None:
            self.W = 0.001 * np.random.randn(D, int(np.max(y)) + 1)
        history = []
        for _ in range(num_iters):
            idx = np.random.choice(N, batch_size)
            loss, grad = self.loss_function(self.W, X[idx], y[idx], reg)
            history.append(loss)
            self.W = self.W - learning_rate * grad
        return history

    def predict(self, X):
        return np.argmax(X.dot(self.W), axis=1)
