"""Linear classifiers (assignment 1): multiclass SVM, softmax, two-class losses, and training by SGD."""
import numpy as np


def svm_loss_naive(W, X, y, reg):
    """Multiclass hinge loss with loops. W: (D, C), X: (N, D), y: (N,) class numbers."""
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    dW = np.zeros(W.shape)
    for i in range(num_train):
        scores = X[i].dot(W)
        correct = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct + 1
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
    scores = X.dot(W)
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / N + reg * np.sum(W ** 2)

    active = (margins > 0).astype(float)
    active[rows, y] = -active.sum(axis=1)
    dW = X.T.dot(active) / N
    dW += 2 * reg * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    scores = X.dot(W)
    scores = scores - scores.max(axis=1, keepdims=True)
    logp = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    loss = -logp[np.arange(N), y].mean() + 0.5 * reg * np.sum(W * W)

    dscores = np.exp(logp)
    dscores[np.arange(N), y] -= 1
    dscores /= N
    dW = X.T.dot(dscores) + reg * W
    return loss, dW


def logistic_loss(w, X, y, reg):
    """Two classes, y: (N,) of 0 and 1, w: (D, 1)."""
    N = X.shape[0]
    y = np.asarray(y, dtype=float).reshape(-1, 1)
    s = X.dot(w)
    loss = np.mean(np.logaddexp(0, s) - y * s) + reg * np.sum(w ** 2)
    p = np.exp(-np.logaddexp(0, -s))
    dw = X.T.dot(p - y) / N + 2 * reg * w
    return loss, dw


def squared_hinge_loss(w, X, y, reg):
    """Two classes, y: (N,) of 0 and 1, w: (D,)."""
    sign = 2.0 * y - 1.0
    gap = np.maximum(0, 1 - sign * X.dot(w))
    loss = np.mean(gap ** 2) + 0.5 * reg * w.dot(w)
    dw = X.T.dot(-2 * gap * sign) / X.shape[0] + reg * w
    return loss, dw


class LinearClassifier(object):
    def __init__(self, dim, num_classes, weight_scale=1e-3):
        self.W = weight_scale * np.random.randn(dim, num_classes)

    def loss(self, X, y, reg):
        raise NotImplementedError

    def train(self, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200):
        history = []
        for _ in range(num_iters):
            idx = np.random.choice(X.shape[0], batch_size, replace=True)
            loss, grad = self.loss(X[idx], y[idx], reg)
            history.append(loss)
            self.W = self.W - learning_rate * grad
        return history

    def predict(self, X):
        return np.argmax(X.dot(self.W), axis=1)


class LinearSVM(LinearClassifier):
    def loss(self, X, y, reg):
        return svm_loss_vectorized(self.W, X, y, reg)


class SoftmaxClassifier(LinearClassifier):
    def loss(self, X, y, reg):
        return softmax_loss_vectorized(self.W, X, y, reg)

    def predict_proba(self, X):
        scores = X.dot(self.W)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
