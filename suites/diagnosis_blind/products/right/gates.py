"""Gated and piecewise layers in the style of 'Neural Networks from Scratch'."""
import numpy as np


def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


class GLU:
    """Gated linear unit: (x W_a + b_a) * sigmoid(x W_g + b_g)."""

    def __init__(self, n_inputs, n_neurons):
        self.n_neurons = n_neurons
        self.weights = np.random.randn(n_inputs, 2 * n_neurons) / np.sqrt(n_inputs)
        self.biases = np.zeros((1, 2 * n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        z = inputs @ self.weights + self.biases
        self.linear = z[:, :self.n_neurons]
        self.gate = sigmoid(z[:, self.n_neurons:])
        self.output = self.linear * self.gate

    def backward(self, dvalues):
        dlinear = dvalues * self.gate
        dgate = dvalues * self.linear
        dpre = dgate * self.gate * (1.0 - self.gate)
        dz = np.concatenate([dlinear, dpre], axis=1)
        self.dweights = self.inputs.T @ dz
        self.dbiases = dz.sum(axis=0, keepdims=True)
        self.dinputs = dz @ self.weights.T


class Highway:
    """output = T * H + (1 - T) * x with H = tanh(x Wh + bh), T = sigmoid(x Wt + bt)."""

    def __init__(self, n_neurons):
        self.weights_h = np.random.randn(n_neurons, n_neurons) / np.sqrt(n_neurons)
        self.biases_h = np.zeros((1, n_neurons))
        self.weights_t = np.random.randn(n_neurons, n_neurons) / np.sqrt(n_neurons)
        self.biases_t = np.full((1, n_neurons), -1.0)

    def forward(self, inputs):
        self.inputs = inputs
        self.H = np.tanh(inputs @ self.weights_h + self.biases_h)
        self.T = sigmoid(inputs @ self.weights_t + self.biases_t)
        self.output = self.T * self.H + (1.0 - self.T) * inputs

    def backward(self, dvalues):
        dzh = dvalues * self.T * (1.0 - self.H ** 2)
        dzt = dvalues * (self.H - self.inputs) * self.T * (1.0 - self.T)
        self.dweights_h = self.inputs.T @ dzh
        self.dbiases_h = dzh.sum(axis=0, keepdims=True)
        self.dweights_t = self.inputs.T @ dzt
        self.dbiases_t = dzt.sum(axis=0, keepdims=True)
        self.dinputs = dzh @ self.weights_h.T + dzt @ self.weights_t.T + dvalues * (1.0 - self.T)


class ResidualDense:
    """output = x + dropout(relu(x W1 + b1)) W2 + b2, with inverted dropout in training."""

    def __init__(self, n_inputs, n_hidden, rate=0.3):
        self.rate = rate
        self.weights1 = np.random.randn(n_inputs, n_hidden) * np.sqrt(2.0 / n_inputs)
        self.biases1 = np.zeros((1, n_hidden))
        self.weights2 = np.random.randn(n_hidden, n_inputs) / np.sqrt(n_hidden)
        self.biases2 = np.zeros((1, n_inputs))

    def sample_mask(self, shape):
        return np.random.binomial(1, 1.0 - self.rate, size=shape) / (1.0 - self.rate)

    def forward(self, inputs, training=True):
        self.inputs = inputs
        self.pre = inputs @ self.weights1 + self.biases1
        if training and self.rate > 0:
            self.mask = self.sample_mask(self.pre.shape)
        else:
            self.mask = np.ones_like(self.pre)
        self.hidden = np.maximum(0, self.pre) * self.mask
        self.output = inputs + self.hidden @ self.weights2 + self.biases2

    def backward(self, dvalues):
        self.dweights2 = self.hidden.T @ dvalues
        self.dbiases2 = dvalues.sum(axis=0, keepdims=True)
        dhidden = dvalues @ self.weights2.T
        dpre = dhidden * self.mask * (self.pre > 0)
        self.dweights1 = self.inputs.T @ dpre
        self.dbiases1 = dpre.sum(axis=0, keepdims=True)
        self.dinputs = dvalues + dpre @ self.weights1.T


class Maxout:
    """Largest of k affine maps; the gradient goes to the winning map."""

    def __init__(self, n_inputs, n_neurons, n_pieces=3):
        self.n_pieces = n_pieces
        self.weights = np.random.randn(n_pieces, n_inputs, n_neurons) / np.sqrt(n_inputs)
        self.biases = np.zeros((n_pieces, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.z = np.einsum("nd,kdm->nkm", inputs, self.weights) + self.biases
        self.best = self.z.argmax(axis=1)
        self.output = self.z.max(axis=1)

    def backward(self, dvalues):
        won = np.arange(self.n_pieces)[None, :, None] == self.best[:, None, :]
        dz = won * dvalues[:, None, :]
        self.dweights = np.einsum("nd,nkm->kdm", self.inputs, dz)
        self.dbiases = dz.sum(axis=0)
        self.dinputs = np.einsum("nkm,kdm->nd", dz, self.weights)


class PReLU:
    """x for x > 0, alpha_j * x otherwise, with one learned alpha per feature."""

    def __init__(self, n_features, alpha=0.25):
        self.alpha = np.full((1, n_features), alpha)

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.alpha * inputs)

    def backward(self, dvalues):
        negative = np.minimum(self.inputs, 0)
        self.dalpha = np.sum(dvalues * negative, axis=0, keepdims=True)
        slope = np.where(self.inputs > 0, 1.0, self.alpha)
        self.dinputs = dvalues * slope


class LowRankDense:
    """x U V + b, a dense layer of bounded rank."""

    def __init__(self, n_inputs, n_neurons, rank):
        self.U = np.random.randn(n_inputs, rank) / np.sqrt(n_inputs)
        self.V = np.random.randn(rank, n_neurons) / np.sqrt(rank)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.code = inputs @ self.U
        self.output = self.code @ self.V + self.biases

    def backward(self, dvalues):
        dcode = dvalues @ self.V.T
        self.dV = self.code.T @ dvalues
        self.dU = self.inputs.T @ dcode
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = dcode @ self.U.T


class Bilinear:
    """output[n, o] = sum_ij x1[n, i] W[i, j, o] x2[n, j] + b[o]"""

    def __init__(self, n_inputs1, n_inputs2, n_neurons):
        self.weights = np.random.randn(n_inputs1, n_inputs2, n_neurons) * 0.1
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs1, inputs2):
        self.inputs1 = inputs1
        self.inputs2 = inputs2
        self.output = np.einsum("ni,ijo,nj->no", inputs1, self.weights, inputs2) + self.biases

    def backward(self, dvalues):
        self.dweights = np.einsum("ni,nj,no->ijo", self.inputs1, self.inputs2, dvalues)
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs1 = np.einsum("no,ijo,nj->ni", dvalues, self.weights, self.inputs2)
        self.dinputs2 = np.einsum("no,ijo,ni->nj", dvalues, self.weights, self.inputs1)
