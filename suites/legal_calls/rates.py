"""Predictions that are called as a learning rate is: the rate of a Poisson, the mean wait."""

import numpy as np


class PoissonLoss:
    """right: counts are whole numbers, and the rate is positive"""

    def forward(self, rate, counts):
        self.rate, self.counts = rate.copy(), counts
        return np.mean(rate - counts * np.log(rate))

    def backward(self):
        return (1 - self.counts / self.rate) / self.rate.size


class PoissonLossOfMinus:
    """wrong: gradient"""

    def forward(self, rate, counts):
        self.rate, self.counts = rate.copy(), counts
        return np.mean(rate - counts * np.log(rate))

    def backward(self):
        return (1 + self.counts / self.rate) / self.rate.size


class WaitingLoss:
    """right: one column of waits; flat ones broadcast forward and backward alike, which is a note"""

    def forward(self, rate, t):
        self.rate, self.t = rate.copy(), t
        return np.mean(rate * t - np.log(rate))

    def backward(self):
        return (self.t - 1 / self.rate) / len(self.t)


def poisson_loss(rate, counts):
    """right"""
    return np.mean(rate - counts * np.log(rate)), (1 - counts / rate) / rate.size


class ScaledLeaky:
    """right: what stands before x is a number"""

    def forward(self, alpha, x):
        self.slope = np.where(x > 0, 1.0, alpha)
        return x * self.slope

    def backward(self, dout):
        return dout * self.slope
