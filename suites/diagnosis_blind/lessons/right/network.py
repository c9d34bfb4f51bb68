"""A small classifier: a ReLU layer, a tanh layer and softmax, with everything that training needs."""
import numpy as np


def numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar function f at the float64 array x; x is left as it was."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        idx = it.multi_index
        old = x[idx]
        x[idx] = old + h
        f_plus = f(x)
        x[idx] = old - h
        f_minus = f(x)
        grad[idx] = (f_plus - f_minus) / (2 * h)
        x[idx] = old
        it.iternext()
    return grad


def accuracy_score(predictions, labels):
    """Share of right classes: predictions (N, C), labels (N,), (N, 1) or one-hot (N, C)."""
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    guess = predictions.argmax(axis=1)
    return float(np.mean(guess == labels.reshape(-1)))


def regression_accuracy(predictions, targets, tolerance):
    """Share of predictions (N, 1) within the tolerance of targets (N,) or (N, 1)."""
    targets = np.asarray(targets).reshape(predictions.shape)
    return float(np.mean(np.abs(predictions - targets) < tolerance))


class Net:
    def __init__(self, input_size, hidden1, hidden2, output_size, reg=0.0, seed=0):
        rng = np.random.RandomState(seed)
        self.reg = reg
        self.params = {
            "W1": rng.randn(input_size, hidden1) / np.sqrt(input_size),
            "b1": np.zeros(hidden1),
            "W2": rng.randn(hidden1, hidden2) / np.sqrt(hidden1),
            "b2": np.zeros(hidden2),
            "W3": rng.randn(hidden2, output_size) / np.sqrt(hidden2),
            "b3": np.zeros(output_size),
        }

    def _forward(self, x):
        P = self.params
        a1 = x @ P["W1"] + P["b1"]
        h1 = np.maximum(0, a1)
        h2 = np.tanh(h1 @ P["W2"] + P["b2"])
        scores = h2 @ P["W3"] + P["b3"]
        return a1, h1, h2, scores

    def predict(self, x):
        return self._forward(x)[-1]

    def _penalty(self):
        return 0.5 * self.reg * sum(np.sum(self.params[k] ** 2) for k in ("W1", "W2", "W3"))

    def loss(self, x, t):
        """Mean cross entropy for class numbers t (N,), with the L2 penalty."""
        s = self.predict(x)
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(t)), t].mean() + self._penalty()

    def accuracy(self, x, t):
        return accuracy_score(self.predict(x), t)

    def numerical_gradient(self, x, t):
        return {k: numerical_gradient(lambda _: self.loss(x, t), p) for k, p in self.params.items()}

    def gradient(self, x, t):
        P = self.params
        a1, h1, h2, s = self._forward(x)
        e = np.exp(s - s.max(axis=1, keepdims=True))
        ds = e / e.sum(axis=1, keepdims=True)
        ds[np.arange(len(t)), t] -= 1
        ds /= len(t)
        grads = {}
        grads["W3"] = h2.T @ ds + self.reg * P["W3"]
        grads["b3"] = ds.sum(axis=0)
        da2 = (ds @ P["W3"].T) * (1 - h2 ** 2)
        grads["W2"] = h1.T @ da2 + self.reg * P["W2"]
        grads["b2"] = da2.sum(axis=0)
        da1 = da2 @ P["W2"].T
        da1[a1 <= 0] = 0
        grads["W1"] = x.T @ da1 + self.reg * P["W1"]
        grads["b1"] = da1.sum(axis=0)
        return grads

    def train_step(self, x, t, lr=0.1):
        """One step of gradient descent; returns the loss before the step."""
        before = self.loss(x, t)
        grads = self.gradient(x, t)
        for key in self.params:
            self.params[key] -= lr * grads[key]
        return before


class TrainableDense:
    """A tanh layer that learns within backward(grad, lr) and returns the gradient of its input."""

    def __init__(self, weights, bias):
        self.weights = weights.copy()
        self.bias = bias.copy()

    def forward(self, x):
        self.x = x.copy()
        self.out = np.tanh(x @ self.weights + self.bias)
        return self.out.copy()

    def backward(self, grad, lr=0.01):
        local = grad * (1 - self.out ** 2)
        dx = local @ self.weights.T
        self.weights = self.weights - lr * (self.x.T @ local)
        self.bias = self.bias - lr * local.sum(axis=0)
        return dx
