"""Activations in the style output / dinputs: forward(inputs) stores self.output, backward(dvalues) self.dinputs."""
import numpy as np

SQRT_2_OVER_PI = np.sqrt(2.0 / np.pi).item()


def stable_sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class Activation_GELU:
    """tanh approximation."""

    def forward(self, inputs):
        self.inputs = inputs
        x = np.clip(inputs, -30.0, 30.0)      # the tanh is saturated far before
        self.t = np.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x ** 3))
        self.output = 0.5 * inputs * (1.0 + self.t)
        return self.output

    def backward(self, dvalues):
        x = np.clip(self.inputs, -30.0, 30.0)
        inner = SQRT_2_OVER_PI * (1.0 + 3 * 0.044715 * x ** 2)
        local = 0.5 * (1.0 + self.t) + 0.5 * x * (1.0 - self.t ** 2) * inner
        self.dinputs = dvalues * local
        return self.dinputs


class Activation_SiLU:
    def forward(self, inputs):
        self.sig = stable_sigmoid(inputs)
        self.output = inputs * self.sig
        return self.output

    def backward(self, dvalues):
        self.dinputs = dvalues * (self.sig + self.output * (1.0 - self.sig))
        return self.dinputs


class Activation_Mish:
    """x * tanh(softplus(x))"""

    def forward(self, inputs):
        self.inputs = inputs
        self.tsp = np.tanh(np.logaddexp(0.0, inputs))
        self.output = inputs * self.tsp
        return self.output

    def backward(self, dvalues):
        x = self.inputs
        sech2 = 1.0 - self.tsp ** 2
        self.dinputs = dvalues * (self.tsp + x * sech2 * stable_sigmoid(x))
        return self.dinputs


class Activation_ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.where(inputs > 0, inputs, self.alpha * np.expm1(np.minimum(inputs, 0)))
        return self.output

    def backward(self, dvalues):
        slope = np.where(self.inputs > 0, 1.0, self.output + self.alpha)
        self.dinputs = dvalues * slope
        return self.dinputs


class Activation_Softplus:
    """log(1 + exp(beta x)) / beta"""

    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, inputs):
        self.scaled = self.beta * inputs
        self.output = np.logaddexp(0.0, self.scaled) / self.beta
        return self.output

    def backward(self, dvalues):
        self.dinputs = dvalues * stable_sigmoid(self.scaled)
        return self.dinputs


class Activation_LeakyReLU:
    def __init__(self, slope=0.01):
        self.slope = slope

    def forward(self, inputs):
        self.negative = inputs < 0
        self.output = np.where(self.negative, self.slope * inputs, inputs)
        return self.output

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.negative] *= self.slope
        return self.dinputs


class Activation_PReLU:
    """One learnable slope for all units, shape (1,)."""

    def __init__(self, init=0.25):
        self.alpha = np.array([init])
        self.dalpha = None

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(inputs, 0) + self.alpha * np.minimum(inputs, 0)
        return self.output

    def backward(self, dvalues):
        below = np.minimum(self.inputs, 0)
        self.dalpha = np.sum(dvalues * below).reshape(1)
        self.dinputs = dvalues * np.where(self.inputs > 0, 1.0, self.alpha)
        return self.dinputs


class Activation_HardTanh:
    def __init__(self, low=-1.0, high=1.0):
        self.low, self.high = low, high

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.clip(inputs, self.low, self.high)
        return self.output

    def backward(self, dvalues):
        x = self.inputs
        passed = (x > self.low) & (x < self.high)
        self.dinputs = dvalues * passed
        return self.dinputs


class Activation_LogSoftmax:
    """Over the last axis."""

    def forward(self, inputs):
        shifted = inputs - inputs.max(axis=-1, keepdims=True)
        self.output = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
        return self.output

    def backward(self, dvalues):
        probs = np.exp(self.output)
        self.dinputs = dvalues - probs * dvalues.sum(axis=-1, keepdims=True)
        return self.dinputs


class Activation_GLU:
    """Gated linear unit: the last axis is halved into a and b, output a * sigmoid(b)."""

    def forward(self, inputs):
        half = inputs.shape[-1] // 2
        self.a = inputs[..., :half]
        self.gate = stable_sigmoid(inputs[..., half:])
        self.output = self.a * self.gate
        return self.output

    def backward(self, dvalues):
        da = dvalues * self.gate
        db = dvalues * self.a * self.gate * (1.0 - self.gate)
        self.dinputs = np.concatenate([da, db], axis=-1)
        return self.dinputs
