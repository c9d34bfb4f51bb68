"""The bug catalogue as data: every entry is one line away from right code and really wrong.

Right modules are measured against central differences and, for values, against torch.  Every bug
is run beside its right twin in the same situations (several shapes, label formats, memory layouts,
one sample, evaluation, extreme values, calls in a row) and must differ in one that belongs to the
law that it names.  Nothing here uses the checker.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent


def helper(name):
    """A helper module beside this file, imported once under its own name."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


subject = helper("bug_probe_subject")
probe = helper("bug_probe")
rows = helper("bug_probe_rows")
models = helper("bug_probe_models")
training = helper("bug_probe_training")

from gradcheck_reference import bugs  # noqa: E402
from gradcheck_reference.bugs.types import source_of  # noqa: E402

BUGS = bugs.load()
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
#: Situations (see bug_probe) of which at least one must differ for a bug of that law.
WHERE = {
    "inputs_unchanged": "arguments",
    "repeatable": "again",
    "linear_in_cotangent": "scaled",
    "zero_cotangent": "zero",
    "label_formats": "labels",
    "layout": "layout",
    "batch": "batch",
    "cached_input": "aliases",
    "interleaved": "interleaved|instances",
    "dtype": "int|float32",
    "extremes": "extremes",
    "kinks": "kinks",
    "train_eval": "eval|state|plain",
    "gradient_untouched": "grads",
    "zero_gradient_rests": "zero",
    "state_per_parameter": "twins",
    "bowl_descends": "bowl",
    "optimizer_steps": "steps",
    "bias_correction": "steps",
    "decay": "steps",
    "model_roundtrip": "trip",
    "model_moves": "moves",
}

#: Causes so general that they never count as another name where a specific one is true.
GENERAL_CAUSES = {
    "wrong-derivative",
    "forward-wrong",
    "update-wrong",
    "numerical-gradient-wrong",
    "unknown",
}

#: Laws about special inputs: on plain input such a bug shows nothing, unless `also` says so.
SPECIAL = {"layout", "batch", "cached_input", "zero_cotangent", "extremes", "kinks", "interleaved"}


def names_of(source, stem):
    return subject.load(source + rows.GLUE.get(stem, ""), stem)


def observed(names, key):
    if key in training.WATCH:
        return training.WATCH[key](names)
    return probe.observe(names, rows.ROWS[key])


@cache
def right_record(key):
    return observed(names_of(source_of(key[0]), key[0]), key)


def key_of(bug):
    return bug.right, bug.target


def each(bugs_):
    return pytest.mark.parametrize("bug", bugs_, ids=lambda bug: bug.id)


def test_get_names_the_nearest_ids():
    assert bugs.get("dense-db-not-summed").cause == "missing-broadcast-sum"
    with pytest.raises(KeyError, match="dense-db-not-summed"):
        bugs.get("dense-db-not-sumed")


def test_source_refuses_text_that_is_not_there_once():
    bug = BUGS[0]
    for old in ("import numpy as np", "self", "no such text"):
        other = type(bug)(**{**vars(bug), "old": old})
        if bug.right_source().count(old) == 1:
            assert other.source() != bug.right_source()
        else:
            with pytest.raises(ValueError, match=bug.id):
                other.source()


def test_right_modules_cannot_be_imported_by_accident():
    with pytest.raises(ImportError, match="as data"):
        importlib.import_module("gradcheck_reference.bugs.right.nnfs_dense")


def test_every_target_has_a_driver():
    driven = set(rows.ROWS) | set(training.WATCH)
    assert {key_of(bug) for bug in BUGS} - driven == set()


@each([bug for bug in BUGS if bug.also_causes])
def test_other_names_of_the_mistake(bug):
    vocabulary = helper("test_bug_catalogue_coverage").CAUSES
    assert set(bug.also_causes) <= vocabulary - GENERAL_CAUSES
    assert len({bug.cause, *bug.also_causes}) == 1 + len(bug.also_causes)
    assert len(bug.also_causes) <= 2


@each(BUGS)
def test_one_line_differs(bug):
    before, after = bug.right_source().splitlines(), bug.source().splitlines()
    assert len(before) == len(after)
    changed = [i for i, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert len(changed) == 1
    assert max(map(len, after)) <= 130
    lines = [line for line in bug.diff().splitlines() if re.match(r"[-+](?![-+])", line)]
    assert len(lines) == 2


@each(BUGS)
def test_bug_differs_from_right_where_its_law_looks(bug):
    key = key_of(bug)
    seen = probe.differences(right_record(key), observed(names_of(bug.source(), bug.right), key))
    assert seen, "equivalent to the right code"
    pattern = WHERE.get(bug.law)
    assert pattern is None or [s for s in seen if re.match(pattern, s)], seen
    if bug.law in SPECIAL and not {"gradient", "contract"} & set(bug.also):
        assert "plain" not in seen


@pytest.mark.parametrize("key", sorted(rows.ROWS), ids="-".join)
def test_right_gradients_agree_with_central_differences(key):
    names = names_of(source_of(key[0]), key[0])
    assert probe.wrong_gradients(names, rows.ROWS[key]) == set()


@each([bug for bug in BUGS if key_of(bug) in rows.ROWS and bug.law in ("gradient", "contract")])
def test_wrong_gradient_is_the_one_named(bug):
    row = rows.ROWS[key_of(bug)]
    wrong = probe.wrong_gradients(names_of(bug.source(), bug.right), row, directions=2)
    parts = {part for name in wrong for part in name.split(".")}
    outputs = {"output", "out", "loss", "dout", "inputs" if not row.params else "output"}
    assert bug.wrt in parts or (bug.wrt in outputs and wrong)


@each(
    [
        bug
        for bug in BUGS
        if key_of(bug) in rows.ROWS
        and bug.law != "gradient"
        and not {"gradient", "contract"} & {bug.law, *bug.also}
    ]
)
def test_other_bugs_leave_the_plain_gradient_consistent(bug):
    row = rows.ROWS[key_of(bug)]
    names = names_of(bug.source(), bug.right)
    plain = probe.wrong_gradients(names, row, directions=2)
    assert plain == set() or bug.law in ("train_eval", "repeatable")


def test_wrong_gradients_finds_one_wrong_entry():
    text = source_of("nnfs_activations").replace(
        "self.dinputs = dvalues * (1 - self.output**2)",
        "self.dinputs = dvalues * (1 - self.output**2); self.dinputs[0, 1] *= 1.00001",
    )
    names = subject.load(text, "nnfs_activations")
    row = rows.ROWS["nnfs_activations", "Activation_Tanh"]
    assert probe.wrong_gradients(names, row) == {"inputs"}


def _torch_forwards():
    """Values that central differences cannot confirm: (module, constructor, inputs, torch's)."""
    torch = pytest.importorskip("torch", reason="torch is the second oracle of this test")
    F = torch.nn.functional
    rng = np.random.default_rng(4)
    x, image = rng.standard_normal((5, 4)) * 3, rng.standard_normal((3, 2, 7, 5))
    w, b = rng.standard_normal((3, 2, 3, 2)), rng.standard_normal(3)
    y = np.array([0, 3, 2, 1, 3])
    given = {"x": x, "image": image, "w": w, "b": b, "y": y}
    t = {k: torch.tensor(v) for k, v in given.items()}
    act = "wild_activations"
    cases = [
        (act, "ELU(1.5)", x, F.elu(t["x"], 1.5)),
        (act, "SELU()", x, F.selu(t["x"])),
        (act, "GELU()", x, F.gelu(t["x"])),
        (act, "GELUTanh()", x, F.gelu(t["x"], approximate="tanh")),
        (act, "Softplus()", x, F.softplus(t["x"])),
        (act, "SiLU()", x, F.silu(t["x"])),
        (act, "LogSoftmax()", x, F.log_softmax(t["x"], 1)),
        (act, "ReLU6()", x, F.relu6(t["x"])),
        ("wild_norm", "LayerNorm(4)", x, F.layer_norm(t["x"], (4,))),
        ("wild_norm", "RMSNorm(4)", x, F.rms_norm(t["x"], (4,), eps=1e-6)),
        ("fish_conv", "Pooling(3, 2, stride=1)", image, F.max_pool2d(t["image"], (3, 2), 1)),
        ("wild_shapes", "AvgPool2D(3, 2)", image, F.avg_pool2d(t["image"], 3, 2)),
        ("fish_layers", "SoftmaxWithLoss()", (x, y), F.cross_entropy(t["x"], t["y"])),
        ("wild_losses", "HuberLoss(1.5)", (x, 0 * x), F.huber_loss(t["x"], 0 * t["x"], delta=1.5)),
    ]
    for stride, pad in ((1, 0), (2, 1)):
        expected = F.conv2d(t["image"], t["w"], t["b"], stride, pad)
        cases.append(("fish_conv", f"Convolution(w, b, {stride}, {pad})", image, expected))
    return {"w": w, "b": b}, cases


def test_right_values_agree_with_torch():
    extra, cases = _torch_forwards()
    for stem, config, inputs, expected in cases:
        obj = eval(config, names_of(source_of(stem), stem) | extra)
        out = obj.forward(*(inputs if isinstance(inputs, tuple) else (inputs,)))
        np.testing.assert_allclose(out, expected.numpy(), rtol=1e-9, atol=1e-11, err_msg=config)


TORCH_RULES = [
    ("nnfs_optimizers", "Optimizer_SGD(0.1, momentum=0.9)", "nnfs", "SGD", {"momentum": 0.9}),
    ("nnfs_optimizers", "Optimizer_Adagrad(0.1)", "nnfs", "Adagrad", {"eps": 1e-7}),
    ("nnfs_optimizers", "Optimizer_RMSprop(0.1)", "nnfs", "RMSprop", {"alpha": 0.9, "eps": 1e-7}),
    ("nnfs_optimizers", "Optimizer_Adam(0.1)", "nnfs", "Adam", {"eps": 1e-7}),
    ("fish_optimizers", "SGD(0.1)", "dict", "SGD", {}),
    ("fish_optimizers", "AdaGrad(0.1)", "dict", "Adagrad", {"eps": 1e-7}),
    ("fish_optimizers", "RMSprop(0.1)", "dict", "RMSprop", {"alpha": 0.99, "eps": 1e-7}),
    ("fish_optimizers", "Nesterov(0.1)", "dict", "SGD", {"momentum": 0.9, "nesterov": True}),
    ("wild_optimizers", "AdamW(0.1)", "dict", "AdamW", {"weight_decay": 0.01}),
    ("wild_optimizers", "PackedAdam(0.1)", "list", "Adam", {}),
    ("wild_optimizers", "SGDWeightDecay(0.1)", "dict", "SGD", {"weight_decay": 0.01}),
]


@pytest.mark.parametrize("stem, config, style, rule, options", TORCH_RULES, ids=lambda v: str(v))
def test_right_optimizers_agree_with_torch(stem, config, style, rule, options):
    torch = pytest.importorskip("torch", reason="torch is the second oracle of this test")
    steps = getattr(training, f"{style}_steps")
    ours = training.run_steps(steps(names_of(source_of(stem), stem), config), training.SHAPES, 1, 5)
    rng = np.random.default_rng(11)
    params = {k: torch.tensor(rng.standard_normal(s)) for k, s in training.SHAPES.items()}
    optimizer = getattr(torch.optim, rule)(params.values(), lr=0.1, **options)
    for ours_now in ours["path"]:
        for key, shape in training.SHAPES.items():
            params[key].grad = torch.tensor(rng.standard_normal(shape))
        optimizer.step()
        for key in params:
            np.testing.assert_allclose(ours_now[key], params[key].numpy(), rtol=1e-9)


def central(loss, array):
    """Central differences of loss() over the entries of ``array``, changed in place."""
    out = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        kept = array[index]
        ends = []
        for h in (1e-5, -1e-5):
            array[index] = kept + h
            ends.append(loss())
        array[index] = kept
        out[index] = (ends[0] - ends[1]) / 2e-5
    return out


@pytest.mark.parametrize("stem, reg", [("fish_net", 0), ("cs231n_net", 0.0), ("cs231n_net", 0.3)])
def test_right_two_layer_nets(stem, reg):
    np.random.seed(3)
    make = names_of(source_of(stem), stem)["TwoLayerNet"]
    net = make(4, 6, 3, weight_init_std=0.7) if stem == "fish_net" else make(4, 6, 3, reg=reg)
    for key in net.params:
        net.params[key][...] = np.random.randn(*net.params[key].shape)
    fish = stem == "fish_net"
    X, Y = models.X, models.Y
    grads = net.gradient(X, Y) if fish else net.loss(X, Y)[1]
    for key, array in net.params.items():
        measured = central(lambda: net.loss(X, Y) if fish else net.loss(X, Y)[0], array)
        np.testing.assert_allclose(grads[key], measured, atol=1e-8)


def test_right_model():
    np.random.seed(3)
    model = names_of(source_of("nnfs_model"), "nnfs_model")["build_model"]()
    X, T = models.X, models.T

    def loss():
        np.random.seed(1)
        return model.loss.calculate(model.forward(X, training=True), T)

    np.random.seed(1)
    model.backward(model.forward(X, training=True), T)
    for layer in model.trainable_layers:
        np.testing.assert_allclose(layer.dweights, central(loss, layer.weights), atol=1e-8)
        np.testing.assert_allclose(layer.dbiases, central(loss, layer.biases), atol=1e-8)
