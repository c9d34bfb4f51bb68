"""The training check: PyTorch's trajectory, right runs pass, broken ones fail in their row."""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gradcheck import targets
from gradcheck.guard import pristine_numpy
from gradcheck.training import (
    bookcheck,
    checks,
    command,
    presets,
    run,
    show,
    show_swap,
    swap,
)
from gradcheck.training.networks import Data, build, reference
from gradcheck.training.presets import PRESETS, Setup

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
REAL = os.environ.get("GRADCHECK_DATA") or (str(SHARED) if SHARED.is_dir() else None)
real = pytest.mark.skipif(
    REAL is None, reason="no real data: set GRADCHECK_DATA to a folder with the IDX files"
)

QUICK = PRESETS["spiral-adam"].setup.replace(epochs=300)


def quick_data(setup=QUICK):
    return run.load_data(setup, 0)


def rows_of(outcome):
    return {row.name: row for row in outcome.rows}


# --- the same trajectory as PyTorch


def torch_twin(torch, net, setup):
    """The same network in PyTorch, from the same weights."""
    arrays = list(net.parameters().values())
    tensors = [torch.tensor(a.copy(), requires_grad=True) for a in arrays]

    def logits(x):
        for i in range(0, len(tensors), 2):
            x = x @ tensors[i] + tensors[i + 1]
            if i + 2 < len(tensors):
                x = torch.relu(x)
        return x

    def loss(x, y):
        total = torch.nn.functional.cross_entropy(logits(x), y)
        return total + setup.l2 * ((tensors[0] ** 2).sum() + (tensors[1] ** 2).sum())

    return tensors, loss


def torch_optimizer(torch, tensors, setup):
    """The optimizer of the same definition; the book's decay is set by hand at every step."""
    lr, options = setup.options.get("learning_rate", 1e-3), setup.options
    if setup.optimizer == "adam":
        return torch.optim.Adam(tensors, lr=lr, eps=1e-7)
    if setup.optimizer == "sgd":
        return torch.optim.SGD(tensors, lr=lr, momentum=options.get("momentum", 0.0))
    if setup.optimizer == "adagrad":
        return torch.optim.Adagrad(tensors, lr=lr, eps=1e-7)
    return torch.optim.RMSprop(tensors, lr=lr, alpha=options["rho"], eps=1e-7)


TRAJECTORIES = {
    "nnfs-fashion": ("adam", {"decay": 5e-7}, 5e-4),
    "nnfs momentum": ("sgd", {"learning_rate": 0.1, "momentum": 0.8}, 0.0),
    "nnfs sgd decay": ("sgd", {"learning_rate": 0.1, "decay": 1e-3}, 5e-4),
    "nnfs adagrad": ("adagrad", {"learning_rate": 0.05, "decay": 1e-4}, 0.0),
    "nnfs rmsprop": ("rmsprop", {"learning_rate": 1e-3, "decay": 1e-5, "rho": 0.999}, 0.0),
    "fish sgd": ("sgd", {"learning_rate": 0.1}, 0.0),
}


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_same_trajectory_as_pytorch(name):
    """float64, 200 steps of 100 from the same weights and batches: every entry within 1e-9."""
    torch = pytest.importorskip("torch", reason="PyTorch is the second oracle")
    optimizer, options, l2 = TRAJECTORIES[name]
    style = name.split()[0].split("-")[0]
    torch.set_num_threads(1)
    images = name in ("nnfs-fashion", "fish sgd")
    setup = Setup(
        dataset="fashion-mnist" if images else "spiral", style=style,
        hidden=(50,) if style == "fish" else (64, 64),
        optimizer=optimizer, options=options, l2=l2, epochs=67, dtype="float64",
        init=0.01 if style == "fish" else "glorot", steps=200 if style == "fish" else None,
    )  # fmt: skip
    data = trajectory_data() if images else quick_data(setup)
    net = build(setup, run.sizes_of(data), 0)
    tensors, loss_of = torch_twin(torch, net, setup)
    twin = torch_optimizer(torch, tensors, setup)
    rng = np.random.default_rng(0)
    if style == "fish":
        rng.standard_normal((784, 50)), rng.standard_normal((50, 10))  # the start weights
    losses = []
    for step in range(200):
        start = step % (len(data.X_train) // 100) * 100
        rows = rng.choice(len(data.X_train), 100) if style == "fish" else slice(start, start + 100)
        for group in twin.param_groups:
            lr, decay = options.get("learning_rate", 1e-3), options.get("decay", 0.0)
            group["lr"] = lr / (1 + decay * step)
        twin.zero_grad()
        labels = torch.from_numpy(data.y_train[rows].astype(np.int64))
        loss = loss_of(torch.from_numpy(data.X_train[rows]), labels)
        losses.append(float(loss.detach()))
        loss.backward()
        twin.step()
    ended = net.train(data, lambda progress: progress.step == 200)
    assert len(ended.losses) == 200
    for (key, ours), theirs in zip(net.parameters().items(), tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-9, err_msg=key)
    if not l2:
        np.testing.assert_allclose(ended.losses, losses, rtol=0, atol=1e-9)


@functools.cache
def trajectory_data():
    """1,000 images: the real ones where they are, else random ones."""
    if REAL:
        setup = PRESETS["nnfs-fashion"].setup.replace(dtype="float64", limit=1000)
        return run.load_data(setup, 0, REAL)
    rng = np.random.default_rng(0)
    X, y = rng.uniform(-1, 1, (1000, 784)), rng.integers(0, 10, 1000).astype(np.uint8)
    return Data("random", X, y, X[:1000], y[:1000], tuple("0123456789"))


# --- right networks pass every row


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("style", ["nnfs", "fish"])
def test_the_reference_passes_every_row_on_the_spiral(style, dtype):
    setup = presets.default_setup("spiral", style).replace(epochs=300, dtype=dtype, steps=None)
    setup = setup.replace(steps=4000) if style == "fish" else setup
    outcome = run.train(setup, quick_data(setup), 0)
    assert {r.name: r.status for r in outcome.rows} == dict.fromkeys(rows_of(outcome), "pass")
    assert len(outcome.rows) == 11


def test_the_reference_passes_every_row_on_the_sine():
    setup = PRESETS["sine"].setup.replace(epochs=200)
    outcome = run.train(setup, quick_data(setup), 0)
    assert {row.status for row in outcome.rows} == {"pass"}
    assert outcome.accuracy is None and outcome.value == outcome.loss


@real
@pytest.mark.parametrize(("name", "style"), [("fashion-mnist", "nnfs"), ("mnist", "fish")])
def test_the_reference_passes_every_row_on_real_images(name, style):
    setup = presets.default_setup(name, style).replace(limit=5000, epochs=3)
    setup = setup.replace(steps=600) if style == "fish" else setup
    outcome = run.train(setup, run.load_data(setup, 0, REAL), 0)
    assert {r.name: r.status for r in outcome.rows} == dict.fromkeys(rows_of(outcome), "pass")
    assert outcome.accuracy > 0.7  # 5,000 images only; the presets hold the full figures


@real
@pytest.mark.slow
@pytest.mark.parametrize("name", [p.name for p in PRESETS.values() if p.target is not None])
def test_presets_reach_their_mean_over_five_seeds(name):
    preset = PRESETS[name]
    values = []
    for seed in presets.SEEDS:
        data = run.load_data(preset.setup, seed, REAL)
        values.append(show.one_seed(preset.setup, data, seed)[0])
    assert preset.reaches(float(np.mean(values)), seeds=5), values


# --- broken networks fail in the row that names the defect


class Broken:
    """The reference network with one part wrong; everything else is handed through."""

    def __init__(self, setup, seed, dtype):
        self.inner = build(setup, (2, 3), seed, dtype)

    def __getattr__(self, name):
        if name == "inner":  # while copying
            raise AttributeError(name)
        return getattr(self.inner, name)


class WrongGradient(Broken):
    def gradients(self, X, y):
        gradients = {k: v.copy() for k, v in self.inner.gradients(X, y).items()}
        gradients["2.biases"][0, 1] *= 1.001
        return gradients


class SumForMean(Broken):
    def gradients(self, X, y):
        return {k: v * len(X) for k, v in self.inner.gradients(X, y).items()}


class FrozenBias(Broken):
    def train(self, data, watch=None):
        bias = self.inner.model.layers[0].biases.copy()

        def keep(progress):
            self.inner.model.layers[0].biases[...] = bias
            return watch and watch(progress)

        return self.inner.train(data, keep)


class WrongSign(Broken):
    def __init__(self, setup, seed, dtype):
        super().__init__(setup, seed, dtype)
        self.inner.model.optimizer.learning_rate *= -1


class Explodes(Broken):
    def __init__(self, setup, seed, dtype):
        super().__init__(setup, seed, dtype)
        self.inner.model.set(optimizer=reference("nnfs").Optimizer_SGD(1e200))
        self.inner.model.finalize()


class EvaluatingTrains(Broken):
    def evaluate(self, X, y):
        self.inner.model.layers[2].biases += 1e-9
        return self.inner.evaluate(X, y)


class ForgetsBiases(Broken):
    def load(self, path):
        biases = [layer.biases.copy() for layer in self.inner.model.trainable_layers]
        self.inner.load(path)
        for layer, old in zip(self.inner.model.trainable_layers, biases, strict=True):
            layer.biases[...] = old


class NotRepeatable(Broken):
    def __init__(self, setup, seed, dtype):
        super().__init__(setup, seed, dtype)
        self.inner.model.layers[0].weights += 1e-3 * np.random.default_rng().normal(size=(2, 64))


BROKEN = {
    WrongGradient: {"gradients at the start", "gradients after training"},
    SumForMean: {"batch gradient at the start", "batch gradient after training"},
    FrozenBias: {"every parameter moves"},
    WrongSign: {"loss falls", "target accuracy"},
    EvaluatingTrains: {"evaluation changes nothing"},
    ForgetsBiases: {"save and load"},
    NotRepeatable: {"same seed, same result"},
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda c: c.__name__)
def test_each_defect_fails_in_its_rows_and_only_there(broken):
    outcome = run.train(
        QUICK, quick_data(), 0, factory=lambda s, dtype: broken(QUICK, s, dtype or "float64")
    )
    failed = {row.name for row in outcome.rows if row.status == "fail"}
    assert failed == BROKEN[broken]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_an_explosion_is_named():
    outcome = run.train(
        QUICK, quick_data(), 0, factory=lambda s, dtype: Explodes(QUICK, s, dtype or "float64")
    )
    rows = rows_of(outcome)
    assert rows["no NaN"].status == "fail" and "in step" in rows["no NaN"].found
    assert rows["gradients at the start"].status == "pass"
    assert rows["gradients after training"].status == "skipped"


def test_a_wrong_entry_is_named():
    outcome = run.train(
        QUICK.replace(epochs=3), quick_data(), 0,
        factory=lambda s, dtype: WrongGradient(QUICK, s, dtype or "float64"),
    )  # fmt: skip
    assert rows_of(outcome)["gradients at the start"].found.startswith("d2.biases[0, 1] = ")


# --- rows on their own


def test_moves_and_falls_and_finite():
    before = {"a": np.zeros(4), "b": np.zeros(2)}
    row = checks.moves(before, {"a": np.array([0, 0, 0, 1.0]), "b": np.zeros(2)})
    assert row.status == "fail" and row.found == "never changed: b"
    row = checks.moves(before, {"a": np.array([0, 0, 0, 1.0]), "b": np.ones(2)})
    assert row.status == "pass" and "least a: 25.0%" in row.found
    assert checks.falls([3.0, 2.0, 1.0]).status == "pass"
    assert checks.falls([1.0, 1.0]).status == "fail"
    assert checks.falls([1.0]).status == "inconclusive"
    row = checks.finite([1.0, np.nan, 1.0], {})
    assert row.status == "fail" and row.found == "loss = nan in step 2"
    assert checks.finite([1.0], {"w": np.array([np.inf])}).found == "not finite: w"


def test_targets():
    preset = PRESETS["nnfs-fashion"]
    assert preset.reaches(0.857, seeds=5) and not preset.reaches(0.8569, seeds=5)
    assert preset.reaches(0.8471) and not preset.reaches(0.846)
    assert PRESETS["sine"].reaches(1e-5, seeds=5) and not PRESETS["sine"].reaches(1.1e-5, seeds=5)
    assert PRESETS["spiral-rmsprop"].reaches(0.0) is None
    data = quick_data()
    row = run.target(None, QUICK, data, 0.4, stopped=False)  # guessing: 1/3 ± 0.027
    assert row.status == "fail" and "better than guessing" in row.expected
    assert run.target(preset, QUICK, data, 0.9, stopped=True).status == "skipped"


# --- the fish book's gradient_check


@real
def test_the_books_gradient_check_on_three_images():
    """All four below 1e-9 with the stable loss; the book's figures with log(y + 1e-7)."""
    package = reference("data")
    images, labels = package.load_raw("mnist", "train", folder=REAL)
    X, t = package.scale_images(images[:3], scaling="unit", dtype="float64"), labels[:3]
    stable = bookcheck.book_gradient_check(X, t, epsilon=False, entries=400)
    assert max(stable.differences.values()) < 1e-9 and stable.shrinks
    book = bookcheck.book_gradient_check(X, t, epsilon=True, entries=400)
    published = {"W1": 5e-10, "b1": 3e-9, "W2": 6e-9, "b2": 1.4e-7}
    for name, figure in published.items():
        assert figure / 2 < book.differences[name] < figure * 2
    assert not book.shrinks and "does not shrink with the step" in bookcheck.text(stable, book)


# --- your layers in our network


def swapped(tmp_path, source, epochs, *, judge=False):
    setup = QUICK.replace(epochs=epochs)
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(source))
    [target] = targets.parse(str(path))
    with pristine_numpy():
        loaded = targets.load(target)
        try:
            return swap.compare_runs(setup, loaded, quick_data(setup), judge=judge)
        finally:
            loaded.close()


MINE = """
    import numpy as np

    class Layer_Dense:
        def __init__(self, n_inputs, n_neurons):
            self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
            self.biases = np.zeros((1, n_neurons))
        def forward(self, inputs):
            self.inputs = inputs
            self.output = np.dot(inputs, self.weights) + self.biases
        def backward(self, dvalues):
            self.dweights = np.dot(self.inputs.T, dvalues)
            self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
            self.dinputs = np.dot(dvalues, self.weights.T)

    class Activation_ReLU:
        def forward(self, inputs):
            self.inputs = inputs
            self.output = np.maximum(0, inputs)
        def backward(self, dvalues):
            self.dinputs = dvalues.copy()
            self.dinputs[self.inputs <= 0] = 0

    class SoftmaxWithLoss:
        def forward(self, x, t):
            z = x - x.max(axis=1, keepdims=True)
            log_y = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            self.y, self.t = np.exp(log_y), t
            return -np.mean(log_y[np.arange(len(t)), t])
        def backward(self, dout=1):
            dx = self.y.copy()
            dx[np.arange(len(dx)), self.t] -= 1
            return dout * dx / len(dx)

    class Optimizer_Adam:
        def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7, beta_1=0.9, beta_2=0.999):
            self.learning_rate = self.current_learning_rate = learning_rate
            self.decay, self.iterations, self.epsilon = decay, 0, epsilon
            self.beta_1, self.beta_2 = beta_1, beta_2
        def pre_update_params(self):
            if self.decay:
                self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)
        def update_params(self, layer):
            if not hasattr(layer, "weight_cache"):
                layer.weight_momentums = np.zeros_like(layer.weights)
                layer.weight_cache = np.zeros_like(layer.weights)
                layer.bias_momentums = np.zeros_like(layer.biases)
                layer.bias_cache = np.zeros_like(layer.biases)
            t = self.iterations + 1
            for m, c, w, g in (
                (layer.weight_momentums, layer.weight_cache, layer.weights, layer.dweights),
                (layer.bias_momentums, layer.bias_cache, layer.biases, layer.dbiases),
            ):
                m[...] = self.beta_1 * m + (1 - self.beta_1) * g
                c[...] = self.beta_2 * c + (1 - self.beta_2) * g ** 2
                hat, chat = m / (1 - self.beta_1 ** t), c / (1 - self.beta_2 ** t)
                w -= self.current_learning_rate * hat / (np.sqrt(chat) + self.epsilon)
        def post_update_params(self):
            self.iterations += 1
"""


def test_right_layers_stay_together_with_the_reference(tmp_path):
    found = swapped(tmp_path, MINE, 300)  # 300 steps: rounding has grown, and is known for it
    assert set(found.used) == {
        "Layer_Dense", "Activation_ReLU", "SoftmaxWithLoss", "Optimizer_Adam",
    }  # fmt: skip
    assert found.parting is None and found.error == ""


@pytest.mark.parametrize(
    ("right", "wrong", "link", "what"),
    [
        ("np.sum(dvalues, axis=0, keepdims=True)", "np.mean(dvalues, axis=0, keepdims=True)",
         "Layer_Dense", "dbiases"),
        ("np.maximum(0, inputs)", "np.maximum(-0.01 * inputs, inputs)",
         "Activation_ReLU", "forward"),
        ("self.inputs <= 0", "self.inputs <= 0.05", "Activation_ReLU", "gradient of its input"),
        ("dout * dx / len(dx)", "dout * dx", "SoftmaxWithLoss", "backward"),
        ("self.beta_2 ** t", "self.beta_1 ** t", "Optimizer_Adam", "the step it makes"),
    ],
)  # fmt: skip
def test_where_wrong_layers_part_and_which_part_it_is(tmp_path, right, wrong, link, what):
    assert right in MINE
    found = swapped(tmp_path, MINE.replace(right, wrong), 3)
    assert found.parting.step == 1 and found.parting.link == link
    assert what in found.parting.what


def test_the_checkers_verdict_stands_beside_the_parting(tmp_path):
    wrong = MINE.replace(
        "np.sum(dvalues, axis=0, keepdims=True)", "np.sum(dvalues) + 0 * self.biases"
    )
    found = swapped(tmp_path, wrong, 2, judge=True)
    statuses = {s.name: s.status for s in found.subjects}
    assert statuses.pop("Layer_Dense") == "fail"
    assert set(statuses.values()) <= {"pass", "note"}
    text = show_swap.text(found, QUICK, quick_data())
    assert "They part in step 1: layer 0 biases" in text and "First difference: Layer_Dense" in text
    assert "fail         Layer_Dense" in text and "dbiases[0, " in text


def test_a_stopped_network_is_reported(tmp_path):
    source = MINE.replace("self.output = np.maximum(0, inputs)", "self.output = inputs.nothing")
    found = swapped(tmp_path, source, 2)
    assert "Activation_ReLU" not in found.used  # it could not even be built
    source = MINE.replace("self.iterations += 1", "self.iterations += 1; 1 / (self.iterations < 5)")
    found = swapped(tmp_path, source, 9)
    assert found.error == "step 5 raises ZeroDivisionError: division by zero"
    assert len(found.reference.losses) == 4 and found.parting is None


def test_a_file_without_layers(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text("x = 1\n")
    arguments = options("--layers", str(path), "--dataset", "spiral", "--epochs", "1")
    assert command.main(arguments) == command.USAGE
    assert "holds no dense layer, ReLU, softmax, loss or adam optimizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"), [("absent.py", "no such file"), (".", "files, but should be one")]
)
def test_files_that_cannot_be_loaded(tmp_path, name, message, capsys):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    arguments = options("--layers", str(tmp_path / name), "--dataset", "spiral", "--epochs", "1")
    assert command.main(arguments) == command.USAGE
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


# --- pictures


def test_the_report_folder(tmp_path):
    pytest.importorskip("matplotlib")
    from gradcheck.training import pictures

    outcome = run.train(QUICK.replace(epochs=30), quick_data(), 0)
    names = [path.name for path in pictures.write_report(outcome, tmp_path)]
    assert names == ["training.md", "training.json", "curves.png", "confusion.png"]
    assert all((tmp_path / name).stat().st_size > 500 for name in names)
    content = json.loads((tmp_path / "training.json").read_text())
    assert len(content["losses"]) == 30 and content["accuracy"] == outcome.accuracy
    counts = pictures.confusion(outcome)
    assert counts.sum() == 300 and np.trace(counts) == pytest.approx(300 * outcome.accuracy)


def test_the_comparison_is_written(tmp_path):
    pytest.importorskip("matplotlib")
    from gradcheck.training import pictures

    wrong = MINE.replace("dout * dx / len(dx)", "dout * dx")
    found = swapped(tmp_path, wrong, 3)
    page, picture = pictures.write_comparison(found, "They part", tmp_path / "out")
    assert "They part" in page.read_text() and picture.stat().st_size > 500


def test_worst_images_are_those_with_the_least_confidence():
    from gradcheck.training import pictures

    outcome = run.train(QUICK.replace(epochs=5), quick_data(), 0)
    scores, labels = outcome.network.scores(outcome.data.X_test), outcome.data.y_test
    confidence = scores[np.arange(300), labels]
    found = pictures.worst(outcome, 10)
    assert [c for _, _, c in found] == sorted(confidence)[:10]
    assert all(p == scores[i].argmax() for i, p, _ in found)


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, monkeypatch):
    from gradcheck.training import pictures

    outcome = run.train(QUICK.replace(epochs=2), quick_data(), 0)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'gradcheck\[report\]'"):
        pictures.write_report(outcome, tmp_path)


def test_a_run_is_judged_by_its_accuracy_at_the_end():
    assert run.figure(1.0, 0.2) == 0.2
    assert run.figure(1.0, None) == 1.0


# --- the command


def train_command(*arguments, data=None, cwd=None, program=("-m", "gradcheck.training")):
    environment = {k: v for k, v in os.environ.items() if k != "GRADCHECK_DATA"}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    if data:
        environment["GRADCHECK_DATA"] = data
    return subprocess.Popen(
        [sys.executable, *program, *arguments], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
    )  # fmt: skip


def finish(process, seconds=60):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def options(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


def test_without_data_the_spiral_trains_at_once(tmp_path):
    code, out, err = finish(train_command("--epochs", "200", cwd=tmp_path))
    assert code == 0, out + err
    assert "training on the spiral" in out and "11 pass" in out and err == ""


def test_choosing(monkeypatch):
    monkeypatch.delenv("GRADCHECK_DATA", raising=False)
    preset, setup, note = command.choose(options())
    assert preset is PRESETS["spiral-adam"] and setup == preset.setup and "spiral" in note
    monkeypatch.setenv("GRADCHECK_DATA", "somewhere")
    assert command.choose(options())[0] is PRESETS["nnfs-fashion"]
    assert command.choose(options("--style", "fish"))[0] is PRESETS["fish-mnist"]
    preset, setup, _ = command.choose(options("--epochs", "1"))
    assert preset is None and setup.epochs == 1
    preset, setup, _ = command.choose(options("--optimizer", "sgd", "--dtype", "float64"))
    assert setup.optimizer == "sgd" and setup.options == {} and setup.dtype == "float64"
    with pytest.raises(ValueError, match="has --dataset mnist, not sine"):
        command.choose(options("--preset", "fish-mnist", "--dataset", "sine"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--style", "fish", "--dataset", "sine"], "style fish has no regression"),
        (["--dataset", "spiral", "--optimizer", "lion"], "optimizer = 'lion', but should be one"),
        (["--dataset", "mnist", "--data", "nowhere"], "holds neither mnist/"),
    ],
)
def test_usage_errors_are_one_line(arguments, message, capsys):
    assert command.main(options(*arguments)) == command.USAGE
    error = capsys.readouterr().err
    assert message in error and error.startswith("gradcheck train: ") and error.count("\n") == 1


def test_seeds(capsys):
    assert command.main(options("--dataset", "spiral", "--epochs", "20", "--seeds", "2")) == 0
    out = capsys.readouterr().out
    assert "seed 0: 0." in out and "mean accuracy of 2 seeds" in out and "no figure is asked" in out


#: The same command, with Ctrl-C pressed in the thousandth step: what is checked there is no chance.
PRESSED = (
    "-c",
    textwrap.dedent("""
        import os, signal, sys
        from gradcheck.training import command, show

        class Pressing(show.Bar):
            def __call__(self, progress):
                super().__call__(progress)
                if progress.step == 1000:
                    os.kill(os.getpid(), signal.SIGINT)

        show.Bar = Pressing
        sys.exit(command.standalone(sys.argv[1:]))
    """),
)


@pytest.mark.parametrize("style", ["nnfs", "fish"])
def test_ctrl_c_keeps_what_was_trained(style, tmp_path):
    kept = tmp_path / "kept.npz"
    arguments = ["--style", style, "--dataset", "spiral", "--epochs", "2000000"]
    code, out, err = finish(train_command(*arguments, "--save", str(kept), program=PRESSED))
    assert "ended early; what was trained is kept" in out, out + err
    assert re.search(r"^no NaN +pass +1,00[01] losses", out, re.M), out
    assert "target accuracy" in out and "skipped" in out, out
    assert code == 0, out
    with np.load(kept) as arrays:
        assert len([name for name in arrays.files if name != "description.json"]) == 4


def test_the_table_fits_the_screen():
    outcome = run.train(QUICK.replace(epochs=5), quick_data(), 0)
    assert max(len(line) for line in show.table(outcome.rows).splitlines()) <= 110
    json.dumps([vars(row) for row in outcome.rows], allow_nan=False)
