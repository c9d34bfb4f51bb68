"""Small complete models with loss and gradient methods."""
import numpy as np


class LogisticRegression:
    """Binary labels, of shape (n,) or (n, 1); the L2 penalty is 0.5 * l2 * |w|^2."""

    def __init__(self, n_features, l2=0.01):
        self.l2 = l2
        self.params = {"w": np.random.randn(n_features) * 0.1, "b": np.zeros(1)}

    def scores(self, X):
        return X @ self.params["w"] + self.params["b"]

    def predict_proba(self, X):
        return 0.5 * (1.0 + np.tanh(0.5 * self.scores(X)))

    def predict(self, X):
        return (self.scores(X) > 0).astype(int)

    def loss(self, X, y):
        y = np.asarray(y, dtype=float).reshape(-1)
        z = self.scores(X)
        data = np.mean(np.logaddexp(0, z) - y * z)
        return data + 0.5 * self.l2 * np.sum(self.params["w"] ** 2)

    def gradient(self, X, y):
        y = np.asarray(y, dtype=float).reshape(-1)
        diff = (self.predict_proba(X) - y) / len(y)
        grads = {"w": X.T @ diff, "b": np.array([diff.sum()])}
        grads["w"] += self.l2 * self.params["w"]
        return grads

    def accuracy(self, X, y):
        labels = np.asarray(y).ravel()
        return np.mean(self.predict(X) == labels)


class MLPClassifier:
    """Input - tanh hidden layer - softmax; labels are class numbers or one-hot rows."""

    def __init__(self, n_inputs, n_hidden, n_classes, l2=0.001):
        self.l2 = l2
        self.params = {
            "W1": np.random.randn(n_inputs, n_hidden) / np.sqrt(n_inputs),
            "b1": np.zeros(n_hidden),
            "W2": np.random.randn(n_hidden, n_classes) / np.sqrt(n_hidden),
            "b2": np.zeros(n_classes),
        }

    def hidden(self, X):
        return np.tanh(X @ self.params["W1"] + self.params["b1"])

    def predict(self, X):
        return self.hidden(X) @ self.params["W2"] + self.params["b2"]

    def class_numbers(self, t):
        t = np.asarray(t)
        if t.ndim == 2:
            t = t.argmax(axis=1)
        return t

    def log_probs(self, X):
        z = self.predict(X)
        z = z - z.max(axis=1, keepdims=True)
        return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))

    def loss(self, X, t):
        t = self.class_numbers(t)
        data = -np.mean(self.log_probs(X)[np.arange(len(t)), t])
        reg = np.sum(self.params["W1"] ** 2) + np.sum(self.params["W2"] ** 2)
        return data + 0.5 * self.l2 * reg

    def accuracy(self, X, t):
        return np.mean(self.predict(X).argmax(axis=1) == self.class_numbers(t))

    def gradient(self, X, t):
        labels = self.class_numbers(t)
        n = X.shape[0]
        h = self.hidden(X)
        dz = np.exp(self.log_probs(X))
        dz[np.arange(n), labels] -= 1.0
        dz /= n
        dh = dz @ self.params["W2"].T
        da = dh * (1.0 - h ** 2)
        return {
            "W1": X.T @ da + self.l2 * self.params["W1"],
            "b1": da.sum(axis=0),
            "W2": h.T @ dz + self.l2 * self.params["W2"],
            "b2": dz.sum(axis=0),
        }


class TiedAutoencoder:
    """r = h W^T + c with h = sigmoid(x W + b); loss is half the squared error per sample."""

    def __init__(self, n_visible, n_hidden):
        self.params = {
            "W": np.random.randn(n_visible, n_hidden) / np.sqrt(n_visible),
            "b": np.zeros(n_hidden),
            "c": np.zeros(n_visible),
        }

    def encode(self, X):
        return 0.5 * (1.0 + np.tanh(0.5 * (X @ self.params["W"] + self.params["b"])))

    def decode(self, h):
        return h @ self.params["W"].T + self.params["c"]

    def loss(self, X):
        r = self.decode(self.encode(X))
        return 0.5 * np.sum((r - X) ** 2) / X.shape[0]

    def gradient(self, X):
        h = self.encode(X)
        dr = (self.decode(h) - X) / X.shape[0]
        dh = dr @ self.params["W"]
        da = dh * h * (1.0 - h)
        return {
            "W": X.T @ da + dr.T @ h,
            "b": da.sum(axis=0),
            "c": dr.sum(axis=0),
        }


class MixtureRegression:
    """A mean of K linear models with weights softmax(a); half the mean squared error."""

    def __init__(self, n_features, n_models):
        self.params = {
            "a": np.zeros(n_models),
            "W": np.random.randn(n_features, n_models) * 0.5,
            "b": np.random.randn(n_models) * 0.1,
        }

    def weights(self):
        e = np.exp(self.params["a"] - self.params["a"].max())
        return e / e.sum()

    def predict(self, X):
        return (X @ self.params["W"] + self.params["b"]) @ self.weights()

    def loss(self, X, y):
        return 0.5 * np.mean((self.predict(X) - np.ravel(y)) ** 2)

    def gradient(self, X, y):
        pi = self.weights()
        each = X @ self.params["W"] + self.params["b"]
        diff = (each @ pi - np.ravel(y)) / X.shape[0]
        dpi = each.T @ diff
        deach = diff[:, None] * pi
        return {
            "a": pi * (dpi - np.dot(pi, dpi)),
            "W": X.T @ deach,
            "b": deach.sum(axis=0),
        }


class FCLayer:
    """Dense layer that learns while it goes backward: backward(output_gradient, learning_rate)."""

    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(input_size, output_size) / np.sqrt(input_size)
        self.bias = np.zeros((1, output_size))

    def forward(self, input):
        self.input = input
        return input @ self.weights + self.bias

    def backward(self, output_gradient, learning_rate):
        input_gradient = output_gradient @ self.weights.T
        weights_gradient = self.input.T @ output_gradient
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient.sum(axis=0, keepdims=True)
        return input_gradient
