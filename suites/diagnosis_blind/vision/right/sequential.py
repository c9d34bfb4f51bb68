"""A small Sequential container with named parameters, two losses and an optimizer with slots per name."""
import numpy as np


class Dense:
    def __init__(self, n_in, n_out, l1=0.0, l2=0.0, seed=None):
        rng = np.random.RandomState(seed)
        self.params = {"W": rng.randn(n_in, n_out) * np.sqrt(1.0 / n_in), "b": np.zeros(n_out)}
        self.grads = {}
        self.l1, self.l2 = l1, l2

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def penalty(self):
        W = self.params["W"]
        return self.l1 * np.abs(W).sum() + self.l2 * np.sum(W * W)

    def backward(self, dout):
        W = self.params["W"]
        self.grads["W"] = self.x.T @ dout + self.l1 * np.sign(W) + 2 * self.l2 * W
        self.grads["b"] = dout.sum(axis=0)
        return dout @ W.T


class Sigmoid:
    params, grads = {}, {}

    def forward(self, x):
        self.out = np.exp(-np.logaddexp(0.0, -x))
        return self.out

    def backward(self, dout):
        return dout * self.out * (1.0 - self.out)


class Tanh:
    params, grads = {}, {}

    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out ** 2)


def bce_with_logits(logits, labels):
    """Mean binary cross-entropy over a batch of logits (n, 1) or (n,), labels 0/1 of n entries; (loss, dlogits)."""
    t = np.asarray(labels, dtype=float).reshape(logits.shape)
    loss = np.mean(np.logaddexp(0.0, logits) - t * logits)
    prob = np.exp(-np.logaddexp(0.0, -logits))
    return loss, (prob - t) / logits.size


def huber_loss(pred, target, delta=1.0):
    """Mean Huber loss over all entries; returns (loss, gradient)."""
    diff = pred - target
    small = np.abs(diff) <= delta
    loss = np.where(small, 0.5 * diff ** 2, delta * (np.abs(diff) - 0.5 * delta))
    grad = np.where(small, diff, delta * np.sign(diff))
    return loss.mean(), grad / diff.size


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def penalty(self):
        return sum(layer.penalty() for layer in self.layers if hasattr(layer, "penalty"))

    def named_parameters(self):
        for i, layer in enumerate(self.layers):
            for name, value in layer.params.items():
                yield f"{i}.{name}", value, layer.grads.get(name)

    def state_dict(self):
        return {name: value.copy() for name, value, _ in self.named_parameters()}

    def load_state_dict(self, state):
        for name, value, _ in self.named_parameters():
            value[...] = state[name]


class Momentum:
    """Heavy-ball momentum with decay lr / (1 + decay * iterations); steps the model's parameters in place."""

    def __init__(self, model, lr=0.1, momentum=0.9, decay=0.0):
        self.model, self.lr, self.momentum, self.decay = model, lr, momentum, decay
        self.iterations = 0
        self.slots = {}

    def step(self):
        rate = self.lr / (1.0 + self.decay * self.iterations)
        for name, value, grad in self.model.named_parameters():
            slot = self.slots.get(name, 0.0)
            self.slots[name] = self.momentum * slot - rate * grad
            value += self.slots[name]
        self.iterations += 1


def fit(model, optimizer, x, y, epochs=100, batch_size=None):
    """Trains a binary classifier; returns the data loss before every step."""
    history, n = [], len(x)
    size = batch_size or n
    for _ in range(epochs):
        for start in range(0, n, size):
            logits = model.forward(x[start:start + size])
            loss, dlogits = bce_with_logits(logits, y[start:start + size])
            model.backward(dlogits)
            optimizer.step()
            history.append(loss)
    return history
