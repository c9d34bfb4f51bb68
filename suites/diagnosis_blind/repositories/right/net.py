"""A small classifier on top of numpy, with its helpers."""
import numpy as np


def one_hot(labels, n_classes):
    out = np.zeros((len(labels), n_classes))
    out[np.arange(len(labels)), labels] = 1
    return out


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(probs, labels):
    """Mean over the batch; labels as class indices (n,) or one-hot rows (n, k). Returns (loss, dprobs)."""
    labels = np.asarray(labels)
    if labels.ndim == 2:
        labels = labels.argmax(axis=1)
    n = len(probs)
    picked = np.clip(probs[np.arange(n), labels], 1e-12, None)
    grad = np.zeros(probs.shape)
    grad[np.arange(n), labels] = -1 / picked / n
    return -np.log(picked).mean(), grad


def binary_accuracy(probs, labels):
    """Share of right decisions; probs (n, 1), labels 0/1 of shape (n,) or (n, 1)."""
    decided = probs > 0.5
    return np.mean(decided == np.asarray(labels).reshape(probs.shape))


def confusion_matrix(predicted, actual, n_classes):
    """Rows are the actual classes, columns the predicted ones."""
    table = np.zeros((n_classes, n_classes), dtype=int)
    for c in range(n_classes):
        table[c] = np.bincount(predicted[actual == c], minlength=n_classes)
    return table


def standardize(x):
    """Columns with mean 0 and deviation 1."""
    return (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-8)


def numerical_gradient(f, x, h=1e-4):
    """Central differences of a scalar f at the float array x (restored afterwards)."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        i = it.multi_index
        keep = x[i]
        x[i] = keep + h
        up = f(x)
        x[i] = keep - h
        down = f(x)
        grad[i] = (up - down) / (2 * h)
        x[i] = keep
        it.iternext()
    return grad


class MLP:
    """ELU network of two layers; loss = cross entropy + l2/2 (|W1|^2 + |W2|^2). Labels are class indices."""

    def __init__(self, n_in, n_hidden, n_out, l2=0.01, alpha=0.5):
        self.params = {
            'W1': np.random.randn(n_in, n_hidden) / np.sqrt(n_in),
            'b1': np.zeros(n_hidden),
            'W2': np.random.randn(n_hidden, n_out) / np.sqrt(n_hidden),
            'b2': np.zeros(n_out),
        }
        self.l2 = l2
        self.alpha = alpha

    def hidden(self, x):
        a = x @ self.params['W1'] + self.params['b1']
        return np.where(a > 0, a, self.alpha * np.expm1(np.minimum(a, 0)))

    def predict(self, x):
        return softmax(self.hidden(x) @ self.params['W2'] + self.params['b2'])

    def loss(self, x, t):
        data = cross_entropy(self.predict(x), t)[0]
        squares = np.sum(self.params['W1'] ** 2) + np.sum(self.params['W2'] ** 2)
        return data + 0.5 * self.l2 * squares

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == t)

    def gradient(self, x, t):
        p = self.params
        h = self.hidden(x)
        d = softmax(h @ p['W2'] + p['b2'])
        d[np.arange(len(x)), t] -= 1
        d /= len(x)
        grads = {'W2': h.T @ d + self.l2 * p['W2'], 'b2': d.sum(axis=0)}
        dh = d @ p['W2'].T
        da = dh * np.where(h > 0, 1, h + self.alpha)
        grads['W1'] = x.T @ da + self.l2 * p['W1']
        grads['b1'] = da.sum(axis=0)
        return grads


class SGDLinear:
    """A linear layer that steps by itself: backward(grad, lr) updates and returns dx."""

    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad, lr=0.1):
        dx = grad @ self.W.T
        self.W -= lr * (self.x.T @ grad)
        self.b -= lr * grad.sum(axis=0)
        return dx
