"""Losses of several embeddings: triplets, and pairs with whether they belong together."""

import numpy as np


class TripletLoss:
    def __init__(self, margin=1.0):
        self.margin = margin

    def forward(self, anchor, positive, negative):
        self.parts = anchor, positive, negative
        near = np.sum((anchor - positive) ** 2, axis=1)
        far = np.sum((anchor - negative) ** 2, axis=1)
        self.active = near - far + self.margin > 0
        return np.mean(np.maximum(near - far + self.margin, 0))

    def backward(self):
        anchor, positive, negative = self.parts
        share = 2 * self.active[:, None] / len(anchor)
        return share * (negative - positive), share * (positive - anchor), share * (anchor - negative)


class TripletLossPulled:
    def __init__(self, margin=1.0):
        self.margin = margin

    def forward(self, anchor, positive, negative):
        self.parts = anchor, positive, negative
        near = np.sum((anchor - positive) ** 2, axis=1)
        far = np.sum((anchor - negative) ** 2, axis=1)
        self.active = near - far + self.margin > 0
        return np.mean(np.maximum(near - far + self.margin, 0))

    def backward(self):
        anchor, positive, negative = self.parts
        share = 2 * self.active[:, None] / len(anchor)
        return share * (negative - positive), share * (anchor - positive), share * (anchor - negative)


class ContrastiveLoss:
    def __init__(self, margin=2.0):
        self.margin = margin

    def forward(self, x1, x2, y):
        self.difference, self.y = x1 - x2, y
        self.distance = np.sqrt(np.sum(self.difference**2, axis=1) + 1e-12)
        self.short = np.maximum(self.margin - self.distance, 0)
        return 0.5 * np.mean(y * self.distance**2 + (1 - y) * self.short**2)

    def backward(self):
        slope = self.y - (1 - self.y) * self.short / self.distance
        dx1 = slope[:, None] * self.difference / len(self.y)
        return dx1, -dx1


class ContrastiveLossUnmeaned:
    def __init__(self, margin=2.0):
        self.margin = margin

    def forward(self, x1, x2, y):
        self.difference, self.y = x1 - x2, y
        self.distance = np.sqrt(np.sum(self.difference**2, axis=1) + 1e-12)
        self.short = np.maximum(self.margin - self.distance, 0)
        return 0.5 * np.mean(y * self.distance**2 + (1 - y) * self.short**2)

    def backward(self):
        slope = self.y - (1 - self.y) * self.short / self.distance
        dx1 = slope[:, None] * self.difference
        return dx1, -dx1
