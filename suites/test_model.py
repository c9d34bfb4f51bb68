"""Model: trains as written out by hand, evaluates without a trace, saves and loads exactly."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import threading
import tracemalloc
import zipfile

import numpy as np
import pytest
from gradcheck_reference import data, nnfs, registry
from gradcheck_reference.nnfs import Model, ModelFileError, parameters
from gradcheck_reference.nnfs.history import ProgressBar, Step
from gradcheck_reference.nnfs.loop import Batches

OPTIMIZERS = {
    "sgd": lambda: nnfs.Optimizer_SGD(0.5, decay=1e-3),
    "momentum": lambda: nnfs.Optimizer_SGD(0.2, decay=1e-3, momentum=0.8),
    "adagrad": lambda: nnfs.Optimizer_Adagrad(0.1, decay=1e-4),
    "rmsprop": lambda: nnfs.Optimizer_RMSprop(0.01, decay=1e-4),
    "adam": lambda: nnfs.Optimizer_Adam(0.02, decay=1e-4),
}


def classifier(seed=0, *, optimizer="adam", dtype="float64", dropout=0.0, l2=5e-4, hidden=8):
    rng = np.random.default_rng(seed)
    model = Model()
    model.add(
        nnfs.Layer_Dense(
            2, hidden, weight_regularizer_l2=l2, bias_regularizer_l2=l2, init=0.5, dtype=dtype,
            rng=rng,
        )
    )  # fmt: skip
    model.add(nnfs.Activation_ReLU())
    if dropout:
        model.add(nnfs.Layer_Dropout(dropout, rng=rng))
    model.add(nnfs.Layer_Dense(hidden, 3, init=0.5, dtype=dtype, rng=rng))
    model.add(nnfs.Activation_Softmax())
    model.set(
        loss=nnfs.Loss_CategoricalCrossentropy(),
        optimizer=OPTIMIZERS[optimizer](),
        accuracy=nnfs.Accuracy_Categorical(),
    )
    model.finalize()
    return model


def same(a, b):
    assert a.named_parameters().keys() == b.named_parameters().keys()
    for name, array in a.named_parameters().items():
        np.testing.assert_array_equal(b.named_parameters()[name], array, strict=True)


X, Y = data.spiral(30, 3, seed=0)


# --- training


def by_hand(model, steps, batch):
    """The book's loop written out: separate softmax and loss, one update a layer."""
    dense1, relu, dense2, softmax = model.layers
    loss, optimizer = nnfs.Loss_CategoricalCrossentropy(), model.optimizer
    for step in range(steps):
        start = step * batch % len(X)
        x, y = X[start : start + batch], Y[start : start + batch]
        dense1.forward(x, True)
        relu.forward(dense1.output, True)
        dense2.forward(relu.output, True)
        softmax.forward(dense2.output, True)
        loss.backward(softmax.output, y)
        softmax.backward(loss.dinputs)
        dense2.backward(softmax.dinputs)
        relu.backward(dense2.dinputs)
        dense1.backward(relu.dinputs)
        optimizer.pre_update_params()
        optimizer.update_params(dense1)
        optimizer.update_params(dense2)
        optimizer.post_update_params()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_train_equals_the_loop_written_out(optimizer):
    # 90 samples in batches of 30: the fast loop (flat vector, buffers, fused) against plain calls.
    model, plain = classifier(optimizer=optimizer), classifier(optimizer=optimizer)
    model.train(X, Y, epochs=10, batch_size=30, print_every=0)
    by_hand(plain, 30, 30)
    for name, array in model.named_parameters().items():
        np.testing.assert_allclose(array, plain.named_parameters()[name], rtol=1e-10, atol=1e-12)


def test_training_in_two_parts_is_training_in_one():
    # The optimizer's state goes from the flat vector to the layers and back.
    once, twice = classifier(), classifier()
    once.train(X, Y, epochs=10, batch_size=32, print_every=0)
    twice.train(X, Y, epochs=4, batch_size=32, print_every=0)
    twice.train(X, Y, epochs=6, batch_size=32, print_every=0)
    same(once, twice)
    assert twice.layers[0].weight_momentums.shape == (2, 8)


def test_same_seed_same_bits_and_another_order_differs():
    runs = [classifier() for _ in range(3)]
    for model, seed in zip(runs, (1, 1, 2), strict=True):
        model.train(X, Y, epochs=3, batch_size=16, print_every=0, seed=seed)
    same(runs[0], runs[1])
    assert (runs[0].layers[0].weights != runs[2].layers[0].weights).any()


def test_shuffled_batches_hold_every_sample_once():
    batches = Batches(np.arange(10.0)[:, None], np.arange(10), 4, seed=0)
    for _ in range(2):
        seen = [(x[:, 0].copy(), y.copy()) for x, y in batches]
        assert [len(y) for _, y in seen] == [4, 4, 2]
        assert sorted(np.concatenate([y for _, y in seen])) == list(range(10))
        for x, y in seen:
            np.testing.assert_array_equal(x, y)


def test_epoch_means_are_weighted_by_samples():
    model = classifier(optimizer="sgd", l2=0.0)
    model.optimizer.learning_rate = model.optimizer.current_learning_rate = 0.0
    record = model.train(X, Y, epochs=1, batch_size=40, print_every=0).epochs[0]  # 40, 40, 10
    whole = model.evaluate(X, Y)
    assert record.data_loss == pytest.approx(whole.loss, rel=1e-12)
    assert record.accuracy == pytest.approx(whole.accuracy, rel=1e-12)


def test_records_hold_penalties_and_validation():
    model = classifier()
    history = model.train(X, Y, epochs=2, batch_size=40, print_every=0, validation_data=(X, Y))
    assert [r.epoch for r in history.epochs] == [1, 2] and len(history.losses) == 6
    last = history.epochs[-1]
    dense = model.layers[0]
    penalty = 5e-4 * (np.square(dense.weights).sum() + np.square(dense.biases).sum())
    assert last.regularization_loss == pytest.approx(penalty, rel=1e-12)
    assert last.loss == pytest.approx(last.data_loss + penalty, rel=1e-12)
    assert last.validation == model.evaluate(X, Y, batch_size=40)


def test_validation_does_not_change_training():
    plain, watched = classifier(dropout=0.2), classifier(dropout=0.2)
    a = plain.train(X, Y, epochs=3, batch_size=40, print_every=0)
    b = watched.train(X, Y, epochs=3, batch_size=40, print_every=0, validation_data=(X, Y))
    same(plain, watched)
    assert a.losses == b.losses
    assert [r.accuracy for r in a.epochs] == [r.accuracy for r in b.epochs]


def test_training_learns_the_spiral():
    # Far from chance (log 3 and 1/3); the books' figures are checked by the presets.
    model = classifier(hidden=32, l2=0.0)
    model.train(X, Y, epochs=600, print_every=0)
    reached = model.evaluate(X, Y)
    assert reached.loss < np.log(3) / 2 and reached.accuracy > 2 / 3


def test_float32_stays_float32():
    model = classifier(dtype="float32")
    model.train(X, Y, epochs=2, batch_size=40, print_every=0)  # X is float64: converted once
    dense = model.layers[0]
    arrays = [*model.named_parameters().values(), dense.dweights, dense.weight_cache, dense.output]
    assert {a.dtype.name for a in arrays} == {"float32"}


@pytest.mark.parametrize("output", ["softmax", "linear", "sigmoid", "dense"])
def test_one_layer_models(output):
    model = Model()
    model.add(nnfs.Layer_Dense(2, 1 if output == "sigmoid" else 3, rng=0))
    target = np.eye(3)[Y]
    if output == "softmax":
        model.add(nnfs.Activation_Softmax())
        model.set(loss=nnfs.Loss_CategoricalCrossentropy())
    elif output == "sigmoid":
        model.add(nnfs.Activation_Sigmoid())
        model.set(loss=nnfs.Loss_BinaryCrossentropy())
        target = (Y == 0) * 1
    else:
        model.set(loss=nnfs.Loss_MeanSquaredError())
        if output == "linear":
            model.add(nnfs.Activation_Linear())
    model.set(optimizer=nnfs.Optimizer_SGD(0.1))
    model.finalize()
    assert (model.fused is not None) == (output in ("softmax", "sigmoid"))
    before = model.evaluate(X, target).loss
    history = model.train(X, target, epochs=50, print_every=0)
    assert model.evaluate(X, target).loss < before and history.epochs[-1].accuracy is None


def test_batch_of_one_and_batch_larger_than_the_data():
    model = classifier()
    assert len(model.train(X[:5], Y[:5], batch_size=1, print_every=0).losses) == 5
    assert len(model.train(X[:5], Y[:5], batch_size=100, print_every=0).losses) == 1


def test_one_hot_labels_train_like_indices():
    a, b = classifier(), classifier()
    a.train(X, Y, epochs=2, batch_size=32, print_every=0)
    b.train(X, np.eye(3)[Y], epochs=2, batch_size=32, print_every=0, seed=None)
    same(a, b)


def test_after_training_the_layers_are_as_in_the_book():
    model = classifier()
    model.train(X, Y, epochs=1, batch_size=32, print_every=0)
    first = model.layers[0]
    outputs = []
    for i in range(2):
        first.forward(X[i : i + 1])
        outputs.append(first.output)
    assert not np.shares_memory(*outputs)  # buffers are no longer reused
    first.backward(np.ones((1, 8)))
    assert first.dinputs.shape == (1, 2)  # and the input gradient is back


def test_layers_of_another_maker():
    class Scale:
        """A book-style layer that knows nothing of this package."""

        def __init__(self):
            self.weights, self.biases = np.ones((1, 2)), np.zeros((1, 2))

        def forward(self, inputs, training):
            self.inputs, self.output = inputs, inputs * self.weights + self.biases

        def backward(self, dvalues):
            self.dweights = (dvalues * self.inputs).sum(axis=0, keepdims=True)
            self.dbiases = dvalues.sum(axis=0, keepdims=True)
            self.dinputs = dvalues * self.weights

    model = classifier()
    model.layers.insert(0, Scale())
    model.finalize()
    before = model.evaluate(X, Y).loss
    model.train(X, Y, epochs=20, print_every=0)
    assert model.evaluate(X, Y).loss < before
    assert (model.layers[0].weights != 1).all()


# --- callbacks, Ctrl-C, printing


def test_callbacks_see_every_step_and_may_stop():
    model, steps = classifier(), []

    def watch(owner, step):
        assert owner is model
        steps.append(step)
        return len(steps) == 5

    history = model.train(X, Y, epochs=9, batch_size=30, print_every=0, callbacks=[watch])
    assert history.stopped and [(s.epoch, s.step) for s in steps] == [
        (1, 0), (1, 1), (1, 2), (2, 0), (2, 1),
    ]  # fmt: skip
    assert [s.record is not None for s in steps] == [False, False, True, False, False]
    assert history.losses == [s.loss for s in steps] and len(history.epochs) == 1
    plain = classifier()
    plain.train(X, Y, epochs=1, batch_size=30, print_every=0)
    plain.train(X[:60], Y[:60], epochs=1, batch_size=30, print_every=0)
    same(model, plain)


def test_ctrl_c_keeps_what_was_trained():
    model = classifier()

    def press(_, step):
        if step.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    history = model.train(X, Y, epochs=1000, print_every=0, callbacks=[press])
    assert history.stopped and 3 <= len(history.epochs) <= 4
    assert signal.getsignal(signal.SIGINT) is before
    assert history.epochs[-1].loss < history.epochs[0].loss
    model.evaluate(X, Y)


def test_a_failing_callback_leaves_a_working_model():
    model = classifier()

    def fail(_, step):
        raise RuntimeError("callback")

    with pytest.raises(RuntimeError, match="callback"):
        model.train(X, Y, epochs=2, print_every=0, callbacks=[fail])
    assert model.layers[0].input_gradient and not model.layers[0].reuse_buffers


def test_small_batches_are_copied_and_large_ones_are_views():
    data_X, labels = np.arange(20.0).reshape(10, 2), np.arange(10)
    batches = Batches(data_X, labels, 4, seed=None)
    for _ in range(2):
        seen = []
        for part_X, part_y in batches:
            assert not np.shares_memory(part_X, data_X)
            seen.append((part_X.copy(), part_y.copy()))
        assert [len(part) for part, _ in seen] == [4, 4, 2]
        np.testing.assert_array_equal(np.concatenate([part for part, _ in seen]), data_X)
        np.testing.assert_array_equal(np.concatenate([part for _, part in seen]), labels)
    (whole, _), *rest = Batches(data_X, labels, None, seed=None)
    assert np.shares_memory(whole, data_X) and not rest
    large = np.zeros((3, Batches.SMALL // 8 + 1))
    assert all(np.shares_memory(part, large) for part, _ in Batches(large, labels[:3], 1, None))


@pytest.mark.parametrize("name", ["weights", "biases"])
def test_training_uses_parameters_that_a_callback_replaced(name):
    """What was checked in an earlier step does not count for another array."""
    model, seen = classifier(), []
    model.set(optimizer=nnfs.Optimizer_SGD(0.0))  # so that the parameters are still those used

    def replace(model, step):
        layer = model.layers[0]
        if step.step == 1:
            setattr(layer, name, getattr(layer, name) * 3.0)
        if step.step == 2:
            by_hand = layer.inputs @ layer.weights + layer.biases
            np.testing.assert_allclose(layer.output, by_hand, rtol=1e-12)
            setattr(layer, name, getattr(layer, name)[..., :-1])
        seen.append(step.step)

    with pytest.raises(ValueError, match="should have shape"):
        model.train(X, Y, batch_size=9, print_every=0, callbacks=[replace])
    assert seen == [0, 1, 2]


def test_training_through_layers_that_change_the_dtype_and_the_arrays():
    """A foreign layer's results are new arrays in every step, in a dtype of their own."""

    class Foreign:
        def forward(self, inputs, training):
            self.output = inputs.astype("float64") * 2

        def backward(self, dvalues):
            self.dinputs = dvalues.astype("float64") * 2

    models = [classifier(dtype="float32"), classifier(dtype="float32")]
    for model in models:
        model.layers.insert(2, Foreign())
        model.finalize()
    models[0].train(X, Y, epochs=3, batch_size=20, print_every=0)
    model = models[1]
    for _ in range(3):
        for start in range(0, len(X), 20):
            part_X, part_y = X[start : start + 20].astype("float32"), Y[start : start + 20]
            _, output = model.loss_of(part_X, part_y, training=True)
            model.backward(output, part_y)
            model.optimizer.pre_update_params()
            for layer in model.trainable_layers:
                model.optimizer.update_params(layer)
            model.optimizer.post_update_params()
    for name, array in models[0].named_parameters().items():
        np.testing.assert_allclose(array, model.named_parameters()[name], rtol=1e-4, atol=1e-6)


def test_training_in_another_thread():
    model = classifier()
    thread = threading.Thread(target=model.train, args=(X, Y), kwargs={"print_every": 0})
    thread.start()
    thread.join()
    assert model.optimizer.iterations == 1


def test_printed_lines(capsys):
    classifier().train(X, Y, epochs=2, batch_size=30, print_every=2, validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    starts = ["epoch: 1", "step: 0, acc: ", "step: 2, acc: ", "training, acc: ", "validation, acc:"]
    assert len(lines) == 10
    for line, start in zip(lines, starts * 2, strict=True):
        assert line.startswith(start.replace("epoch: 1", "epoch: "))
    classifier().train(X, Y, epochs=5, print_every=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch: 1", "epoch: 3", "epoch: 5"]
    classifier().train(X, Y, print_every=0)
    assert capsys.readouterr().out == ""


def test_progress_bar_only_on_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    step = Step(1, 1, 0, 1, 0.5, 0.75, 1.0, object())
    plain, terminal = io.StringIO(), Terminal()
    ProgressBar(plain)(None, step)
    ProgressBar(terminal)(None, step)
    assert plain.getvalue() == "" and "acc: 0.750, loss: 0.500  0:00 left" in terminal.getvalue()


# --- evaluation and prediction


def state_of(model):
    """Everything the model holds, by identity and by bytes."""
    parts = [*model.layers, model.loss, model.optimizer, model.accuracy, model.fused]
    return [
        {
            key: value.tobytes() if isinstance(value, np.ndarray) else id(value)
            for key, value in vars(part).items()
        }
        for part in parts
    ]


@pytest.mark.parametrize("use", ["evaluate", "predict"])
def test_use_leaves_no_trace(use):
    model = classifier(dropout=0.3)
    model.train(X, Y, epochs=1, batch_size=40, print_every=0)
    before = state_of(model)
    if use == "evaluate":
        model.evaluate(X[:17], Y[:17], batch_size=5)
    else:
        model.predict(X[:17], batch_size=5)
    assert state_of(model) == before


def test_evaluation_between_forward_and_backward_changes_no_gradient():
    model = classifier()
    _, output = model.loss_of(X, Y, training=True)
    model.backward(output, Y)
    expected = {k: v.copy() for k, v in model.named_gradients().items()}
    _, output = model.loss_of(X, Y, training=True)
    model.evaluate(X[:7], Y[:7])
    model.predict(X[:3])
    model.backward(output, Y)
    for name, gradient in model.named_gradients().items():
        np.testing.assert_array_equal(gradient, expected[name])


@pytest.mark.parametrize("batch", [None, 1, 7, 89, 90, 1000])
def test_evaluation_does_not_depend_on_the_batches(batch):
    model = classifier()
    whole, parts = model.evaluate(X, Y), model.evaluate(X, Y, batch_size=batch)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-12) and parts.accuracy == whole.accuracy
    np.testing.assert_allclose(model.predict(X, batch_size=batch), model.predict(X), rtol=1e-12)


def test_fused_loss_equals_the_separate_one():
    model = classifier()
    fused, separate = model.evaluate(X, Y), model.loss.calculate(model.predict(X), Y)
    assert fused.loss == pytest.approx(float(separate), rel=1e-12)


def test_regression_accuracy_uses_the_training_data_for_its_precision():
    x, y = data.sine(50)
    model = Model()
    model.add(nnfs.Layer_Dense(1, 1, rng=0))
    model.add(nnfs.Activation_Linear())
    model.set(
        loss=nnfs.Loss_MeanSquaredError(),
        optimizer=nnfs.Optimizer_SGD(0.0),
        accuracy=nnfs.Accuracy_Regression(),
    )
    model.train(x, y, print_every=0)
    precision = model.accuracy.precision
    model.evaluate(x, 100 * y)
    assert model.accuracy.precision == precision == pytest.approx(y.std() / 250)


# --- wrong use


def test_wrong_use_is_named():
    model = Model()
    with pytest.raises(ValueError, match="no layers"):
        model.finalize()
    model.add(nnfs.Activation_ReLU())
    with pytest.raises(ValueError, match="no loss"):
        model.finalize()
    model.set(loss=nnfs.Loss_MeanSquaredError())
    with pytest.raises(ValueError, match="needs an optimizer and a layer with parameters"):
        model.train(X, X)
    model = classifier()
    for arguments, message in [
        ((X[:0], Y[:0]), "at least one sample"),
        ((X[:, 0], Y), r"X has shape \(90,\)"),
        ((X, Y[:-1]), r"y has shape \(89,\), but should have 90 samples"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.train(*arguments, print_every=0)
        with pytest.raises(ValueError, match=message):
            model.evaluate(*arguments)
    with pytest.raises(ValueError, match="batch_size = 0"):
        model.train(X, Y, batch_size=0)
    with pytest.raises(ValueError, match="epochs = -1"):
        model.train(X, Y, epochs=-1)
    with pytest.raises(ValueError, match=r"y_true\[0\] = 3"):
        model.train(X, np.full(90, 3), print_every=0)


def test_training_allocates_no_more_than_its_buffers():
    rng = np.random.default_rng(0)
    model = classifier(hidden=64, dtype="float32")
    x, y = rng.random((2000, 2), dtype=np.float32), rng.integers(0, 3, 2000)
    model.train(x, y, epochs=1, batch_size=100, print_every=0, seed=0)
    tracemalloc.start()
    model.train(x, y, epochs=20, batch_size=100, print_every=0, seed=0)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20 and kept < 1 << 18


# --- parameters and files


def test_get_and_set_parameters():
    a, b = classifier(0), classifier(1)
    values = a.get_parameters()
    assert [tuple(v.shape for v in layer) for layer in values] == [
        ((2, 8), (1, 8)), ((8, 3), (1, 3)),
    ]  # fmt: skip
    b.set_parameters(values)
    same(a, b)
    values[0][0][...] = 7.0
    assert (a.layers[0].weights != 7.0).all()  # copies


def test_setting_parameters_is_all_or_nothing():
    model = classifier()
    before = model.get_parameters()
    good = [tuple(np.ones_like(v) for v in layer) for layer in before]
    for wrong, message in [
        (good[:1], "of 1 layers, but should be 2"),
        ([good[0], good[1][:1]], "1 arrays for layer 2"),
        ([good[0], (np.ones((3, 8)), good[1][1])], r"2.weights has shape \(3, 8\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.set_parameters(wrong)
    with pytest.raises(ValueError, match=r"missing parameters: \['0.biases'"):
        model.set_named_parameters({"0.weights": np.ones((2, 8)), "9.weights": np.ones(1)})
    for old, new in zip(before, model.get_parameters(), strict=True):
        for x, y in zip(old, new, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameter_files_round_trip(tmp_path, dtype):
    a, b = classifier(0, dtype=dtype), classifier(1, dtype=dtype)
    a.train(X, Y, epochs=2, batch_size=32, print_every=0)
    a.save_parameters(tmp_path / "p.npz")
    b.load_parameters(tmp_path / "p.npz")
    same(a, b)
    assert a.evaluate(X, Y) == b.evaluate(X, Y)
    with np.load(tmp_path / "p.npz") as plain:  # NumPy reads it as well
        np.testing.assert_array_equal(plain["0.weights"], a.layers[0].weights)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_model_files_round_trip_and_go_on_training(tmp_path, optimizer):
    model = classifier(optimizer=optimizer, dropout=0.2)
    model.train(X, Y, epochs=3, batch_size=32, print_every=0)
    model.save(tmp_path / "m.npz")
    loaded = Model.load(tmp_path / "m.npz")
    same(model, loaded)
    assert loaded.evaluate(X, Y) == model.evaluate(X, Y)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    for one in (model, loaded):  # optimizer state and dropout generator went along
        one.train(X, Y, epochs=3, batch_size=32, print_every=0, seed=4)
    same(model, loaded)


def layer_entries():
    """Every layer and activation of the skin in every configuration of the registry."""
    found = [e for e in registry.entries("nnfs") if e.kind in ("layer", "activation")]
    return [pytest.param(e, id=e.make) for e in found if len(e.inputs) == 1]


@pytest.mark.parametrize("entry", layer_entries())
def test_every_layer_round_trips(tmp_path, entry):
    sizes = {"N": 4, "T": 5, "H": 6, "W": 7, "L": 9, "D": 3}
    [(_, shape)] = entry.inputs.items()
    shape = tuple(sizes.get(n, 5) if isinstance(n, str) else n for n in shape)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, shape) if entry.labels == "rows" else rng.uniform(0.1, 0.9, shape)
    model = Model()
    model.add(registry.build(entry))
    layer = model.layers[0]
    layer.forward(x, True)
    layer.backward(np.ones_like(layer.output))
    if parameters.names_of(layer):
        nnfs.Optimizer_Adam(0.01).update_params(layer)
    model.save(tmp_path / "m.npz")
    loaded = Model.load(tmp_path / "m.npz").layers[0]
    for one in (layer, loaded):
        one.forward(x, False)
    np.testing.assert_array_equal(loaded.output, layer.output, strict=True)
    for name, array in parameters.named([layer]).items():
        np.testing.assert_array_equal(parameters.named([loaded])[name], array, strict=True)


def test_layers_of_another_maker_save_parameters_only(tmp_path):
    class Mine(nnfs.Activation_ReLU):
        pass

    model = classifier()
    model.layers[1] = Mine()
    with pytest.raises(ModelFileError, match=r"Mine \(1\) is not a class of"):
        model.save(tmp_path / "m.npz")
    model.save_parameters(tmp_path / "p.npz")
    assert os.listdir(tmp_path) == ["p.npz"]


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    model = classifier()
    model.save(tmp_path / "m.npz")
    before = (tmp_path / "m.npz").read_bytes()

    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    model.layers[0].weights += 1
    with pytest.raises(OSError, match="no space"):
        model.save(tmp_path / "m.npz")
    assert (tmp_path / "m.npz").read_bytes() == before and os.listdir(tmp_path) == ["m.npz"]


def test_nan_attributes_are_refused(tmp_path):
    model = classifier()
    model.optimizer.learning_rate = float("nan")
    with pytest.raises(ModelFileError, match="JSON"):
        model.save(tmp_path / "m.npz")


class Bomb:
    """Unpickling this would run code."""

    def __reduce__(self):
        return os.mkdir, ("exploded",)


def rewrite(path, change):
    """Unpack a saved file, change the members in place, and pack it again."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def edit(change):
    """A change of the JSON description."""

    def apply(members):
        content = json.loads(members["description.json"])
        change(content)
        members["description.json"] = json.dumps(content).encode()

    return apply


def npy(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


def replace_weights(array, **options):
    return lambda members: members.update({"0.weights.npy": npy(array, **options)})


def nested(content, value):
    content["layers"][0]["attributes"]["weights"] = value


BAD_FILES = {
    "unknown layer": (
        edit(lambda c: c["layers"][1].update({"class": "Layer_Magic"})),
        "layer 1 is a 'Layer_Magic', which is no class",
    ),
    "not a class": (
        edit(lambda c: c["layers"][1].update({"class": "os.system"})),
        "'os.system', which is no class",
    ),
    "class missing": (edit(lambda c: c["layers"][1].pop("class")), "layer 1 is a None"),
    "layers missing": (edit(lambda c: c.pop("layers")), "names no layers"),
    "key missing": (
        edit(lambda c: c["layers"][0]["attributes"].pop("biases")),
        r"layer 0 \(Layer_Dense\) has no array 'biases'",
    ),
    "array missing": (
        lambda members: members.pop("0.weights.npy"),
        "the array '0.weights' is missing",
    ),
    "array too many": (
        lambda members: members.update({"9.weights.npy": npy(np.ones(3))}),
        "arrays that no part asks for: 9.weights",
    ),
    "wrong shape": (replace_weights(np.ones((3, 8))), r"\(3, 8\), but should be <f8 of shape"),
    "wrong dtype": (replace_weights(np.ones((2, 8), "f4")), "<f4 of shape .* but should be <f8"),
    "pickled array": (
        replace_weights(np.array([[Bomb()]], dtype=object), allow_pickle=True),
        "0.weights.npy: Object arrays cannot be loaded",
    ),
    "array truncated": (
        lambda members: members.update({"0.weights.npy": members["0.weights.npy"][:-8]}),
        "0.weights.npy",
    ),
    "array with a tail": (
        lambda members: members.update({"0.weights.npy": members["0.weights.npy"] + b"x"}),
        "0.weights.npy is too long",
    ),
    "no array": (lambda members: members.update({"0.weights.npy": b"hello"}), "0.weights.npy"),
    "not json": (lambda members: members.update({"description.json": b"{"}), "is not JSON"),
    "no description": (lambda members: members.pop("description.json"), "holds no description"),
    "another format": (edit(lambda c: c.update(format="keras")), "not of the format"),
    "newer version": (edit(lambda c: c.update(version=2)), "version = 2, but should be 1"),
    "method overwritten": (
        edit(lambda c: c["layers"][0]["attributes"].update(forward=1)),
        "'forward' is not data",
    ),
    "private attribute": (
        edit(lambda c: c["layers"][0]["attributes"].update(__class__="Bomb")),
        "'__class__' is not data",
    ),
    "unknown description": (edit(lambda c: nested(c, {"code": "1"})), "described by"),
    "unknown generator": (
        edit(lambda c: nested(c, {"generator": {"bit_generator": "os"}})),
        "unknown random generator 'os'",
    ),
    "bad generator": (
        edit(lambda c: nested(c, {"generator": {"bit_generator": "PCG64", "state": 1}})),
        "not a generator state",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_model_files_get_one_clear_error(tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change, message = BAD_FILES[kind]
    path = tmp_path / "m.npz"
    classifier().save(path)
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=message) as caught:
        Model.load(path)
    assert str(path) in str(caught.value) and os.listdir(tmp_path) == ["m.npz"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated_files(tmp_path, share):
    path = tmp_path / "m.npz"
    classifier().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFileError, match=r"truncated|not a saved model"):
        Model.load(path)


def test_flipped_bits_are_noticed(tmp_path):
    path = tmp_path / "m.npz"
    classifier().save(path)
    content = bytearray(path.read_bytes())
    at = content.index(classifier().layers[0].weights.tobytes()[:8])
    content[at] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelFileError, match="damaged"):
        Model.load(path)


def test_a_pickle_is_never_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.npz").write_bytes(pickle.dumps(Bomb()))
    for load in (Model.load, classifier().load_parameters):
        with pytest.raises(ModelFileError, match="looks like a pickle"):
            load(tmp_path / "m.npz")
    assert os.listdir(tmp_path) == ["m.npz"]


def test_missing_file_and_other_kind(tmp_path):
    with pytest.raises(ModelFileError, match="no such file"):
        Model.load(tmp_path / "absent.npz")
    classifier().save(tmp_path / "m.npz")
    with pytest.raises(ModelFileError, match="kind = 'model', but should be 'parameters'"):
        classifier().load_parameters(tmp_path / "m.npz")


def test_parameters_of_another_model(tmp_path):
    model = classifier(hidden=9)
    before = model.get_parameters()
    classifier().save_parameters(tmp_path / "p.npz")
    with pytest.raises(ModelFileError, match=r"does not fit this model: .* \(2, 8\)"):
        model.load_parameters(tmp_path / "p.npz")
    np.testing.assert_array_equal(before[0][0], model.layers[0].weights)


def test_compressed_members_are_refused(tmp_path):
    # A small compressed member may expand to any size.
    np.savez_compressed(tmp_path / "p.npz", weights=np.zeros((1000, 1000)))
    with zipfile.ZipFile(tmp_path / "p.npz", "a") as archive:
        text = json.dumps({"format": "gradcheck-model", "version": 1, "kind": "parameters"})
        archive.writestr("description.json", text)
    with pytest.raises(ModelFileError, match=r"weights\.npy is compressed"):
        classifier().load_parameters(tmp_path / "p.npz")
