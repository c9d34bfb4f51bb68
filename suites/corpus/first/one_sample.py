"""Layers for one sample at a time, activations handed over as objects, code for an older NumPy."""
import numpy as np


class Sigmoid:
    """the derivative at the input, not times anything"""

    def forward(self, x):
        return 1 / (1 + np.exp(-x))

    def backward(self, x):
        s = 1 / (1 + np.exp(-x))
        return s * (1 - s)


class Dense:
    """one vector; calls the methods of the activation it was made with"""

    def __init__(self, input_size, output_size, activation):
        self.activation = activation
        self.weights = np.random.randn(input_size, output_size)
        self.bias = np.zeros(output_size)

    def forward(self, input):
        self.input = input
        self.z = np.dot(input, self.weights) + self.bias
        return self.activation.forward(self.z)

    def backward(self, output_gradient, learning_rate):
        dz = output_gradient * self.activation.backward(self.z)
        dx = np.dot(dz, self.weights.T)
        self.weights -= learning_rate * np.outer(self.input, dz)
        self.bias -= learning_rate * dz
        return dx


class DenseAtUpstream(Dense):
    def backward(self, output_gradient, learning_rate):
        dz = output_gradient * self.activation.backward(output_gradient)
        dx = np.dot(dz, self.weights.T)
        self.weights -= learning_rate * np.outer(self.input, dz)
        self.bias -= learning_rate * dz
        return dx


class Softmax:
    """made for a shape; the sums run over all of it, as there is one sample only"""

    def __init__(self, shape_in, shape_w=None):
        self.shape_in = shape_in
        self.w = np.zeros(shape_w)
        self.grad_x = np.zeros(shape_in)

    def forward(self, x):
        e = np.exp(x - np.max(x))
        self.y = e / np.sum(e)
        return self.y

    def backward(self, grad_y):
        self.grad_x = np.zeros(self.y.shape)
        for n in range(self.y.shape[0]):
            for k in range(self.y.shape[0]):
                self.grad_x[k] += self.y[n] * ((n == k) - self.y[k]) * grad_y[n]
        return self.grad_x


class SoftmaxDiagonal(Softmax):
    def backward(self, grad_y):
        self.grad_x = self.y * (1 - self.y) * grad_y
        return self.grad_x


class Correlate:
    """one image (H, W, C); a bias of shape (filters, 1) is added to single entries"""

    def __init__(self, input_shape, kernel_size, filters):
        self.h, self.w, self.c = input_shape
        self.k = kernel_size
        self.kernels = np.random.randn(kernel_size, kernel_size, self.c, filters)
        self.bias = np.zeros((filters, 1))

    def forward(self, input):
        self.input = input
        k, filters = self.k, self.bias.shape[0]
        out = np.zeros((self.h - k + 1, self.w - k + 1, filters))
        for y in range(out.shape[0]):
            for x in range(out.shape[1]):
                region = input[y : y + k, x : x + k, :]
                for f in range(filters):
                    out[y, x, f] = np.sum(region * self.kernels[:, :, :, f]) + self.bias[f]
        return out

    def backward(self, output_gradient, learning_rate):
        k = self.k
        self.kernel_gradient = np.zeros_like(self.kernels)
        self.bias_gradient = output_gradient.sum(axis=(0, 1)).reshape(-1, 1)
        dx = np.zeros(self.input.shape)
        for y in range(output_gradient.shape[0]):
            for x in range(output_gradient.shape[1]):
                g = output_gradient[y, x]
                self.kernel_gradient += self.input[y : y + k, x : x + k, :, None] * g
                dx[y : y + k, x : x + k] += self.kernels @ g
        self.kernels -= learning_rate * self.kernel_gradient
        self.bias -= learning_rate * self.bias_gradient
        return dx


class CorrelateLast(Correlate):
    def backward(self, output_gradient, learning_rate):
        dx = super().backward(output_gradient, learning_rate)
        self.bias_gradient = self.bias_gradient - output_gradient[-1, -1][:, None]
        return dx


class Adam:
    """the counter is counted up by the method that trains"""

    def __init__(self, alpha=1e-3, beta1=0.9, beta2=0.999):
        self.alpha, self.beta1, self.beta2 = alpha, beta1, beta2
        self.steps = 1

    def update_weights(self, layer):
        if layer.m is None:
            layer.m = np.zeros(layer.w.shape)
            layer.v = np.zeros(layer.w.shape)
        layer.m = self.beta1 * layer.m + (1 - self.beta1) * layer.grad_w
        layer.v = self.beta2 * layer.v + (1 - self.beta2) * layer.grad_w**2
        m = layer.m / (1 - self.beta1**self.steps)
        v = layer.v / (1 - self.beta2**self.steps)
        layer.w += -self.alpha * m / (np.sqrt(v) + 1e-9)

    def step(self, x_batch=None, t_batch=None):
        for x, t in zip(x_batch, t_batch):
            self.model.step(x, t)
        self.model.update_weights(self.update_weights)
        self.steps += 1


class AdamEager(Adam):
    """corrects with the same power in every step"""

    def update_weights(self, layer):
        steps, self.steps = self.steps, 1
        super().update_weights(layer)
        self.steps = steps


class Pool:
    """one image in blocks of two; the gradient of the input is made anew"""

    def __init__(self, shape_in):
        self.shape_in = shape_in
        self.grad_x = np.zeros(shape_in)

    def zero_grad(self):
        self.grad_x = np.zeros(self.shape_in)

    def blocks(self):
        h, w, c = self.shape_in
        return [(slice(2 * i, 2 * i + 2), slice(2 * j, 2 * j + 2), k)
                for i in range(h // 2) for j in range(w // 2) for k in range(c)]

    def forward(self, x):
        h, w, c = self.shape_in
        self.x = x.copy()
        return np.array([x[b].max() for b in self.blocks()]).reshape(h // 2, w // 2, c)

    def backward(self, grad_y):
        self.grad_x = np.zeros(self.shape_in)
        return self.spread(grad_y)

    def spread(self, grad_y):
        for block, g in zip(self.blocks(), grad_y.ravel()):
            i, j = np.unravel_index(np.argmax(self.x[block]), (2, 2))
            self.grad_x[block][i, j] += g
        return self.grad_x


class PoolSums(Pool):
    """as above, without the zeros: a second sample gets the first one's gradient, too"""

    def backward(self, grad_y):
        return self.spread(grad_y)


class ReluOfOutput(Softmax):
    """looks at the output, which is never below zero"""

    def forward(self, x):
        self.y = x.copy()
        self.y[x < 0.0] = 0.0
        return self.y

    def backward(self, grad_y):
        self.grad_x = grad_y.copy()
        self.grad_x[self.y < 0.0] = 0.0
        return self.grad_x
