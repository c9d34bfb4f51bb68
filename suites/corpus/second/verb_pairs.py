import numpy as np


class PassDense:
    def __init__(self, n_inputs, n_outputs):
        self.W = np.random.randn(n_inputs, n_outputs) * 0.1
        self.b = np.zeros((1, n_outputs))

    def forward_pass(self, inputs):
        self.inputs = inputs
        return inputs @ self.W + self.b

    def backward_pass(self, delta):
        self.dW = self.inputs.T @ delta
        self.db = delta.sum(axis=0, keepdims=True)
        return delta @ self.W.T


class Maxout:
    """The larger of two affine maps."""

    def __init__(self, input_dim, output_dim):
        self.W1 = np.random.randn(input_dim, output_dim)
        self.W2 = np.random.randn(input_dim, output_dim)

    def fprop(self, x):
        self.x = x
        a, b = x @ self.W1, x @ self.W2
        self.first = a >= b
        return np.where(self.first, a, b)

    def bprop(self, delta):
        da, db = delta * self.first, delta * ~self.first
        self.dW1 = self.x.T @ da
        self.dW2 = self.x.T @ db
        return da @ self.W1.T + db @ self.W2.T


class PropagateScale:
    def __init__(self, factor=3.0):
        self.factor = factor

    def forward_propagate(self, x):
        self.t = np.tanh(self.factor * x)
        return self.t

    def back_propagate(self, error):
        return error * (1 - self.t**2)


class ComputeDense:
    def __init__(self, d_in, d_out):
        self.weights = np.random.randn(d_in, d_out)
        self.bias = np.zeros(d_out)

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def compute_gradients(self, upstream):
        self.weights_grad = self.x.T @ upstream
        self.bias_grad = upstream.sum(axis=0)
        return upstream @ self.weights.T


class AveragePairs:
    """Means of neighbouring columns, window 2, step 1."""

    def forward(self, x):
        self.shape = x.shape
        return 0.5 * (x[:, 1:] + x[:, :-1])

    def backprop(self, grad):
        dx = np.zeros(self.shape)
        dx[:, 1:] += grad
        dx[:, :-1] += grad
        return dx


class CumSum:
    def forward_propagation(self, x):
        return np.cumsum(x, axis=1)

    def backward_propagation(self, d):
        return np.cumsum(d[:, ::-1], axis=1)[:, ::-1]
