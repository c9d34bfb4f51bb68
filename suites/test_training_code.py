"""Optimizers, numerical derivatives, accuracies and models: what the laws say of right and wrong ones.

The subjects are those of the corpus; here they are checked in process and without a diagnosis.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from gradcheck import run, targets, unavoidable
from gradcheck.types import Case, Subject

FOLDER = Path(__file__).parent / "corpus" / "first"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
#: File -> its subjects that run by default; None stands for all of them.
QUICK = {
    "derivatives.py": None,
    "accuracies.py": None,
    "optimizer_state.py": {"RProp", "MomentumOneV", "Optimizer_Momentum"},
    "assembled.py": set(),
}  # fmt: skip


def loaded(name):
    return targets.load(targets.parse(str(FOLDER / name))[0])


def checked(file, name):
    return run.check(loaded(file), name, run.Options(diagnose=False))


def subjects():
    for file, quick in QUICK.items():
        for name, expected in EXPECTED[file].items():
            marks = [] if quick is None or name in quick else [pytest.mark.slow]
            yield pytest.param(file, name, expected, id=f"{file}-{name}", marks=marks)


@pytest.mark.parametrize(("file", "name", "expected"), list(subjects()))
def test_the_verdict_and_the_law_that_gives_it(file, name, expected):
    subject = checked(file, name)
    wanted = {"ok": {"pass", "note"}}.get(expected["status"], {expected["status"]})
    assert subject.status in wanted, [v.message for v in subject.verdicts if v.status != "pass"]
    if "law" in expected:
        failing = {v.law for v in subject.verdicts if v.status == "fail"}
        assert expected["law"] in failing


def test_one_object_for_each_layer_is_a_way_to_use_it():
    (said,) = [
        v for v in checked("optimizer_state.py", "MomentumPerLayer").verdicts if v.status == "note"
    ]
    assert said.law == "state_per_parameter" and "one object for each layer" in said.message


def of_source(tmp_path, source, name, **options):
    path = tmp_path / f"{name.lower()}.py"
    path.write_text("import numpy as np\n" + source, encoding="utf-8")
    only = targets.load(targets.parse(str(path))[0])
    return run.check(only, name, run.Options(diagnose=False, **options))


ADAGRAD = """
class Adagrad:
    def __init__(self, lr=0.1):
        self.lr, self.s = lr, {}
    def update(self, params, grads):
        for k in params:
            self.s[k] = self.s.get(k, 0.0) + grads[k] ** 2
            params[k] -= self.lr * grads[k] / ROOT
"""


@pytest.mark.parametrize(
    ("root", "status"),
    [
        ("(np.sqrt(self.s[k]) + 1e-7)", "pass"),
        ("np.sqrt(self.s[k] + 1e-7)", "note"),
        ("(np.sqrt(self.s[k]) + 1e-7 if k == 'W' else np.sqrt(self.s[k] + 1e-7))", "fail"),
        ("(np.cbrt(self.s[k]) + 1e-7)", "fail"),
    ],
)
def test_where_the_epsilon_stands(tmp_path, root, status):
    found = of_source(tmp_path, ADAGRAD.replace("ROOT", root), "Adagrad", laws=("optimizer_steps",))
    assert found.status == status
    (verdict,) = [v for v in found.verdicts if v.law == "optimizer_steps"]
    said = {"note": "inside the root", "pass": ""}.get(status, "params['b'] follows" if "if k" in root else "nearest legal formula")  # fmt: skip
    assert said in verdict.message


NET = """
class Net:
    def __init__(self, n_in, n_out):
        self.params = {}
        self.params["W1"] = np.random.randn(n_in, n_out)
        STORE
    def predict(self, x):
        return x @ self.params["W2"]
    def loss(self, x, t):
        return np.mean((self.predict(x) - t) ** 2)
    def gradient(self, x, t):
        return {"W1": x.T @ (self.predict(x) - t)}
"""


@pytest.mark.parametrize(
    ("store", "claimed"),
    [
        ('self.params["b1"] = np.zeros(n_out)', True),
        ('self.params["W" + str(n_out)] = np.zeros(n_out)', False),
        ("self.params.update(extra(n_in))", False),
        ("self.params = dict(W2=np.zeros((n_in, n_out)))", False),
    ],
)
def test_a_key_that_nothing_stores(store, claimed):
    tree = ast.parse(NET.replace("STORE", store))
    row = Subject("net.py::Net", "Net", "model")
    given = type("Loaded", (), {"tree": tree})()
    found = unavoidable.refused(row, "input (3, 4), labels index: KeyError: 'W2'", given)
    assert found.status == ("fail" if claimed else "error")
    if claimed:
        assert "params['W2'] is read, but never stored" in found.verdicts[0].message


SHARED = """
class Net:
    COMMON
    def __init__(self, n_in=4, n_out=3):
        OWN
        self.params["W"] = np.random.randn(n_in, n_out)
    def predict(self, x):
        return x @ self.params["W"]
    def loss(self, x, t):
        return 0.5 * np.mean(np.sum((self.predict(x) - t) ** 2, axis=1))
    def gradient(self, x, t):
        return {"W": x.T @ (self.predict(x) - t) / len(x)}
"""


@pytest.mark.parametrize(
    ("common", "own", "status"), [("", "self.params = {}", "pass"), ("params = {}", "pass", "fail")]
)
def test_parameters_that_belong_to_the_class(tmp_path, common, own, status):
    source = SHARED.replace("COMMON", common).replace("OWN", own)
    found = of_source(tmp_path, source, "Net", laws=("model_gradient",))
    assert found.status == status, (found.reason, found.verdicts)
    if status == "fail":
        assert "`params` belongs to the class Net" in found.verdicts[0].message


def test_parameters_are_named_as_the_user_names_them(tmp_path):
    source = """
class SGD:
    def __init__(self, lr=0.1):
        self.lr = lr
    def update_params(self, layer):
        layer.weights -= self.lr * layer.dweights
        layer.biases += self.lr * layer.dbiases
"""
    found = of_source(tmp_path, source, "SGD", laws=("optimizer_steps",))
    assert "biases after step 1" in next(v.message for v in found.verdicts if v.status == "fail")


def test_a_step_sees_the_arrays_of_the_last_one():
    """Optimizers may know their parameters by identity."""
    from gradcheck.conventions import ops_for
    from gradcheck.conventions.sources import Source
    from gradcheck.laws import LAWS

    namespace = loaded("optimizer_state.py").namespace
    (op, *_) = ops_for(Source("AdamIdKeyed", namespace["AdamIdKeyed"], namespace), "optimizer")
    (verdict,) = LAWS["optimizer_steps"](op, Case())
    assert verdict.status == "pass" and verdict.resolution is not None
    assert np.isclose(verdict.detail["hyper"]["lr"], 0.01)
