"""The reference against the two books' own numbers and against itself."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import gradcheck_reference
import numpy as np
import pytest
from gradcheck_reference import fish, nnfs, registry
from gradcheck_reference.fish.graphs import buy_apple, buy_apple_orange
from gradcheck_reference.functional import activations, losses


def rng(seed=0):
    return np.random.default_rng(seed)


# --- the books' numbers


def test_the_apples_cost_220():
    price, gradients = buy_apple()
    assert price == pytest.approx(220)
    assert gradients == pytest.approx({"apple": 2.2, "apple_num": 110, "tax": 200})


def test_the_apples_and_oranges_cost_715():
    price, gradients = buy_apple_orange()
    assert price == pytest.approx(715)
    assert gradients == pytest.approx(
        {"apple": 2.2, "apple_num": 110, "orange": 3.3, "orange_num": 165, "tax": 650}
    )


def test_nnfs_chapter_4_dense_layer():
    layer = nnfs.Layer_Dense(4, 3)
    weights = [[0.2, 0.8, -0.5, 1.0], [0.5, -0.91, 0.26, -0.5], [-0.26, -0.27, 0.17, 0.87]]
    layer.set_parameters(np.array(weights).T, np.array([[2.0, 3.0, 0.5]]))
    layer.forward(np.array([[1.0, 2.0, 3.0, 2.5], [2.0, 5.0, -1.0, 2.0], [-1.5, 2.7, 3.3, -0.8]]))
    expected = [[4.8, 1.21, 2.385], [8.9, -1.81, 0.2], [1.41, 1.051, 0.026]]
    assert layer.output == pytest.approx(np.array(expected))


def test_nnfs_chapter_5_categorical_crossentropy():
    p = np.array([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]])
    loss = nnfs.Loss_CategoricalCrossentropy()
    for y in (np.array([0, 1, 1]), np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0]])):
        assert loss.calculate(p, y) == pytest.approx(0.38506088005216804)


def test_nnfs_chapter_9_fused_gradient():
    p = np.array([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]])
    fused = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    fused.backward(p, np.array([0, 1, 1]))
    expected = [
        [-0.1, 0.03333333, 0.06666667],
        [0.03333333, -0.16666667, 0.13333333],
        [0.00666667, -0.03333333, 0.02666667],
    ]
    assert fused.dinputs == pytest.approx(np.array(expected), abs=1e-8)


def test_fish_chapter_3_softmax_and_chapter_4_losses():
    assert fish.softmax([0.3, 2.9, 4.0]) == pytest.approx([0.01821127, 0.24519181, 0.73659691])
    y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
    t = np.eye(10)[2]
    assert fish.mean_squared_error(y, t) == pytest.approx(0.0975)
    assert fish.cross_entropy_error(y, t) == pytest.approx(0.510825, abs=1e-6)


def test_fish_chapter_4_numerical_gradient():
    x = np.array([3.0, 4.0])
    assert fish.numerical_gradient(lambda x: np.sum(x**2), x) == pytest.approx([6, 8])
    assert x.tolist() == [3, 4]


def test_numerical_gradient_restores_x_when_the_function_raises():
    def f(x):
        if x[1] != 1.0:
            raise RuntimeError
        return x.sum()

    x = np.ones(3)
    with pytest.raises(RuntimeError):
        fish.numerical_gradient(f, x)
    assert x.tolist() == [1, 1, 1]


def test_fish_gradient_check_below_1e_9_on_a_batch_of_3():
    """Chapter 5.7.3, on random pixels; the book's loss adds an epsilon, ours does not."""
    net = fish.TwoLayerNet(784, 10, 10, rng=0)
    x, t = rng().random((3, 784)), np.eye(10)[[5, 0, 9]]
    exact = net.gradient(x, t)
    measured = net.numerical_gradient(x, t)
    assert list(exact) == ["W1", "b1", "W2", "b2"]
    for name, value in exact.items():
        assert np.abs(value - measured[name]).mean() < 1e-9, name


# --- two skins, fused and separate: one gradient


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_both_skins_give_one_gradient_for_one_network(dtype):
    x, t = rng(1).normal(size=(7, 4)).astype(dtype), rng(2).integers(0, 3, size=7)
    net = fish.TwoLayerNet(4, 5, 3, weight_init_std=1.0, rng=0, dtype=dtype)
    expected = net.gradient(x, t)
    p = net.params

    first, relu, second = nnfs.Layer_Dense(4, 5), nnfs.Activation_ReLU(), nnfs.Layer_Dense(5, 3)
    last = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    first.weights, first.biases = p["W1"].copy(), p["b1"][None].copy()
    second.weights, second.biases = p["W2"].copy(), p["b2"][None].copy()
    first.forward(x)
    relu.forward(first.output)
    second.forward(relu.output)
    assert float(last.forward(second.output, t)) == pytest.approx(float(net.loss(x, t)), rel=1e-6)
    last.backward(last.output, t)
    second.backward(last.dinputs)
    relu.backward(second.dinputs)
    first.backward(relu.dinputs)

    ours = {
        "W1": first.dweights, "b1": first.dbiases[0],
        "W2": second.dweights, "b2": second.dbiases[0],
    }  # fmt: skip
    for name, value in ours.items():
        assert value.dtype == expected[name].dtype == dtype
        assert np.array_equal(value, expected[name]), name


@pytest.mark.parametrize("shape", [(1, 2), (3, 3), (10, 5), (100, 10)])
def test_fused_softmax_equals_the_separate_pair(shape):
    x, y = rng().normal(size=shape), rng(1).integers(0, shape[1], size=shape[0])
    softmax, loss = nnfs.Activation_Softmax(), nnfs.Loss_CategoricalCrossentropy()
    fused = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    softmax.forward(x)
    assert fused.forward(x, y) == pytest.approx(loss.calculate(softmax.output, y), rel=1e-13)
    loss.backward(softmax.output, y)
    softmax.backward(loss.dinputs)
    fused.backward(fused.output, y)
    assert np.abs(fused.dinputs - softmax.dinputs).max() < 1e-15


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (10, 5)])
def test_fused_sigmoid_equals_the_separate_pair(shape):
    x, y = rng().normal(size=shape), rng(1).integers(0, 2, size=shape)
    sigmoid, loss = nnfs.Activation_Sigmoid(), nnfs.Loss_BinaryCrossentropy()
    fused = nnfs.Activation_Sigmoid_Loss_BinaryCrossentropy()
    sigmoid.forward(x)
    assert fused.forward(x, y) == pytest.approx(loss.calculate(sigmoid.output, y), rel=1e-13)
    loss.backward(sigmoid.output, y)
    sigmoid.backward(loss.dinputs)
    fused.backward(fused.output, y)
    assert np.abs(fused.dinputs - sigmoid.dinputs).max() < 1e-15


# --- numbers at the edge


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_losses_and_gradients_are_finite_at_0_and_1_and_for_large_logits(dtype):
    p = np.array([[0.0, 1.0], [1.0, 0.0]], dtype)
    for loss, y in (
        (nnfs.Loss_CategoricalCrossentropy(), np.array([0, 0])),
        (nnfs.Loss_BinaryCrossentropy(), np.array([[1, 1], [0, 0]])),
    ):
        assert np.isfinite(loss.calculate(p, y))
        loss.backward(p, y)
        assert np.isfinite(loss.dinputs).all()
    x = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    for fused, y in (
        (nnfs.Activation_Softmax_Loss_CategoricalCrossentropy(), np.array([0, 0])),
        (nnfs.Activation_Sigmoid_Loss_BinaryCrossentropy(), np.array([[1, 1], [0, 0]])),
    ):
        assert np.isfinite(fused.forward(x, y))
        fused.backward(fused.output, y)
        assert np.abs(fused.dinputs).max() > 0.1


OF_ONE_ARRAY = [
    e for e in registry.entries("functional") if list(e.inputs) == ["x"] and not e.labels
]


@pytest.mark.parametrize("entry", OF_ONE_ARRAY, ids=lambda e: e.make[:50])
def test_no_overflow_or_invalid_operation_for_large_values(entry):
    """Every function of one array of any real number, at 1e4 and -1e4, warns of nothing."""
    sizes = {"N": 3, "D": 4, "H": 4, "W": 4}
    shape = tuple(sizes.get(n, n) for n in entry.inputs["x"])
    x = 1e4 * np.sign(rng().normal(size=shape))
    backward = getattr(importlib.import_module(entry.module), entry.backward)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, cache = registry.build(entry)(x)
        dx = backward(np.ones_like(y), cache)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


def test_the_clipped_loss_and_its_gradient_belong_together():
    """Where the clip is active the loss is flat, and the gradient says so."""
    p = np.array([[1e-9, 1 - 1e-9], [0.3, 0.7]])
    value, cache = losses.categorical_crossentropy_forward(p, [0, 0])
    moved, _ = losses.categorical_crossentropy_forward(p + np.array([1e-9, 0]), [0, 0])
    gradient = losses.categorical_crossentropy_backward(np.ones(2), cache)
    assert value[0] == moved[0]
    assert gradient[0].tolist() == [0, 0]
    assert gradient[1, 0] == pytest.approx(-1 / 0.3)


# --- state and modes


def test_dropout_scales_in_training_and_rests_in_evaluation():
    x = rng().normal(size=(400, 50))
    inverted, plain = nnfs.Layer_Dropout(0.25, rng=0), fish.Dropout(0.25, rng=0)
    inverted.forward(x, training=True)
    assert set(np.unique(inverted.binary_mask)) == {0.0, 1 / 0.75}
    assert np.mean(inverted.binary_mask) == pytest.approx(1, abs=0.02)
    inverted.forward(x, training=False)
    assert np.array_equal(inverted.output, x)
    plain.forward(x)
    assert set(np.unique(plain.mask)) == {0.0, 1.0}
    assert plain.forward(x, False) == pytest.approx(0.75 * x)


def test_regularisation_loss_and_its_gradient():
    layer = nnfs.Layer_Dense(
        2, 2, weight_regularizer_l1=0.1, weight_regularizer_l2=0.2,
        bias_regularizer_l1=0.3, bias_regularizer_l2=0.4,
    )  # fmt: skip
    layer.set_parameters(np.array([[1.0, -2.0], [3.0, 0.5]]), np.array([[-1.0, 2.0]]))
    loss = nnfs.Loss_MeanSquaredError()
    loss.remember_trainable_layers([layer])
    expected = 0.1 * 6.5 + 0.2 * 14.25 + 0.3 * 3 + 0.4 * 5
    assert loss.regularization_loss() == pytest.approx(expected)
    assert loss.regularization_loss(layer) == pytest.approx(expected)
    data, penalty = loss.calculate(np.ones((1, 1)), np.zeros((1, 1)), include_regularization=True)
    assert (data, penalty) == (1, pytest.approx(expected))
    layer.forward(np.zeros((1, 2)))
    layer.backward(np.zeros((1, 2)))
    assert layer.dweights == pytest.approx(np.array([[0.5, -0.9], [1.3, 0.3]]))
    assert layer.dbiases == pytest.approx(np.array([[-1.1, 1.9]]))


def test_accumulated_values_weight_batches_by_samples():
    p, y = rng().normal(size=(7, 2)), rng(1).normal(size=(7, 2))
    loss, whole = nnfs.Loss_MeanSquaredError(), nnfs.Loss_MeanSquaredError()
    loss.calculate(y, y)
    loss.new_pass()
    for part in (slice(0, 4), slice(4, 7)):
        loss.calculate(p[part], y[part])
    assert loss.calculate_accumulated() == pytest.approx(whole.calculate(p, y))
    accuracy = nnfs.Accuracy_Categorical()
    for predicted, labels in (([0, 1, 1], [0, 1, 0]), ([2], [1])):
        accuracy.calculate(np.array(predicted), np.array(labels))
    assert accuracy.calculate_accumulated() == 0.5


def test_accuracies_compare_label_by_label():
    predictions = np.array([[1], [0], [1], [0]])
    assert nnfs.Accuracy_Binary().calculate(predictions, np.array([1, 0, 0, 0])) == 0.75
    categorical = nnfs.Accuracy_Categorical()
    assert categorical.calculate(np.array([2, 0]), np.eye(3)[[2, 1]]) == 0.5
    assert nnfs.Accuracy_Categorical(binary=True).calculate(predictions, np.ones(4)) == 0.5
    regression = nnfs.Accuracy_Regression()
    with pytest.raises(ValueError, match="init"):
        regression.calculate(predictions, predictions)


def test_flat_parameters_step_like_the_layers_one_by_one():
    def network():
        layers = [nnfs.Layer_Dense(4, 5, rng=0), nnfs.Layer_Dense(5, 3, rng=1)]
        return layers, nnfs.Optimizer_Adam(0.01, decay=0.01)

    (one, adam), (other, flat_adam) = network(), network()
    flat = nnfs.FlatParameters(other)
    for layer in other:
        layer.reuse_buffers = True
    for step in range(5):
        x, g = rng(step).normal(size=(7 - step, 4)), rng(9).normal(size=(7 - step, 3))
        for layers in (one, other):
            layers[0].forward(x)
            layers[1].forward(layers[0].output)
            layers[1].backward(g)
            layers[0].backward(layers[1].dinputs)
        for optimizer, targets in ((adam, one), (flat_adam, [flat])):
            optimizer.pre_update_params()
            for target in targets:
                optimizer.update_params(target)
            optimizer.post_update_params()
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.weights, b.weights)
        assert np.array_equal(a.biases, b.biases)


def test_the_first_layer_can_skip_its_input_gradient():
    layer = nnfs.Layer_Dense(4, 3, rng=0)
    layer.forward(rng().normal(size=(2, 4)))
    layer.backward(np.ones((2, 3)))
    kept = layer.dweights
    layer.input_gradient = False
    layer.backward(np.ones((2, 3)))
    assert layer.dinputs is None
    assert np.array_equal(kept, layer.dweights)
    assert kept is not layer.dweights


def test_whole_numbers_are_promoted_not_truncated():
    layer = nnfs.Layer_Dense(2, 2, rng=0)
    whole, real = np.array([[1, 2], [3, 4]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    outputs = []
    for x in (whole, real):
        layer.forward(x)
        outputs.append(layer.output)
    assert np.array_equal(*outputs)
    loss = nnfs.Loss_MeanSquaredError()
    loss.backward(np.array([[1], [4]]), np.array([[0], [1]]))
    assert loss.dinputs.tolist() == [[1.0], [3.0]]


# --- the package as a whole


def modules():
    walk = pkgutil.walk_packages(gradcheck_reference.__path__, "gradcheck_reference.")
    parts = ("functional", "nnfs", "fish", "registry")
    return [m.name for m in walk if m.name.split(".")[1].startswith(parts)]


@pytest.mark.parametrize("name", modules())
def test_examples_in_the_docstrings(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


@pytest.mark.parametrize("entry", registry.entries(), ids=lambda e: f"{e.skin}-{e.make[:40]}")
def test_every_entry_of_the_registry_builds(entry):
    one, other = registry.build(entry), registry.build(entry)
    assert entry.source
    if not entry.backward and entry.kind != "function":
        assert one is not other
        assert type(one).__name__ == entry.name
        assert type(one).__doc__


def test_results_do_not_depend_on_nnfs_init():
    """`nnfs.init` makes np.dot, np.zeros and np.eye return float32; the reference uses none."""
    pytest.importorskip("nnfs", reason="the package nnfs is not installed")
    code = """
import numpy as np, nnfs
nnfs.init()
from gradcheck_reference import fish
from gradcheck_reference import nnfs as r
layer = r.Layer_Dense(4, 3, rng=0)
layer.forward(np.ones((2, 4)))
layer.backward(np.ones((2, 3)))
net = fish.TwoLayerNet(4, 3, 2, rng=0)
grads = net.gradient(np.ones((2, 4)), np.array([0, 1]))
conv = r.Layer_Conv2D(1, 2, 2, rng=0)
conv.forward(np.ones((1, 1, 4, 4)))
conv.backward(np.ones_like(conv.output))
arrays = [layer.output, layer.dinputs, layer.dweights, layer.dbiases, *grads.values(), conv.dinputs]
assert {a.dtype.name for a in arrays} == {"float64"}, [a.dtype for a in arrays]
"""
    path = str(importlib.import_module("pathlib").Path(gradcheck_reference.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shape", [(3, 4), (2, 40_000)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_relu_of_small_and_large_arrays(shape, order, dtype):
    """Small arrays are compared with an array of zeros, large ones with a single zero."""
    x = np.asarray(rng(0).normal(size=shape), dtype, order=order)
    x[0, :3] = np.nan, np.inf, -np.inf
    y, _ = activations.relu_forward(x)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.where(x <= 0, 0, x))


@pytest.mark.parametrize("order", ["C", "F"])
def test_softmax_crossentropy_takes_one_factor_for_all_samples(order):
    x = np.asarray(rng(1).normal(size=(5, 3)), "float32", order=order)
    losses_, cache = losses.softmax_crossentropy_forward(x, [2, 0, 1, 1, 0])
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(losses_, -np.log(p[np.arange(5), [2, 0, 1, 1, 0]]), rtol=1e-5)
    each = losses.softmax_crossentropy_backward(np.full(5, 0.25), cache)
    for factor in (0.25, np.float64(0.25)):
        once = losses.softmax_crossentropy_backward(factor, cache)
        assert once.dtype == np.float32
        np.testing.assert_array_equal(once, each)
    np.testing.assert_allclose(each, 0.25 * (p - np.eye(3)[[2, 0, 1, 1, 0]]), atol=1e-6)
