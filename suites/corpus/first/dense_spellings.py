import numpy as np


class Dense:
    """ weight / bias, singular """

    def __init__(self, n_in, n_out):
        self.weight = np.random.randn(n_in, n_out) * np.sqrt(2.0 / n_in)
        self.bias = np.zeros((1, n_out))
        self.dweight = None
        self.dbias = None
        self.dinput = None

    def forward(self, input):
        self.input = input
        self.output = input @ self.weight + self.bias
        return self.output

    def backward(self, doutput):
        self.dweight = self.input.T @ doutput
        self.dbias = doutput.sum(axis=0, keepdims=True)
        self.dinput = doutput @ self.weight.T
        return self.dinput


class FullyConnected:
    def __init__(self, input_size, output_size):
        self.weights = np.random.uniform(-0.5, 0.5, (input_size, output_size))
        self.biases = np.zeros(output_size)

    def forward(self, inputs):
        self.inputs = inputs
        return np.matmul(inputs, self.weights) + self.biases

    def backward(self, d_outputs):
        self.d_weights = np.matmul(self.inputs.T, d_outputs)
        self.d_biases = np.sum(d_outputs)
        self.d_inputs = np.matmul(d_outputs, self.weights.T)
        return self.d_inputs


class Linear:
    """ y = x W^T + b, W stored as (out, in) """

    def __init__(self, in_features, out_features, bias=True):
        k = 1 / np.sqrt(in_features)
        self.W = np.random.uniform(-k, k, (out_features, in_features))
        self.b = np.random.uniform(-k, k, out_features) if bias else None

    def forward(self, A):
        self.A = A
        Z = A @ self.W.T
        if self.b is not None:
            Z = Z + self.b
        return Z

    def backward(self, dLdZ):
        dLdA = dLdZ @ self.W
        self.dLdW = dLdZ.T @ self.A
        if self.b is not None:
            self.dLdb = dLdZ.sum(axis=0)
        return dLdA


class AffineLayer:
    """ private attributes, read through properties """

    def __init__(self, fan_in: int, fan_out: int):
        self._W = np.random.normal(0, 0.1, (fan_in, fan_out))
        self._b = np.zeros((fan_out,))
        self._grad_W = None
        self._grad_b = None

    @property
    def weights(self):
        return self._W, self._b

    @property
    def grad_weights(self):
        return self._grad_W, self._grad_b

    def forward(self, x):
        self._x = x
        return x.dot(self._W) + self._b

    def backward(self, grad):
        self._grad_W = self._x.T.dot(grad)
        self._grad_b = grad.sum(0)
        return grad.dot(self._W.T)


class DenseMean:
    """ gradients averaged over the batch """

    def __init__(self, input_dim, output_dim):
        self.W = np.random.randn(input_dim, output_dim) * 0.1
        self.b = np.zeros((1, output_dim))

    def forward(self, X):
        self.X = X
        return np.dot(X, self.W) + self.b

    def backward(self, dZ):
        m = self.X.shape[0]
        self.dW = np.dot(self.X.T, dZ) / m
        self.db = np.sum(dZ, axis=0, keepdims=True)
        return np.dot(dZ, self.W.T)


class DenseAllMean:
    """ same, both averaged (the loss below does not divide) """

    def __init__(self, input_dim, output_dim):
        self.W = np.random.randn(input_dim, output_dim) * 0.1
        self.b = np.zeros((1, output_dim))

    def forward(self, X):
        self.X = X
        return np.dot(X, self.W) + self.b

    def backward(self, dZ):
        m = self.X.shape[0]
        self.dW = np.dot(self.X.T, dZ) / m
        self.db = np.sum(dZ, axis=0, keepdims=True) / m
        return np.dot(dZ, self.W.T)


class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps

    def forward(self, x):
        mu = x.mean(axis=-1, keepdims=True)
        self.inv_std = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + self.eps)
        self.x_hat = (x - mu) * self.inv_std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        axes = tuple(range(dout.ndim - 1))
        self.dgamma = (dout * self.x_hat).sum(axis=axes)
        self.dbeta = dout.sum(axis=axes)
        d = dout * self.gamma
        return self.inv_std * (d - d.mean(axis=-1, keepdims=True)
                               - self.x_hat * (d * self.x_hat).mean(axis=-1, keepdims=True))


class RMSNorm:
    def __init__(self, dim, eps=1e-6):
        self.scale = np.ones(dim)
        self.eps = eps

    def forward(self, x):
        self.x = x
        self.r = 1 / np.sqrt((x ** 2).mean(axis=-1, keepdims=True) + self.eps)
        return x * self.r * self.scale

    def backward(self, dout):
        axes = tuple(range(dout.ndim - 1))
        self.dscale = (dout * self.x * self.r).sum(axis=axes)
        return dout * self.scale * self.r
