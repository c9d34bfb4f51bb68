import numpy as np

from minipkg.init import zeros


class MSE:
    def __call__(self, prediction, target):
        return 0.5 * np.mean((prediction - target) ** 2)

    def gradient(self, prediction, target):
        grad = zeros(*prediction.shape)
        grad += (prediction - target) / prediction.size
        return grad


class BinaryFocalLoss:
    """-(1 - q)^gamma log q, q the probability given to the right class; targets 0 or 1"""

    def __init__(self, gamma=2.0):
        self.gamma = gamma

    def __call__(self, prediction, target):
        p = np.clip(prediction, 1e-12, 1 - 1e-12)
        q = np.where(target == 1, p, 1 - p)
        return np.mean(-(1 - q) ** self.gamma * np.log(q))

    def gradient(self, prediction, target):
        p = np.clip(prediction, 1e-12, 1 - 1e-12)
        q = np.where(target == 1, p, 1 - p)
        dq = -(1 - q) ** self.gamma / q
        return np.where(target == 1, dq, -dq) / prediction.size
