"""Loading a file runs its definitions and nothing else, wherever its imports come from."""

from __future__ import annotations

import inspect
import json
import sys
import textwrap

import numpy as np
import pytest

from gradcheck import run, targets
from gradcheck.loading import stubs, usages


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files below a project folder; load one of them; clean up afterwards."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    loaded = []

    class Project:
        root = tmp_path

        def write(self, name: str, text: str) -> None:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

        def load(self, text: str) -> targets.Loaded:
            (target,) = targets.parse(text)
            loaded.append(targets.load(target))
            return loaded[-1]

    before = list(sys.path), list(sys.meta_path), set(sys.modules)
    yield Project()
    for item in loaded:
        item.close()
    assert (list(sys.path), list(sys.meta_path)) == before[:2]
    users = {n for n, m in sys.modules.items() if type(m).__name__ == "UserModule"}
    assert users <= before[2], "this test left a module of the user's behind"


def error(text: str) -> str:
    with pytest.raises(targets.TargetError) as caught:
        targets.load(targets.parse(text)[0]).close()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- what the user types ------------------------------------------------------------------------


def test_a_file_a_name_in_it_and_a_module(project):
    project.write("layers.py", "class Dense: pass")
    project.write("pkg/__init__.py", "")
    project.write("pkg/act.py", "class Relu: pass")
    assert [str(t) for t in targets.parse("layers.py")] == ["layers.py"]
    (target,) = targets.parse("layers.py::Dense")
    assert (target.name, target.text, str(target)) == ("Dense", "layers.py", "layers.py::Dense")
    (target,) = targets.parse("pkg.act:Relu")
    assert (target.name, str(target)) == ("Relu", "pkg.act:Relu")
    assert target.of("Other") == "pkg.act:Other"
    assert project.load("pkg.act:Relu").module_name == "pkg.act"
    assert [t.name for t in targets.parse("layers.py:Dense")] == ["Dense"]


def test_a_folder_is_walked_without_other_peoples_code(project):
    for name in ("a.py", "sub/b.py", "sub/c.ipynb", "notes.txt", ".hidden.py"):
        project.write(name, "")
    for folder in (".git", ".venv", "__pycache__", "site-packages", "node_modules", "build"):
        project.write(f"{folder}/x.py", "")
    project.write("myenv/pyvenv.cfg", "")
    project.write("myenv/lib/y.py", "")
    assert [str(t) for t in targets.parse(".")] == ["a.py", "sub/b.py", "sub/c.ipynb"]


def test_a_package_stands_for_its_files(project):
    project.write("pkg/__init__.py", "from pkg.act import Relu\n")
    project.write("pkg/act.py", "class Relu: pass")
    assert [str(t) for t in targets.parse("pkg")] == ["pkg/__init__.py", "pkg/act.py"]
    loaded = project.load("pkg:Relu")
    assert (loaded.path.name, loaded.namespace["Relu"].__module__) == ("act.py", "pkg.act")
    assert error("pkg:Rleu") == "pkg: no class or function Rleu; did you mean Relu?"


def test_an_installed_module(project):
    loaded = project.load("gradcheck_reference.nnfs:Layer_Dense")
    import gradcheck_reference.nnfs

    assert loaded.namespace["Layer_Dense"] is gradcheck_reference.nnfs.Layer_Dense
    assert "class Layer_Dense" in loaded.source


def test_no_such_file_suggests_near_names(project):
    project.write("layers.py", "")
    assert error("layer.py") == (
        "layer.py: no such file, folder or module; did you mean layers.py?"
    )
    assert "there is no folder nowhere either" in error("nowhere/layers.py")


def test_no_such_name_suggests_near_names(project):
    project.write("layers.py", "class Layer_Dense: pass\nclass ReLU: pass\ndef helper(): pass")
    assert error("layers.py::LayerDense") == (
        "layers.py: no class or function LayerDense; did you mean Layer_Dense?"
    )
    assert error("layers.py::relu").endswith("did you mean ReLU?")
    assert error("layers.py::Zzz").endswith("; it defines Layer_Dense, ReLU, helper")
    project.write("empty.py", "")
    assert error("empty.py::Dense").endswith("; the file defines none")


def test_no_such_module_and_other_bad_targets(project):
    assert error("no.such:Thing").startswith("no.such: no such module; run from the folder")
    project.write("note.txt", "")
    assert error("note.txt") == "note.txt: not a Python file or notebook (.py or .ipynb)"
    (project.root / "empty").mkdir()
    assert error("empty") == "empty: no .py or .ipynb file in this folder"
    assert "is a folder; give the file that holds Dense" in error("empty::Dense")


def test_a_syntax_error_gives_file_line_and_text(project):
    project.write("old.py", "x = 1\nprint 'hello'\n")
    message = error("old.py")
    assert message.startswith("old.py:2: syntax error, Missing parentheses")
    assert message.endswith(": print 'hello'")
    (project.root / "null.py").write_bytes(b"x = 1\0")
    assert error("null.py").startswith("null.py:")
    (project.root / "latin.py").write_bytes(b"x = '\xe9'\n")
    assert error("latin.py").startswith("latin.py:")


def test_an_encoding_that_the_file_declares(project):
    (project.root / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    assert project.load("latin.py").namespace["x"] == "é"


# ---- definitions only ---------------------------------------------------------------------------


def test_a_script_does_not_run(project, capfd):
    project.write(
        "script.py",
        """
        '''Doc.'''
        from __future__ import annotations
        import math
        import numpy as np
        EPS = 1e-7
        SIZES = [2, 3 * 4]
        DTYPE = np.float32
        LIMIT = math.sqrt(2)
        rng = np.random.default_rng(0)
        a, b = 1, 2
        print("training")
        np.random.seed(0)
        for epoch in range(10**12):
            pass
        while True:
            pass
        1 / 0
        class Dense:
            def forward(self) -> NoSuchName: return EPS
        if __name__ == "__main__":
            raise SystemExit
        TABLE = {"dense": Dense}
        TABLE["other"] = Dense
        """,
    )
    state = np.random.get_state()[1].copy()
    space = project.load("script.py").namespace
    assert space["Dense"]().forward() == 1e-7
    assert (space["SIZES"], space["a"], space["b"]) == ([2, 12], 1, 2)
    assert (space["DTYPE"], space["LIMIT"]) == (np.float32, 2**0.5)
    assert isinstance(space["rng"], np.random.Generator)
    assert set(space["TABLE"]) == {"dense", "other"}
    assert "epoch" not in space
    assert capfd.readouterr().out == ""
    assert np.array_equal(np.random.get_state()[1], state)


def test_a_value_that_needs_work_is_computed_when_something_asks_for_it(project, capfd):
    project.write(
        "lazy.py",
        """
        def load():
            print("loading")
            return [1, 2, 3], 4
        data, more = load()
        size = len(data)
        model = load()
        class Layer:
            n = size
        class Other:
            def forward(self): return model
        """,
    )
    loaded = project.load("lazy.py")
    assert capfd.readouterr().out == "loading\n"  # for Layer's body, once
    assert loaded.namespace["Layer"].n == 3
    assert loaded.namespace["Other"]().forward() == ([1, 2, 3], 4)
    assert capfd.readouterr().out == "loading\n"
    with pytest.raises(KeyError):
        loaded.namespace["nothing"]


def test_blocks_at_top_level_keep_their_definitions(project, capfd):
    project.write(
        "blocks.py",
        """
        import sys
        try:
            import no_such_gpu_library as np
        except ImportError:
            import numpy as np
            print("no gpu")
        if sys.version_info >= (3, 0):
            def f(): return 1
        else:
            def f(): return 2
        if input("which? ") == "x":
            def g(): return 1
        try:
            class A: pass
        finally:
            print("done")
        with open("no such file") as file:
            class B: pass
        """,
    )
    space = project.load("blocks.py").namespace
    assert space["np"] is np
    assert space["f"]() == 1
    assert "g" not in space
    assert {"A", "B"} <= set(space)
    assert capfd.readouterr().out == ""


def test_future_imports_hold_for_every_statement(project):
    project.write(
        "future.py",
        """
        from __future__ import annotations
        class A:
            x: NoSuchName = 1
        def f(x: Missing) -> Missing: ...
        """,
    )
    loaded = project.load("future.py")
    assert loaded.failed == {}
    assert loaded.namespace["A"].__annotations__ == {"x": "NoSuchName"}
    project.write("now.py", "class A:\n    x: NoSuchName = 1\n")
    if sys.version_info < (3, 14):  # where annotations are not evaluated at all
        assert "NoSuchName" in project.load("now.py").failed["A"]


def test_one_definition_that_fails_does_not_stop_the_file(project):
    project.write("some.py", "class A(Missing): pass\nclass B: pass\nx = 1 / 0\n")
    loaded = project.load("some.py")
    assert loaded.failed["A"] == "NameError: name 'Missing' is not defined (line 1)"
    assert "B" in loaded.namespace
    assert error("some.py::A") == (
        "some.py::A: could not be defined: NameError: name 'Missing' is not defined (line 1)"
    )


def test_source_of_a_class_can_be_read(project):
    project.write("layers.py", "import os\nclass A:\n    x = 1\n")
    assert inspect.getsource(project.load("layers.py").namespace["A"]) == "class A:\n    x = 1\n"


# ---- nnfs ---------------------------------------------------------------------------------------


def test_nnfs_init_never_runs(project):
    nnfs = pytest.importorskip("nnfs")
    dot, init = np.dot, nnfs.init
    project.write(
        "chapter.py",
        """
        import nnfs
        from nnfs import init as begin
        from nnfs.datasets import spiral_data
        nnfs.init()
        class Layer:
            def forward(self):
                nnfs.init()
                return spiral_data(10, 3)[0].shape
        """,
    )
    loaded = project.load("chapter.py")
    assert "nnfs.init() not run while checking" in loaded.notes
    assert loaded.namespace["Layer"]().forward() == (30, 2)
    loaded.namespace["begin"]()
    assert np.dot is dot
    loaded.close()
    assert nnfs.init is init


def test_a_sibling_that_calls_nnfs_init_does_not_run_it_either(project):
    pytest.importorskip("nnfs")
    dot = np.dot
    project.write("layers.py", "import nnfs\nnnfs.init()\nclass Dense: pass\nraise SystemExit\n")
    project.write("mine.py", "from layers import Dense\nclass Mine(Dense): pass\n")
    assert project.load("mine.py").namespace["Mine"].__mro__[1].__name__ == "Dense"
    assert np.dot is dot


# ---- imports ------------------------------------------------------------------------------------


def test_siblings_and_packages_are_loaded_definitions_only(project, capfd):
    project.write("src/nn/__init__.py", "from .layers import Dense\nprint('init')\n")
    project.write("src/nn/layers.py", "from .base import Base\nclass Dense(Base): pass\n")
    project.write("src/nn/base.py", "import time\ntime.sleep(1000)\nclass Base: pass\n")
    project.write("train.py", "import nn\nfrom nn.layers import Dense\nclass Mine(nn.Dense): pass")
    space = project.load("train.py").namespace
    assert [c.__name__ for c in space["Mine"].__mro__] == ["Mine", "Dense", "Base", "object"]
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("packages", [True, False])
def test_relative_imports_with_and_without_init_files(project, packages):
    if packages:
        for folder in ("pkg", "pkg/sub"):
            project.write(f"{folder}/__init__.py", "")
    project.write(
        "pkg/sub/dense.py", "from ..util import EPS\nfrom . import other\nclass D: e = EPS"
    )
    project.write("pkg/sub/other.py", "")
    project.write("pkg/util.py", "EPS = 5\n")
    loaded = project.load("pkg/sub/dense.py::D")
    assert loaded.module_name == "pkg.sub.dense"
    assert loaded.namespace["D"].e == 5
    assert loaded.notes == ()


def test_a_module_of_a_package_that_is_still_loading(project):
    project.write("net/__init__.py", "from .layers import D\n")
    project.write(
        "net/layers.py", "from . import init\nclass D:\n    def e(self): return init.EPS\n"
    )
    project.write("net/init.py", "EPS = 5\n")
    assert project.load("net/layers.py::D").namespace["D"]().e() == 5


def test_absolute_imports_from_any_ancestor(project):
    project.write("common/functions.py", "def softmax(x): return 'local'\n")
    project.write("ch05/deep/net.py", "from common.functions import *\nclass Net: f = softmax\n")
    loaded = project.load("ch05/deep/net.py")
    assert loaded.namespace["softmax"](1) == "local"
    assert loaded.notes == ()


def test_a_folder_that_the_file_puts_on_the_path(project):
    project.write("lib2/tools.py", "K = 3\n")
    project.write(
        "app/main.py",
        """
        import os, sys
        sys.path.append(os.path.join(os.path.dirname(__file__), "..", "lib2"))
        from tools import K
        """,
    )
    assert project.load("app/main.py").namespace["K"] == 3


def test_circular_imports(project):
    project.write("a.py", "from b import B\nclass A:\n    def other(self): return B\n")
    project.write("b.py", "from a import A\nclass B:\n    def other(self): return A\n")
    space = project.load("a.py").namespace
    assert space["A"]().other() is space["B"]
    assert space["B"]().other() is space["A"]


def test_one_class_however_it_is_reached(project):
    project.write("pkg/__init__.py", "from pkg.core import Base\n")
    project.write("pkg/core.py", "class Base: pass\n")
    project.write("pkg/mine.py", "from .core import Base\nfrom core import Base as Same\n")
    space = project.load("pkg/mine.py").namespace
    assert space["Base"] is space["Same"]


def test_a_module_named_like_its_package(project):
    project.write("net/__init__.py", "")
    project.write("net/net.py", "from net.tools import K\nclass Net: k = K\n")
    project.write("net/tools.py", "K = 4\n")
    project.write("net/layers/__init__.py", "")
    project.write("net/layers/dense.py", "from net.tools import K\nclass Dense: k = K\n")
    for name in ("net/net.py::Net", "net/layers/dense.py::Dense"):
        loaded = project.load(name)
        assert loaded.namespace["K"] == 4
        loaded.close()


def test_a_folder_whose_name_is_no_identifier_is_no_package(project):
    project.write("my-net/__init__.py", "")
    project.write("my-net/sub/__init__.py", "from .b import K\n")
    project.write("my-net/sub/a.py", "from .b import K\nclass A: k = K\n")
    project.write("my-net/sub/b.py", "K = 4\n")
    assert project.load("my-net/sub/a.py").module_name == "sub.a"


def test_two_targets_with_equal_module_names(project):
    for folder, value in (("one", 1), ("two", 2)):
        project.write(f"{folder}/layers.py", f"V = {value}\n")
        project.write(f"{folder}/main.py", "from layers import V\n")
    first = project.load("one/main.py")
    assert first.namespace["V"] == 1
    first.close()
    assert project.load("two/main.py").namespace["V"] == 2


def test_a_file_named_like_a_library(project):
    project.write("random.py", "class Random: pass\n")
    project.write("numpy_nn.py", "import random\nclass A:\n    r = random.random\n")
    assert project.load("random.py").module_name == "user_random"
    import random

    assert project.load("numpy_nn.py").namespace["random"] is random


def test_relative_imports_in_a_package_named_like_a_library(project):
    project.write("email/__init__.py", "")
    project.write("email/a.py", "from .b import K\nclass A: k = K\n")
    project.write("email/b.py", "K = 4\n")
    assert project.load("email/a.py").namespace["A"].k == 4
    import email.message

    assert "python" in email.message.__file__


def test_a_lazy_value_of_a_sibling_stays_lazy(project, capfd):
    project.write("data.py", "def get():\n    print('work')\n    return 7\nX = get()\n")
    project.write("main.py", "from data import X\nfrom data import *\ndef f(): return X\n")
    space = project.load("main.py").namespace
    assert capfd.readouterr().out == ""
    assert space["f"]() == 7
    assert capfd.readouterr().out == "work\n"


def test_a_sibling_with_a_syntax_error_is_named(project):
    project.write("broken.py", "def f(:\n")
    project.write("main.py", "from broken import Base\nclass A(Base): pass\nclass B: pass\n")
    loaded = project.load("main.py")
    assert "broken.py:1" in loaded.failed["Base"]
    assert "A" in loaded.failed
    assert "B" in loaded.namespace


# ---- what is not installed ----------------------------------------------------------------------


def test_missing_modules_become_stand_ins(project):
    project.write(
        "layers.py",
        """
        import no_such_plot.pyplot as plt
        from no_such_numba import njit, prange
        from no_such_bars import tqdm
        import no_such_cupy
        from no_such_base import Module, Layer

        @njit
        def f(x): return x + 1

        @njit(parallel=True, cache=True)
        def g(n): return [i for i in prange(n)]

        class Dense(Layer, Module):
            def __init__(self, n: no_such_cupy.ndarray | None = None):
                super().__init__(n, key=1)
            def forward(self):
                if no_such_cupy.cuda.is_available():
                    raise RuntimeError
                plt.plot([1])
                return isinstance(1, no_such_cupy.ndarray)
            def run(self): return list(tqdm(range(3)))
            def compute(self): return no_such_cupy.dot(1, 2) + 1
        """,
    )
    loaded = project.load("layers.py")
    space = loaded.namespace
    assert (space["f"](1), space["g"](2)) == (2, [0, 1])
    dense = space["Dense"](3)
    assert dense.forward() is False
    assert dense.run() == [0, 1, 2]
    with pytest.raises(stubs.MissingModule, match="the module no_such_cupy was not found"):
        dense.compute()
    (note,) = loaded.notes
    assert note == (
        "not installed, replaced by stand-ins: no_such_plot, no_such_numba, no_such_bars, "
        "no_such_cupy, no_such_base"
    )
    assert not any(name.startswith("no_such") for name in sys.modules)


def test_arrays_cannot_be_made_of_stand_ins(project):
    project.write("layers.py", "import no_such_lib as lib\nx = lib.value\n")
    stub = project.load("layers.py").namespace["x"]
    for use in (np.asarray, float, len, list, lambda s: np.ones(2) * s, lambda s: s > 0):
        with pytest.raises(stubs.MissingModule, match=r"no_such_lib\.value is needed"):
            use(stub)


def test_torch_is_never_put_into_sys_modules(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    project.write("net.py", "import torch\nimport torch.nn as nn\nclass N(nn.Module): pass\n")
    loaded = project.load("net.py")
    assert "N" in loaded.namespace
    assert sys.modules["torch"] is None
    assert "what computes with them cannot be checked here" in loaded.notes[0]


def test_a_name_of_a_local_module_is_never_faked(project):
    project.write("layers.py", "class Dense: pass\n")
    project.write("main.py", "from layers import Conv\nclass A(Conv): pass\n")
    loaded = project.load("main.py")
    assert loaded.failed["Conv"] == "layers has no Conv"
    assert "NameError" in loaded.failed["A"]


def test_the_books_functions_are_supplied_and_said(project):
    fish = pytest.importorskip("gradcheck_reference.fish")
    if not hasattr(fish, "softmax"):
        pytest.skip("the fish reference is not there yet")
    project.write("layers.py", "from common.functions import *\nclass A: f = softmax\n")
    loaded = project.load("layers.py")
    assert loaded.namespace["softmax"] is fish.softmax
    assert loaded.notes == (
        "common.functions was not found: the book's functions taken from gradcheck_reference.fish",
    )
    project.write("unused.py", "from my_functions import *\nclass A: pass\n")
    assert project.load("unused.py").notes == (
        "not installed, replaced by stand-ins: my_functions",
    )
    project.write("two.py", "from my_functions import sigmoid, plot_it\n")
    loaded = project.load("two.py")
    assert loaded.namespace["sigmoid"] is fish.sigmoid
    assert "my_functions was not found: sigmoid taken from" in loaded.notes[0]


def test_the_books_layers_are_supplied_for_its_own_package_alone(project):
    fish = pytest.importorskip("gradcheck_reference.fish")
    for module, known in (("common.layers", True), ("my_layers", False)):
        project.write("net.py", f"from {module} import *\nclass Net:\n    made = lambda: Affine\n")
        space = project.load("net.py").namespace
        assert ("Affine" in space) is known
    project.write("net.py", "from common.layers import *\nclass Net:\n    made = lambda: Affine\n")
    assert project.load("net.py").namespace["Affine"] is fish.Affine


def test_python_2s_range(project):
    project.write("net.py", "from past.builtins import xrange\nclass Net: n = list(xrange(2))\n")
    assert project.load("net.py").namespace["Net"].n == [0, 1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_names_that_numpy_and_python_removed(project):
    project.write(
        "old.py",
        """
        import collections
        import numpy as np
        from numpy.core.umath_tests import inner1d
        class A:
            def forward(self):
                assert isinstance([], collections.Iterable)
                a = np.ones(3, dtype=np.float)
                return np.product(a), np.int(2), inner1d(a, a), np.row_stack([a, a]).shape
        """,
    )
    undo = stubs.install_aliases()
    try:
        loaded = project.load("old.py")
        assert loaded.namespace["A"]().forward() == (1.0, 2, 3.0, (2, 3))
        assert any(note.startswith("np.float (line 8) no longer exists") for note in loaded.notes)
    finally:
        undo()
    assert "float" not in vars(np)


# ---- notebooks ----------------------------------------------------------------------------------


def notebook(*cells: str) -> str:
    return json.dumps(
        {
            "nbformat": 4,
            "cells": [
                {"cell_type": "code", "source": textwrap.dedent(c).splitlines(keepends=True)}
                for c in cells
            ]
            + [{"cell_type": "markdown", "source": ["# text"]}],
        }
    )


def test_a_notebook(project):
    project.write(
        "chapter5.ipynb",
        notebook(
            "%matplotlib inline\n!pip install x\nimport numpy as np\n",
            "%%time\nclass Relu:\n    def forward(self, x): return x * (x > 0)\n",
            "%%bash\nrm -rf nothing\n",
            "files = !ls\nRelu?\nif True:\n    %load x\n    K = 2\n"
            "relu = Relu()\nrelu.forward(1/0)\n",
            "this is no python\n",
            "class Relu2(Relu): pass\n",
        ),
    )
    loaded = project.load("chapter5.ipynb")
    assert {"Relu", "Relu2", "K", "np"} <= set(loaded.namespace)
    assert loaded.notes == ("cell 5 left out: line 1: invalid syntax",)
    assert "def forward(self, x)" in inspect.getsource(loaded.namespace["Relu"])
    node = next(n for n in loaded.tree.body if getattr(n, "name", "") == "Relu2")
    from gradcheck.loading import notebooks

    assert notebooks.cell_of(loaded.source, node.lineno) == (6, 1)


def test_what_is_not_a_notebook(project):
    project.write("a.ipynb", "not json")
    project.write("b.ipynb", "{}")
    assert "not a notebook" in error("a.ipynb")
    assert error("b.ipynb").endswith("it has no cells")


def checked(path, text, name):
    """The subject of a file with this text."""
    path.write_text(textwrap.dedent(text))
    loaded = targets.load(targets.parse(f"{path}::{name}")[0])
    return run.check(loaded, name, run.Options())


@pytest.mark.parametrize(
    ("line", "status"),
    [("from no_such_module_here.layers import *", "error"), ("import math", "fail")],
)
def test_a_name_that_a_missing_module_may_bind_is_no_fail_of_the_code(tmp_path, line, status):
    text = f"""
        {line}
        import numpy as np

        class Lookup:
            def forward(self, x):
                self.inner = Inner()
                return self.inner.forward(x)

            def backward(self, dout):
                return self.inner.backward(dout)
        """
    subject = checked(tmp_path / "lookup.py", text, "Lookup")
    said = [subject.reason, *(v.message for v in subject.verdicts)]
    assert subject.status == status and "name 'Inner' is not defined" in " ".join(said)


def test_an_update_that_wants_labels_is_refused_in_one_line(tmp_path):
    text = """
        def optimize(w, dw, X, Y, learning_rate=0.1):
            for _ in range(3):
                w = w - learning_rate * dw * len(Y)
            return w
        """
    subject = checked(tmp_path / "descent.py", text, "optimize")
    assert subject.status in {"error", "skipped"} and "Traceback" not in subject.reason


def test_of_a_large_project_only_what_may_call_a_class_is_read(project, monkeypatch):
    project.write("layers.py", "class Dense:\n    def __init__(self, n, m): pass")
    project.write("main.py", "from layers import Dense\nwidth = 3\nfirst = Dense(2 * width, 4)")
    project.write("broken.py", "Dense(1, 1")
    for i in range(20):
        project.write(f"other{i}.py", "x = [1, 2, 3]")
    read = []
    parse = usages.parse_quietly
    monkeypatch.setattr(
        usages, "parse_quietly", lambda text, name: read.append(name) or parse(text, name)
    )
    loaded = project.load("layers.py:Dense")
    for _ in range(2):  # the second time nothing is read again
        assert list(usages.calls_elsewhere("Dense", loaded.namespace)) == ["Dense(6, 4)"]
    assert sorted(p.rpartition("/")[2] for p in read)[-2:] == ["layers.py", "main.py"]
    assert not [p for p in read if "other" in p]
    assert sum(p.endswith("main.py") for p in read) == 1


def test_a_model_without_a_learning_rate_is_skipped(tmp_path):
    path = tmp_path / "neighbours.py"
    path.write_text(
        "class Neighbours:\n"
        "    def fit(self, X, y):\n        self.X, self.y = X, y\n\n"
        "    def predict(self, X):\n        return self.y[[((self.X - x) ** 2).sum(1).argmin() for x in X]]\n",
        encoding="utf-8",
    )
    loaded = targets.load(targets.parse(str(path))[0])
    subject = run.check(loaded, "Neighbours", run.Options())
    assert subject.status == "skipped" and "no learning rate" in subject.reason
