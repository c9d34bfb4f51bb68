from .layers import Dense, Maxout
from .losses import BinaryFocalLoss, MSE

__all__ = ['Dense', 'Maxout', 'BinaryFocalLoss', 'MSE']
