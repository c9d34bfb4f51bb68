"""The layers of *Deep Learning from Scratch*, in the book's own names.

Source: Saitoh, *Deep Learning from Scratch*, 2016 (the fish book).
"""

from gradcheck_reference.fish.functions import (
    cross_entropy_error,
    identity_function,
    mean_squared_error,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    softmax,
    softmax_loss,
    step_function,
)
from gradcheck_reference.fish.image_layers import BatchNormalization, Convolution, Pooling
from gradcheck_reference.fish.layers import (
    AddLayer,
    Affine,
    Dropout,
    MulLayer,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
)
from gradcheck_reference.fish.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop
from gradcheck_reference.fish.two_layer_net import TwoLayerNet
from gradcheck_reference.fish.util import (
    col2im,
    im2col,
    numerical_gradient,
    numerical_gradient_1d,
    numerical_gradient_2d,
    numerical_gradient_columns,
    shuffle_dataset,
)

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AddLayer",
    "Affine",
    "BatchNormalization",
    "Convolution",
    "Dropout",
    "Momentum",
    "MulLayer",
    "Nesterov",
    "Pooling",
    "RMSprop",
    "Relu",
    "Sigmoid",
    "SoftmaxWithLoss",
    "TwoLayerNet",
    "col2im",
    "cross_entropy_error",
    "identity_function",
    "im2col",
    "mean_squared_error",
    "numerical_gradient",
    "numerical_gradient_1d",
    "numerical_gradient_2d",
    "numerical_gradient_columns",
    "relu",
    "relu_grad",
    "shuffle_dataset",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_loss",
    "step_function",
]
