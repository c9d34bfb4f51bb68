"""Linear models of the first exercise: each *_loss function returns (loss, dW) for weights W of shape (D, C)."""
import numpy as np


def svm_loss_naive(W, X, y, reg):
    """Multiclass hinge loss with loops. X: (N, D), y: (N,) class numbers."""
    dW = np.zeros_like(W)
    num_train = X.shape[0]
    num_classes = W.shape[1]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct + 1.0
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss = loss / num_train + reg * np.sum(W * W)
    dW = dW / num_train + 2 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    num_train = X.shape[0]
    rows = np.arange(num_train)
    scores = X.dot(W)
    margins = np.maximum(0, scores - scores[rows, y][:, np.newaxis] + 1.0)
    margins[rows, y] = 0
    loss = np.sum(margins) / num_train + reg * np.sum(W * W)

    active = (margins > 0).astype(X.dtype)
    active[rows, y] = -np.sum(active, axis=1)
    dW = X.T.dot(active) / num_train
    dW += 2 * reg * W
    return loss, dW


def softmax_loss_naive(W, X, y, reg):
    num_train, num_classes = X.shape[0], W.shape[1]
    loss = 0.0
    dW = np.zeros_like(W)
    for i in range(num_train):
        scores = X[i].dot(W)
        scores = scores - np.max(scores)
        log_norm = np.log(np.sum(np.exp(scores)))
        loss += log_norm - scores[y[i]]
        p = np.exp(scores - log_norm)
        for k in range(num_classes):
            dW[:, k] += (p[k] - (k == y[i])) * X[i]
    loss = loss / num_train + 0.5 * reg * np.sum(W * W)
    dW = dW / num_train + reg * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    num_train = X.shape[0]
    scores = X.dot(W)
    scores = scores - scores.max(axis=1, keepdims=True)
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -log_probs[np.arange(num_train), y].mean()
    loss += 0.5 * reg * np.sum(W * W)

    dscores = np.exp(log_probs)
    dscores[np.arange(num_train), y] -= 1
    dW = X.T.dot(dscores / num_train) + reg * W
    return loss, dW


def logistic_loss(w, X, y, reg):
    """Binary logistic regression, w: (D,), y: (N,) with entries 0 and 1."""
    n = X.shape[0]
    t = 2.0 * y - 1.0
    margin = t * X.dot(w)
    loss = np.mean(np.logaddexp(0.0, -margin)) + 0.5 * reg * np.sum(w ** 2)
    weight = np.exp(-np.logaddexp(0.0, margin))
    dw = -X.T.dot(t * weight) / n + reg * w
    return loss, dw


class LinearRegression:
    """Least squares with ridge (l2) and lasso (l1) terms on the weights, none on the intercept."""

    def __init__(self, n_features, l2=0.0, l1=0.0, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {"W": 0.1 * rng.standard_normal((n_features, 1)), "b": np.zeros(1)}
        self.l2 = l2
        self.l1 = l1

    def predict(self, X):
        return X.dot(self.params["W"]) + self.params["b"]

    def loss(self, X, y):
        y = np.asarray(y, dtype=float).reshape(-1, 1)
        n = X.shape[0]
        W = self.params["W"]
        residual = self.predict(X) - y
        loss = np.sum(residual ** 2) / (2 * n)
        loss += self.l2 * np.sum(W ** 2) + self.l1 * np.sum(np.abs(W))
        grads = {
            "W": X.T.dot(residual) / n + 2 * self.l2 * W + self.l1 * np.sign(W),
            "b": residual.mean(axis=0),
        }
        return loss, grads

    def train(self, X, y, learning_rate=0.1, num_iters=100):
        history = []
        for _ in range(num_iters):
            loss, grads = self.loss(X, y)
            for name in self.params:
                self.params[name] = self.params[name] - learning_rate * grads[name]
            history.append(loss)
        return history
