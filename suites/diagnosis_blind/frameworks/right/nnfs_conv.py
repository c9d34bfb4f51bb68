"""Image layers in the NNFS manner: forward sets self.output, backward sets self.dinputs (and dweights, dbiases). NCHW."""
import numpy as np


class Layer_Conv2D:
    def __init__(self, in_channels, n_filters, kernel_size=3, stride=1, padding=0):
        self.weights = 0.1 * np.random.randn(n_filters, in_channels, kernel_size, kernel_size)
        self.biases = np.zeros((1, n_filters))
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding

    def forward(self, inputs):
        self.inputs = inputs
        n, c, h, w = inputs.shape
        k, s, p = self.kernel_size, self.stride, self.padding
        self.padded = np.pad(inputs, ((0, 0), (0, 0), (p, p), (p, p)))
        out_h = (h + 2 * p - k) // s + 1
        out_w = (w + 2 * p - k) // s + 1
        self.output = np.zeros((n, self.weights.shape[0], out_h, out_w))
        for i in range(out_h):
            for j in range(out_w):
                window = self.padded[:, :, i * s:i * s + k, j * s:j * s + k]
                self.output[:, :, i, j] = np.tensordot(window, self.weights, axes=([1, 2, 3], [1, 2, 3]))
        self.output += self.biases[:, :, None, None]

    def backward(self, dvalues):
        h, w = self.inputs.shape[2:]
        k, s, p = self.kernel_size, self.stride, self.padding
        self.dweights = np.zeros_like(self.weights)
        self.dbiases = dvalues.sum(axis=(0, 2, 3)).reshape(1, -1)
        dpadded = np.zeros(self.padded.shape)
        for i in range(dvalues.shape[2]):
            for j in range(dvalues.shape[3]):
                rows, cols = slice(i * s, i * s + k), slice(j * s, j * s + k)
                g = dvalues[:, :, i, j]
                self.dweights += np.tensordot(g, self.padded[:, :, rows, cols], axes=([0], [0]))
                dpadded[:, :, rows, cols] += np.tensordot(g, self.weights, axes=([1], [0]))
        self.dinputs = dpadded[:, :, p:p + h, p:p + w]


class Layer_MaxPool2D:
    """The first of equal maxima gets the gradient."""

    def __init__(self, pool_size=2, stride=2):
        self.pool_size = pool_size
        self.stride = stride

    def forward(self, inputs):
        self.inputs = inputs
        n, c, h, w = inputs.shape
        k, s = self.pool_size, self.stride
        self.output = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1))
        for i in range(self.output.shape[2]):
            for j in range(self.output.shape[3]):
                window = inputs[:, :, i * s:i * s + k, j * s:j * s + k]
                self.output[:, :, i, j] = window.max(axis=(2, 3))

    def backward(self, dvalues):
        n, c = self.inputs.shape[:2]
        k, s = self.pool_size, self.stride
        self.dinputs = np.zeros(self.inputs.shape)
        for i in range(dvalues.shape[2]):
            for j in range(dvalues.shape[3]):
                rows, cols = slice(i * s, i * s + k), slice(j * s, j * s + k)
                flat = self.inputs[:, :, rows, cols].reshape(n, c, k * k)
                mask = flat.argmax(axis=2)[:, :, None] == np.arange(k * k)
                mask = mask.reshape(n, c, k, k)
                self.dinputs[:, :, rows, cols] += mask * dvalues[:, :, i, j][:, :, None, None]


class Layer_AvgPool2D:
    def __init__(self, pool_size=2, stride=2):
        self.pool_size = pool_size
        self.stride = stride

    def forward(self, inputs):
        self.input_shape = inputs.shape
        n, c, h, w = inputs.shape
        k, s = self.pool_size, self.stride
        self.output = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1))
        for i in range(self.output.shape[2]):
            for j in range(self.output.shape[3]):
                self.output[:, :, i, j] = inputs[:, :, i * s:i * s + k, j * s:j * s + k].mean(axis=(2, 3))

    def backward(self, dvalues):
        k, s = self.pool_size, self.stride
        self.dinputs = np.zeros(self.input_shape)
        share = dvalues / (k * k)
        for i in range(dvalues.shape[2]):
            for j in range(dvalues.shape[3]):
                self.dinputs[:, :, i * s:i * s + k, j * s:j * s + k] += share[:, :, i:i + 1, j:j + 1]


class Layer_GlobalAvgPool:
    """(n, c, h, w) -> (n, c)"""

    def forward(self, inputs):
        self.input_shape = inputs.shape
        self.output = inputs.mean(axis=(2, 3))

    def backward(self, dvalues):
        n, c, h, w = self.input_shape
        self.dinputs = np.ones((n, c, h, w)) * dvalues[:, :, None, None] / (h * w)


class Activation_ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Activation_Softmax_Loss_CategoricalCrossentropy:
    """Both in one; forward(inputs, y_true) sets the probabilities as output and returns the mean loss."""

    def forward(self, inputs, y_true):
        y_true = np.asarray(y_true)
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        confidences = self.output[np.arange(len(inputs)), y_true]
        return -np.mean(np.log(np.clip(confidences, 1e-15, 1.0)))

    def backward(self, dvalues, y_true):
        """dvalues are the probabilities of forward."""
        samples = len(dvalues)
        y_true = np.asarray(y_true)
        if y_true.ndim == 2:
            y_true = np.argmax(y_true, axis=1)
        self.dinputs = dvalues.copy()
        self.dinputs[np.arange(samples), y_true] -= 1
        self.dinputs = self.dinputs / samples
