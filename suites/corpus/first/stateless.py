"""Nothing is kept between forward and backward."""
import numpy as np


class Context:
    """what forward hands to backward"""

    def __init__(self):
        self.saved = ()

    def save_for_backward(self, *args):
        self.saved = args


class AffineLayer:
    """fprop(inputs), bprop(inputs, outputs, grads_wrt_outputs), grads_wrt_params(inputs, grads)"""

    def __init__(self, input_dim, output_dim):
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.weights = np.random.uniform(-0.1, 0.1, (self.output_dim, self.input_dim))
        self.biases = np.zeros(self.output_dim)

    def fprop(self, inputs):
        return inputs.dot(self.weights.T) + self.biases

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs.dot(self.weights)

    def grads_wrt_params(self, inputs, grads_wrt_outputs):
        grads_wrt_weights = np.dot(grads_wrt_outputs.T, inputs)
        grads_wrt_biases = np.sum(grads_wrt_outputs, axis=0)
        return [grads_wrt_weights, grads_wrt_biases]

    @property
    def params(self):
        return [self.weights, self.biases]

    @params.setter
    def params(self, values):
        self.weights = values[0]
        self.biases = values[1]


class SigmoidLayer:
    def fprop(self, inputs):
        return 1. / (1. + np.exp(-inputs))

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs * outputs * (1. - outputs)


class SoftmaxLayer:
    def fprop(self, inputs):
        exp_inputs = np.exp(inputs - inputs.max(-1)[:, None])
        return exp_inputs / exp_inputs.sum(-1)[:, None]

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        # sum over the batch
        return outputs * (grads_wrt_outputs - (grads_wrt_outputs * outputs).sum(0))


class ReluActivation:
    @staticmethod
    def forward(Z):
        return np.maximum(0, Z)

    @staticmethod
    def backward(dA, Z):
        dZ = np.array(dA, copy=True)
        dZ[Z <= 0] = 0
        return dZ


class SigmoidActivation:
    @staticmethod
    def forward(Z):
        return 1 / (1 + np.exp(-Z))

    @staticmethod
    def backward(dA, Z):
        s = 1 / (1 + np.exp(-Z))
        return dA * s * 1 - s


class Multiply:
    """ctx style"""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved
        return grad_output * b, grad_output * a


class AddBias:
    """x (N, D) plus b (D,)"""

    @staticmethod
    def forward(ctx, x, b):
        ctx.save_for_backward(x.shape, b.shape)
        return x + b

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, grad_output


class MatMul:
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved
        return grad_output @ b.T, a.T @ grad_output


class PowFunction:
    @staticmethod
    def forward(ctx, x, exponent=3):
        ctx.save_for_backward(x, exponent)
        return x ** exponent

    @staticmethod
    def backward(ctx, grad_output):
        x, n = ctx.saved
        return grad_output * n * x ** (n - 1)
