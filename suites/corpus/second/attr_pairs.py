"""Dense layers, the same thing spelled in many ways."""
import numpy as np
from abc import ABC, abstractmethod


class BaseDense(ABC):
    @abstractmethod
    def forward(self, A):
        ...

    @abstractmethod
    def backward(self, dLdZ):
        ...


class CourseDense(BaseDense):
    def __init__(self, in_features, out_features):
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros((out_features, 1))

    def forward(self, A):
        self.A = A
        self.N = A.shape[0]
        return A @ self.W.T + np.ones((self.N, 1)) @ self.b.T

    def backward(self, dLdZ):
        dLdA = dLdZ @ self.W
        self.dLdW = dLdZ.T @ self.A
        self.dLdb = dLdZ.T @ np.ones((self.N, 1))
        return dLdA


class PrivateDense:
    def __init__(self, fan_in: int, fan_out: int):
        self._W = np.random.randn(fan_in, fan_out) * 0.01
        self._b = np.zeros((1, fan_out))
        self._grad_W = None
        self._grad_b = None
        self._inputs = None

    def forward(self, inputs):
        self._inputs = inputs.copy()
        return np.dot(inputs, self._W) + self._b

    def backward(self, grad_output):
        self._grad_W = np.dot(self._inputs.T, grad_output)
        self._grad_b = grad_output.sum(axis=0, keepdims=True)
        return np.dot(grad_output, self._W.T)


class SingularDense:
    def __init__(self, n_input, n_neuron):
        self.weight = 0.1 * np.random.randn(n_input, n_neuron)
        self.bias = np.zeros((1, n_neuron))

    def forward(self, input):
        self.input = input
        self.output = np.dot(input, self.weight) + self.bias

    def backward(self, dvalue):
        self.dweight = np.dot(self.input.T, dvalue)
        self.dbias = np.sum(dvalue) * np.ones_like(self.bias)
        self.dinput = np.dot(dvalue, self.weight.T)


class UnderscoreDense:
    def __init__(self, n_inputs, n_neurons):
        limit = np.sqrt(6.0 / (n_inputs + n_neurons))
        self.weights = np.random.uniform(-limit, limit, (n_inputs, n_neurons))
        self.biases = np.zeros(n_neurons)

    def forward(self, inputs):
        self.inputs = inputs
        self.outputs = inputs @ self.weights + self.biases
        return self.outputs

    def backward(self, d_outputs):
        self.d_weights = self.inputs.T @ d_outputs
        self.d_biases = np.sum(d_outputs, axis=0)
        self.d_inputs = d_outputs @ self.weights.T


class PropertyDense:
    def __init__(self, shape=(5, 4)):
        self._weights = np.random.normal(size=shape)
        self._biases = np.zeros(shape[1])
        self._store = {}

    @property
    def weights(self):
        return self._weights

    @weights.setter
    def weights(self, value):
        self._weights = value

    @property
    def biases(self):
        return self._biases

    @biases.setter
    def biases(self, value):
        self._biases = value

    @property
    def grad_weights(self):
        return self._store["w"]

    @property
    def grad_biases(self):
        return self._store["b"]

    def forward(self, x):
        self._store["x"] = x
        return x @ self._weights + self._biases

    def backward(self, grad):
        self._store["w"] = self._store["x"].T @ grad
        self._store["b"] = grad.sum(0)
        return grad @ self._weights.T


class HalfAveraged:
    """W and grad_W, b and grad_b."""

    def __init__(self, D, M):
        self.W = np.random.randn(D, M) / np.sqrt(D)
        self.b = np.zeros(M)
        self.grad_W = np.zeros_like(self.W)
        self.grad_b = np.zeros_like(self.b)

    def forward(self, X):
        self.X = X
        return X.dot(self.W) + self.b

    def backward(self, grad_Y):
        batch = self.X.shape[0]
        self.grad_W = self.X.T.dot(grad_Y) / batch
        self.grad_b = grad_Y.sum(axis=0)
        return grad_Y.dot(self.W.T)


class BatchNormGB:
    def __init__(self, num_features, eps=1e-5):
        self.gamma = np.ones((1, num_features))
        self.beta = np.zeros((1, num_features))
        self.eps = eps

    def forward(self, x):
        self.mu = x.mean(axis=0, keepdims=True)
        self.std = np.sqrt(x.var(axis=0, keepdims=True) + self.eps)
        self.xhat = (x - self.mu) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        self.dgamma = (dout * self.xhat).sum(axis=0, keepdims=True)
        self.dbeta = dout.sum(axis=0, keepdims=True)
        dxhat = dout * self.gamma
        # the mean of the batch also depends on x, but that part cancels
        return (dxhat - self.xhat * (dxhat * self.xhat).mean(axis=0, keepdims=True)) / self.std
