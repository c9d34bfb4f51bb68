"""Losses whose backward adds a tiny number to a denominator that forward does not have."""

import numpy as np


class BinaryCrossEntropyGuarded:
    def forward(self, y_pred, y_true):
        self.p, self.t = y_pred, y_true
        p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        return -np.mean(y_true * np.log(p) + (1.0 - y_true) * np.log(1.0 - p))

    def backward(self):
        return (self.p - self.t) / (self.p * (1.0 - self.p) + 1e-8) / self.p.size


class BinaryCrossEntropyGuardedSum:
    def forward(self, y_pred, y_true):
        self.p, self.t = y_pred, y_true
        p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        return -np.mean(y_true * np.log(p) + (1.0 - y_true) * np.log(1.0 - p))

    def backward(self):
        return (self.p - self.t) / (self.p * (1.0 - self.p) + 1e-8)


class UnitRows:
    def forward(self, x):
        self.length = np.sqrt(np.sum(x * x, axis=1, keepdims=True) + 1e-12)
        self.y = x / self.length
        return self.y

    def backward(self, dout):
        inner = np.sum(dout * self.y, axis=1, keepdims=True)
        return (dout - inner * self.y) / (self.length + 1e-8)


class UnitRowsScaled:
    def forward(self, x):
        self.length = np.sqrt(np.sum(x * x, axis=1, keepdims=True) + 1e-12)
        self.y = x / self.length
        return self.y

    def backward(self, dout):
        inner = np.sum(dout * self.y, axis=1, keepdims=True)
        return 0.999999 * (dout - inner * self.y) / (self.length + 1e-8)
