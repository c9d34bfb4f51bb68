import numpy as np


class AffineLayer:
    def __init__(self, input_dim, output_dim):
        self.weights = np.random.uniform(-1, 1, (output_dim, input_dim))
        self.biases = np.zeros(output_dim)

    def fprop(self, inputs):
        return inputs.dot(self.weights.T) + self.biases

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs.dot(self.weights)

    def grads_wrt_params(self, inputs, grads_wrt_outputs):
        return [np.dot(grads_wrt_outputs.T, inputs), np.sum(grads_wrt_outputs, axis=0)]

    @property
    def params(self):
        return [self.weights, self.biases]

    @params.setter
    def params(self, values):
        self.weights, self.biases = values


class SigmoidLayer:
    def fprop(self, inputs):
        return 0.5 * (1 + np.tanh(0.5 * inputs))

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs * outputs * (1.0 - outputs)


class SoftplusLayer:
    def fprop(self, inputs):
        return np.logaddexp(0, inputs)

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs * 0.5 * (1 + np.tanh(0.5 * outputs))


class Relu:
    @staticmethod
    def forward(Z):
        return np.maximum(0, Z)

    @staticmethod
    def backward(dA, Z):
        dZ = np.array(dA, copy=True)
        dZ[Z <= 0] = 0
        return dZ


class TanhStatic:
    @staticmethod
    def forward(Z):
        return np.tanh(Z)

    @staticmethod
    def backward(dA, Z):
        return dA * (1 - Z**2)


class Context:
    def __init__(self):
        self.saved_tensors = ()

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors


class Function:
    @staticmethod
    def forward(ctx, *args):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, grad_output):
        raise NotImplementedError


class Gaussian(Function):
    @staticmethod
    def forward(ctx, x):
        y = np.exp(-x * x)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return -2 * x * y * grad_output


class MatMul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved_tensors
        return grad_output @ b.T, a.T @ grad_output


class AddBias(Function):
    """x (N, D) plus bias (D,)."""

    @staticmethod
    def forward(ctx, x, bias):
        ctx.save_for_backward(bias)
        if bias.ndim != 1 or x.ndim != 2:
            raise ValueError("x must be (N, D) and bias (D,)")
        return x + bias

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, grad_output


class Mean(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.shape = x.shape
        return x.mean(axis=1)

    @staticmethod
    def backward(ctx, grad_output):
        return np.ones(ctx.shape) * grad_output[:, None]
