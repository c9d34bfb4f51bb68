"""The small layers of an NNFS-like vision framework: forward sets self.output, backward sets self.dinputs."""
import numpy as np


class Dropout:
    def __init__(self, rate, seed=None):
        self.rate = rate
        self.keep = 1.0 - rate
        self.rng = np.random.RandomState(seed)

    def forward(self, inputs, training=True):
        if training:
            self.scaled_mask = self.rng.binomial(1, self.keep, size=inputs.shape) / self.keep
        else:
            self.scaled_mask = np.ones(inputs.shape)
        self.output = inputs * self.scaled_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.scaled_mask


class SpatialDropout:
    """Drops whole feature maps of (N, C, H, W)."""

    def __init__(self, rate):
        self.rate = rate

    def draw(self, shape):
        kept = np.random.rand(shape[0], shape[1], 1, 1) >= self.rate
        return kept / (1.0 - self.rate)

    def forward(self, inputs, training=True):
        self.mask = self.draw(inputs.shape) if training else 1.0
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class Flatten:
    def forward(self, inputs):
        self.shape = inputs.shape
        self.output = inputs.reshape(inputs.shape[0], -1)

    def backward(self, dvalues):
        self.dinputs = dvalues.reshape(self.shape)


class ReflectPad:
    """Mirrors `size` pixels at every border, without repeating the border itself."""

    def __init__(self, size):
        self.size = size

    def forward(self, inputs):
        p = self.size
        self.rows = np.pad(np.arange(inputs.shape[2]), p, mode="reflect")
        self.cols = np.pad(np.arange(inputs.shape[3]), p, mode="reflect")
        self.shape = inputs.shape
        self.output = inputs[:, :, self.rows][:, :, :, self.cols]

    def backward(self, dvalues):
        self.dinputs = np.zeros(self.shape)
        index = (slice(None), slice(None), self.rows[:, None], self.cols[None, :])
        np.add.at(self.dinputs, index, dvalues)


class Upsample:
    """Nearest neighbour: every pixel becomes a block of scale x scale."""

    def __init__(self, scale=2):
        self.scale = scale

    def forward(self, inputs):
        self.output = inputs.repeat(self.scale, axis=2).repeat(self.scale, axis=3)

    def backward(self, dvalues):
        n, c, h, w = dvalues.shape
        s = self.scale
        blocks = dvalues.reshape(n, c, h // s, s, w // s, s)
        self.dinputs = blocks.sum(axis=(3, 5))


class LeakyReLU:
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.slope * inputs)

    def backward(self, dvalues):
        self.dinputs = np.where(self.inputs > 0, dvalues, self.slope * dvalues)


class PReLU:
    """One learned slope per channel of (N, C, H, W)."""

    def __init__(self, channels, start=0.25):
        self.alpha = np.full((channels, 1, 1), start)
        self.dalpha = np.zeros_like(self.alpha)

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(inputs, 0) + self.alpha * np.minimum(inputs, 0)

    def backward(self, dvalues):
        self.dalpha = np.sum(dvalues * np.minimum(self.inputs, 0), axis=(0, 2, 3)).reshape(-1, 1, 1)
        self.dinputs = dvalues * np.where(self.inputs > 0, 1.0, self.alpha)


class ReLU6:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.clip(inputs, 0.0, 6.0)

    def backward(self, dvalues):
        inside = (self.inputs > 0) & (self.inputs < 6)
        self.dinputs = dvalues * inside


class Swish:
    def forward(self, inputs):
        self.inputs = inputs
        self.gate = 0.5 * (1.0 + np.tanh(0.5 * inputs))
        self.output = inputs * self.gate

    def backward(self, dvalues):
        slope = self.gate + self.inputs * self.gate * (1.0 - self.gate)
        self.dinputs = dvalues * slope
