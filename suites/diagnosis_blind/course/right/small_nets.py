"""Two- and three-layer networks with parameter dicts, accuracy, and numerical gradients."""
import numpy as np


def sigmoid(x):
    return np.exp(-np.logaddexp(0.0, -x))


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(scores, t):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(t)), t].mean()


def numerical_gradient(f, x, h=1e-4):
    """Central differences of the scalar function f at the float array x; f reads x itself."""
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        old = x[idx]
        x[idx] = old + h
        fxh1 = f(x)
        x[idx] = old - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        x[idx] = old
    return grad


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Gradient of sum(f(x) * df) for a function f that returns an array."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        pos = np.array(f(x))
        x[ix] = oldval - h
        neg = np.array(f(x))
        x[ix] = oldval
        grad[ix] = np.sum((pos - neg) * df) / (2 * h)
        it.iternext()
    return grad


def accuracy(scores, t):
    """Share of rows whose largest score is the label; t: class numbers (N,) or (N, 1), or one-hot (N, C)."""
    predictions = np.argmax(scores, axis=1)
    t = np.asarray(t)
    if t.ndim == 2 and t.shape[1] > 1:
        t = np.argmax(t, axis=1)
    return np.mean(predictions == t.reshape(-1))


def binary_accuracy(p, t, threshold=0.5):
    """p: probabilities (N,) or (N, 1), t: labels 0 and 1 of shape (N,) or (N, 1)."""
    predictions = (np.asarray(p) > threshold).astype(int)
    return np.mean(predictions.reshape(-1) == np.asarray(t).reshape(-1))


class TwoLayerNet:
    """affine - sigmoid - affine - softmax; t holds class numbers."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {
            "W1": weight_init_std * rng.standard_normal((input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": weight_init_std * rng.standard_normal((hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }

    def predict(self, x):
        z1 = sigmoid(x.dot(self.params["W1"]) + self.params["b1"])
        return z1.dot(self.params["W2"]) + self.params["b2"]

    def loss(self, x, t):
        return cross_entropy(self.predict(x), t)

    def accuracy(self, x, t):
        return accuracy(self.predict(x), t)

    def numerical_gradient(self, x, t):
        return {k: numerical_gradient(lambda _: self.loss(x, t), v) for k, v in self.params.items()}

    def gradient(self, x, t):
        W2 = self.params["W2"]
        z1 = sigmoid(x.dot(self.params["W1"]) + self.params["b1"])
        dy = softmax(z1.dot(W2) + self.params["b2"])
        dy[np.arange(len(t)), t] -= 1
        dy /= len(t)
        da1 = dy.dot(W2.T) * z1 * (1 - z1)
        return {"W1": x.T.dot(da1), "b1": da1.sum(axis=0), "W2": z1.T.dot(dy), "b2": dy.sum(axis=0)}


class ThreeLayerNet:
    """affine - tanh - affine - tanh - affine - softmax, with (reg / 2) |W|^2 on the weights."""

    def __init__(self, sizes, reg=0.0, scale=0.1, seed=0):
        rng = np.random.default_rng(seed)
        self.reg = reg
        self.params = {}
        self.grads = {}
        for i in (1, 2, 3):
            self.params[f"W{i}"] = scale * rng.standard_normal((sizes[i - 1], sizes[i]))
            self.params[f"b{i}"] = np.zeros(sizes[i])
            self.grads[f"W{i}"] = np.zeros((sizes[i - 1], sizes[i]))
            self.grads[f"b{i}"] = np.zeros(sizes[i])

    def forward(self, x):
        p = self.params
        self.h = [x.copy()]
        self.h.append(np.tanh(x.dot(p["W1"]) + p["b1"]))
        self.h.append(np.tanh(self.h[1].dot(p["W2"]) + p["b2"]))
        return self.h[2].dot(p["W3"]) + p["b3"]

    def loss(self, x, t):
        penalty = sum(np.sum(self.params[f"W{i}"] ** 2) for i in (1, 2, 3))
        return cross_entropy(self.forward(x), t) + 0.5 * self.reg * penalty

    def gradient(self, x, t):
        delta = softmax(self.forward(x))
        delta[np.arange(len(t)), t] -= 1
        delta /= len(t)
        for i in (3, 2, 1):
            W = self.params[f"W{i}"]
            self.grads[f"W{i}"] = self.h[i - 1].T.dot(delta) + self.reg * W
            self.grads[f"b{i}"] = delta.sum(axis=0)
            if i > 1:
                delta = delta.dot(W.T) * (1 - self.h[i - 1] ** 2)
        return self.grads

    def train_step(self, x, t, lr=0.1):
        grads = self.gradient(x, t)
        for name, g in grads.items():
            self.params[name] = self.params[name] - lr * g
        return self.loss(x, t)


class LinearTwoLayer:
    """Linear autoencoder: reconstructs x through a narrow layer; loss 0.5 |y - x|^2 per row."""

    def __init__(self, n_in, n_code, seed=0):
        rng = np.random.default_rng(seed)
        self.W1 = 0.3 * rng.standard_normal((n_in, n_code))
        self.W2 = 0.3 * rng.standard_normal((n_code, n_in))

    def loss(self, x):
        return 0.5 * np.sum((x.dot(self.W1).dot(self.W2) - x) ** 2) / len(x)

    def step(self, x, lr=0.1):
        code = x.dot(self.W1)
        dy = (code.dot(self.W2) - x) / len(x)
        dcode = dy.dot(self.W2.T)
        self.W2 = self.W2 - lr * code.T.dot(dy)
        self.W1 = self.W1 - lr * x.T.dot(dcode)
        return self.loss(x)
