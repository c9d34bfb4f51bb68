"""Wrong use of the reference: one error that names what was received and what was expected."""

from __future__ import annotations

import numpy as np
import pytest
from gradcheck_reference import fish, nnfs, registry
from gradcheck_reference.functional import dense, losses

NAMES = {
    "np": np,
    "fish": fish,
    "nnfs": nnfs,
    "registry": registry,
    "ones": lambda *shape: np.ones(shape),
    "layer": lambda: nnfs.Layer_Dense(4, 3),
    "softmax_loss": lambda y: losses.softmax_crossentropy_forward(np.ones((2, 3)), y),
    "binary_loss": lambda y: losses.binary_crossentropy_forward(np.full((2, 1), 0.5), y),
    "squared_loss": lambda y: losses.mean_squared_error_forward(np.ones((2, 2)), y),
    "forward": dense.dense_forward,
    "backward": dense.dense_backward,
}

WRONG = [
    ("layer().forward(ones(2, 5))", r"\(2, 5\).*\(N, 4\)"),
    ("layer().forward(ones(4))", r"\(4,\).*at least 2 axes"),
    ("layer().forward(ones(0, 4))", r"\(0, 4\).*at least one sample"),
    ("layer().forward(np.array([['a', 'b', 'c', 'd']]))", "real numbers"),
    ("layer().backward(ones(2, 3))", "Layer_Dense.backward was called before forward"),
    ("layer().set_parameters(ones(3, 4), ones(1, 3))", r"weights .*\(3, 4\).*\(4, 3\)"),
    ("layer().set_parameters(ones(4, 3))", "1 arrays, but should be 2"),
    ("nnfs.Layer_Dense(0, 3)", "n_inputs = 0"),
    ("nnfs.Layer_Dense(2, 3, weight_regularizer_l2=-1)", "weight_regularizer_l2 = -1"),
    ("nnfs.Layer_Dropout(1.0)", "rate = 1.0.*below 1"),
    ("fish.Dropout(-0.1)", "dropout_ratio = -0.1"),
    ("nnfs.Activation_ReLU().backward(ones(2))", "before forward"),
    ("fish.SoftmaxWithLoss().backward()", "before forward"),
    ("fish.Affine(ones(2, 2), ones(2)).backward(ones(1, 2))", "before forward"),
    ("backward(ones(2, 2), forward(ones(2, 4), ones(4, 3), ones(3))[1])", r"\(2, 2\).*\(2, 3\)"),
    ("forward(ones(2, 4), ones(4, 3), ones(4))", r"b has shape \(4,\).*\(1, 3\)"),
    ("softmax_loss([0, 3])", r"y_true\[1\] = 3.*from 0 to 2"),
    ("softmax_loss([-1, 0])", r"y_true\[0\] = -1.*from 0 to 2"),
    ("softmax_loss([0.5, 0])", "whole class indices"),
    ("softmax_loss(['a', 'b'])", "class indices"),
    ("softmax_loss([[1, 1, 0], [0, 1, 0]])", r"y_true\[0\] is not one-hot \(its sum is 2\)"),
    ("softmax_loss([[0, 1, 0], [0, 0, 0]])", r"y_true\[1\] is not one-hot \(its sum is 0\)"),
    ("softmax_loss([[0, 1, 0], [0, 0.5, 0.5]])", r"y_true\[1\] is not one-hot"),
    ("softmax_loss([0, 1, 2])", r"\(3,\).*\(2,\)"),
    ("softmax_loss(ones(2, 4))", r"\(2, 4\).*\(2, 3\)"),
    ("binary_loss([0, 2])", "from 0 to 2.*between 0 and 1"),
    ("binary_loss([0, float('nan')])", "between 0 and 1"),
    ("squared_loss([0, 1])", r"\(2,\).*\(2, 2\)"),
    ("nnfs.Loss_Hinge().forward(ones(2, 1), np.array([0, 1]))", "only -1 and 1"),
    ("nnfs.Loss_MeanSquaredError().forward(ones(0, 1), ones(0, 1))", "at least one sample"),
    ("nnfs.Loss_MeanSquaredError().calculate_accumulated()", "call calculate"),
    ("nnfs.Optimizer_SGD().update_params(layer())", "no dweights: call backward first"),
    ("nnfs.Optimizer_Adam(-1.0)", "learning_rate = -1.0"),
    ("fish.SGD().update({'W': ones(2)}, {'W': ones(3)})", r"\(3,\).*\(2,\)"),
    ("fish.Adam().update({'W': ones(2)}, {})", "no 'W'"),
    ("nnfs.Accuracy_Binary().calculate(ones(3, 2), ones(3))", r"\(3,\).*\(3, 2\)"),
    ("nnfs.Accuracy_Categorical().calculate(ones(3), ones(4))", r"\(4,\).*\(3,\)"),
    ("nnfs.Accuracy_Categorical().calculate(ones(0), ones(0))", "at least one sample"),
    ("fish.numerical_gradient(np.sum, np.array([1, 2]))", "int64.*floats"),
    ("nnfs.Layer_Conv2D(1, 1, 5).forward(ones(1, 1, 3, 3))", "at least 5 x 5"),
    ("nnfs.Layer_Conv2D(1, 1, 2).forward(ones(1, 2, 3, 3))", r"\(1, 2, 3, 3\).*\(N, 1, H, W\)"),
    ("nnfs.Layer_Conv2D(1, 1, 2, stride=0).forward(ones(1, 1, 3, 3))", "stride = 0"),
    ("nnfs.Layer_MaxPool2D(2, padding=2).forward(ones(1, 1, 4, 4))", "padding = 2"),
    ("nnfs.Layer_GroupNorm(4, 3).forward(ones(2, 4))", "groups = 3.*4 channels"),
    ("nnfs.Layer_LayerNorm(4).forward(ones(2, 3))", r"gamma has shape \(1, 4\).*\(3,\)"),
    ("nnfs.Layer_Reshape((2, 2)).forward(ones(2, 3))", r"\(2, 3\).*4 values a sample"),
    ("nnfs.Layer_Embedding(3, 2).forward(np.array([3]))", "from 0 to 2"),
    ("nnfs.Layer_Embedding(3, 2).forward(np.array([0.5]))", "whole numbers"),
    ("nnfs.Layer_RNN(3, 2).forward(ones(2, 4, 5))", r"Wx has shape \(3, 2\).*\(5, 2\)"),
    ("nnfs.Layer_MultiHeadAttention(4, heads=3)", "heads = 3"),
    ("registry.entries('torch')", "skin = 'torch'"),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[call for call, _ in WRONG])
def test_wrong_use_is_told_what_was_received_and_expected(call, message):
    with pytest.raises(ValueError, match=message):
        eval(call, dict(NAMES))
