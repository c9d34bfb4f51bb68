import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z):
    s = z - z.max(axis=1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=1, keepdims=True))


class TwoLayerNet:
    """One-hot or class-number labels."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01):
        self.params = {
            "W1": weight_init_std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": weight_init_std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def _scores(self, x):
        hidden = np.tanh(x @ self.params["W1"] + self.params["b1"])
        return hidden, hidden @ self.params["W2"] + self.params["b2"]

    def predict(self, x):
        return softmax(self._scores(x)[1])

    def loss(self, x, t):
        if t.ndim == 2:
            t = t.argmax(axis=1)
        return -log_softmax(self._scores(x)[1])[np.arange(len(t)), t].mean()

    def accuracy(self, x, t):
        if t.ndim == 2:
            t = t.argmax(axis=1)
        return np.mean(self.predict(x).argmax(axis=1) == t)

    def gradient(self, x, t):
        if t.ndim == 2:
            t = t.argmax(axis=1)
        hidden, scores = self._scores(x)
        dz = softmax(scores)
        dz[np.arange(len(t)), t] -= 1
        dz /= len(t)
        dh = (dz @ self.params["W2"].T) * (1 - hidden**2)
        return {"W1": x.T @ dh, "b1": dh.sum(axis=0), "W2": hidden.T @ dz, "b2": dz.sum(axis=0)}


class ReluNet:
    def __init__(self, input_size, hidden_size, output_size, std=0.1):
        self.params = {
            "W1": std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def predict(self, x):
        h = np.maximum(0, x @ self.params["W1"] + self.params["b1"])
        return h @ self.params["W2"] + self.params["b2"]

    def loss(self, x, t):
        return -log_softmax(self.predict(x))[np.arange(len(t)), t].mean()

    def gradient(self, x, t):
        grads = {}
        h = np.maximum(0, x @ self.params["W1"] + self.params["b1"])
        dz = softmax(h @ self.params["W2"] + self.params["b2"])
        dz[np.arange(len(t)), t] -= 1
        dz = dz / len(t)
        grads["W2"] = h.T @ dz
        grads["b2"] = dz.sum(axis=0)
        dh = dz @ self.params["W2"].T
        grads["W1"] = x.T @ dh
        grads["b1"] = dh.sum(axis=0)
        return grads


class RegularisedNet:
    """loss(X, y, reg) -> (loss, grads); loss(X) -> scores."""

    def __init__(self, input_size, hidden_size, output_size, std=1e-1):
        self.params = {}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (self.params[k] for k in ("W1", "b1", "W2", "b2"))
        a = X @ W1 + b1
        h = np.maximum(0, a)
        scores = h @ W2 + b2
        if y is None:
            return scores
        N = X.shape[0]
        loss = -log_softmax(scores)[np.arange(N), y].mean()
        loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        d = softmax(scores)
        d[np.arange(N), y] -= 1
        d /= N
        grads = {"W2": h.T @ d + 2 * reg * W2, "b2": d.sum(axis=0)}
        dh = (d @ W2.T) * (a > 0)
        grads["W1"] = X.T @ dh + 2 * reg * W1
        grads["b1"] = dh.sum(axis=0)
        return loss, grads


class RidgeClassifier:
    """Squared error with a penalty of reg * |W|^2."""

    def __init__(self, input_dim, output_dim, reg=0.1):
        self.W = np.random.randn(input_dim, output_dim)
        self.reg = reg

    def predict(self, X):
        return X @ self.W

    def loss(self, X, T):
        return np.mean((X @ self.W - T) ** 2) + self.reg * np.sum(self.W**2)

    def gradient(self, X, T):
        error = X @ self.W - T
        return 2 * X.T @ error / error.size + self.reg * self.W


class HiddenDense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.5
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW = self.x.T @ g
        self.db = g.sum(axis=0)
        return g @ self.W.T


class Sine:
    def forward(self, x):
        self.x = x
        return np.sin(x)

    def backward(self, g):
        return g * np.cos(self.x)


class StackedRegressor:
    """Layers in a list; train(X, Y) makes steps of gradient descent, predict(X) is the forward."""

    def __init__(self, sizes=(3, 6, 2), lr=0.05):
        self.layers = []
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            self.layers += [HiddenDense(n_in, n_out), Sine()]
        self.layers.pop()
        self.lr = lr

    def predict(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def train(self, X, Y, epochs=1):
        for _ in range(epochs):
            error = self.predict(X) - Y
            g = 2 * error / error.size
            for layer in reversed(self.layers):
                g = layer.backward(g)
            for layer in self.layers:
                if hasattr(layer, "W"):
                    layer.W -= self.lr * layer.dW
                    layer.b -= self.lr * layer.db
        return np.mean(error**2)


class Accuracy:
    def calculate(self, predictions, y):
        return np.mean(self.compare(predictions, y))


class Accuracy_Categorical(Accuracy):
    def compare(self, predictions, y):
        if len(y.shape) == 2:
            y = np.argmax(y, axis=1)
        if predictions.ndim == 2:
            predictions = np.argmax(predictions, axis=1)
        return predictions == y


class Accuracy_Binary(Accuracy):
    """Predictions (n, 1), labels (n,) or (n, 1)."""

    def compare(self, predictions, y):
        return (predictions > 0.5) == y
