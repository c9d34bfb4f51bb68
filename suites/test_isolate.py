"""User code that hangs, crashes, exits or fills memory costs its own row and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gradcheck import isolate, targets

#: A checker that only constructs the class and calls its forward: what is tested is isolation.
ENGINE = """
import ast
from dataclasses import dataclass
from types import SimpleNamespace
from gradcheck.types import Case, Subject, Verdict

@dataclass(frozen=True)
class Options:
    init: tuple = ()
    input: tuple | None = None
    labels: str | None = None
    laws: tuple = ()
    seed: int = 0
    examples: int | None = None
    replay: str | None = None
    exhaustive: bool = False
    seconds: float | None = None
    early: object = None

def plan(loaded, only):
    names = [n.name for n in loaded.tree.body if isinstance(n, ast.ClassDef)]
    return [
        SimpleNamespace(name=n, kind="layer", convention="fake", line=1,
                        reason="abstract" if n == "Layer" else "")
        for n in names if n in loaded.namespace and only in (None, n)
    ]

def check(loaded, name, options):
    if name.endswith("InDiagnosis"):
        verdict = Verdict("contract", "fail", message="known before", case=Case(seed=3))
        options.early(Subject("", name, "layer", "fake", "fail", verdicts=(verdict,)))
    value = loaded.namespace[name]().forward()
    verdict = Verdict("contract", "pass", message=f"{value} {options.seed} {options.init}",
                      case=Case(seed=3))
    return Subject("", name, "layer", "fake", "pass", verdicts=(verdict,))
"""

FILE = """
    import ctypes, os, sys, time
    import numpy as np

    class Layer: pass

    class Right:
        def forward(self): return 1.0

    class HangsInDiagnosis:
        def forward(self):
            while True: pass

    class RaisesInDiagnosis:
        def forward(self): raise RuntimeError("late")

    class Hangs:
        def forward(self):
            while True: pass

    class Exits:
        def forward(self): sys.exit(3)

    class ExitsAtOnce:
        def forward(self): os._exit(7)

    class Hungry:
        def forward(self):
            held = []
            while True: held.append(np.empty(10_000_000))

    class HungryAndPatient:
        def forward(self):
            while True:
                held = []
                try:
                    while True: held.append(np.empty(10_000_000))
                except MemoryError: pass

    class Crashes:
        def forward(self): ctypes.string_at(0)

    class Prints:
        def forward(self):
            line = "x" * 1_000_000
            for _ in range(20):
                print(line); print(line, file=sys.stderr)
                os.write(1, b"raw"); os.write(2, b"raw")
            return 1.0

    class Raises:
        def forward(self): raise ValueError("no such thing")

    class Interrupts:
        def forward(self): raise KeyboardInterrupt

    class ForksASleeper:
        def forward(self):
            if os.fork() == 0:
                time.sleep(600)
            return 1.0

    class ForksATwin:
        def forward(self):
            os.fork()
            return 1.0

    class ReadsStdin:
        def forward(self): return input()

    class Last:
        def forward(self): return 2.0
"""


def line(text: str) -> int:
    """The line of `FILE`, as it is written to disk, that holds a text."""
    return next(i for i, t in enumerate(textwrap.dedent(FILE).splitlines(), 1) if text in t)


@pytest.fixture
def make_job(tmp_path, monkeypatch):
    (tmp_path / "fake_engine.py").write_text(ENGINE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(source: str, name: str | None = None, **changes) -> isolate.Job:
        folder = tmp_path / "user"
        folder.mkdir(exist_ok=True)
        file = folder / "layers.py"
        file.write_text(textwrap.dedent(source))
        target = targets.Target("layers.py", file, None, name)
        return isolate.Job(target, **{"engine": "fake_engine", "timeout": 20.0, **changes})

    return make


def sleepers(marker: str) -> list[int]:
    """Processes whose environment carries `marker`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return [pid for pid in found if pid != os.getpid()]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """One run over every kind of bad class."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "fake_engine.py").write_text(ENGINE)
    (folder / "layers.py").write_text(textwrap.dedent(FILE))
    target = targets.Target("layers.py", folder / "layers.py")
    job = isolate.Job(target, engine="fake_engine", timeout=6.0, memory=512)
    marker = f"GRADCHECK_TEST_{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        patch.setenv(marker, "1")
        (result,) = isolate.check_all([job], parallel=2)
    assert result.error == ""
    return {"order": [s.name for s in result.subjects], "marker": marker} | {
        s.name: s for s in result.subjects
    }


def test_what_was_known_before_the_diagnosis_is_kept(rows):
    for name, why in (
        ("HangsInDiagnosis", "did not finish within 6 s (--timeout changes it)"),
        ("RaisesInDiagnosis", "raised RuntimeError: late"),
    ):
        (verdict,) = rows[name].verdicts
        assert verdict.message == "known before"
        assert f"no causes are given: the diagnosis {why}" in rows[name].notes[-1]


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("Layer", "skipped", "abstract"),
        ("Right", "pass", ""),
        ("Hangs", "error", "did not finish within 6 s (--timeout changes it)"),
        ("HangsInDiagnosis", "fail", ""),
        ("RaisesInDiagnosis", "fail", ""),
        ("Exits", "error", "called sys.exit(3)"),
        ("ExitsAtOnce", "error", "ended the process (exit status 7) before a verdict"),
        ("Hungry", "error", "ran out of memory (limit 512 MiB; --memory changes it)"),
        ("HungryAndPatient", "error", "ran out of memory (limit 512 MiB; --memory changes it)"),
        ("Prints", "pass", ""),
        (
            "Raises",
            "error",
            f"raised ValueError: no such thing (layers.py:{line('raise ValueError')})",
        ),
        ("Interrupts", "error", f"raised KeyboardInterrupt (layers.py:{line('KeyboardInt')})"),
        ("ForksASleeper", "pass", ""),
        ("ForksATwin", "pass", ""),
        ("Last", "pass", ""),
    ],
)
def test_each_bad_class_costs_its_own_row_only(rows, name, status, reason):
    assert (rows[name].status, rows[name].reason) == (status, reason)
    assert rows[name].target == f"layers.py::{name}"
    assert rows[name].kind == "layer"


def test_a_segmentation_fault_is_named_with_the_line(rows):
    assert rows["Crashes"].status == "error"
    assert rows["Crashes"].reason == (
        f"crashed: segmentation fault (SIGSEGV) in forward, layers.py:{line('string_at')}"
    )


def test_stdin_is_closed(rows):
    assert rows["ReadsStdin"].status == "error"
    assert "EOFError" in rows["ReadsStdin"].reason


def test_rows_come_in_the_order_of_the_file(rows):
    classes = [line.split()[1].rstrip(":") for line in FILE.splitlines() if "class " in line]
    assert rows["order"] == classes


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_process_is_left_behind(rows):
    end = time.monotonic() + 5
    while sleepers(rows["marker"]) and time.monotonic() < end:
        time.sleep(0.05)
    assert sleepers(rows["marker"]) == []


def test_options_reach_the_check_and_the_replay_command_repeats_flags(make_job):
    job = make_job(
        "class A:\n def forward(self): return 1",
        options={"seed": 5, "init": ["A()"]},
        flags="--init 'A()'",
    )
    (result,) = isolate.check_all([job])
    verdict = result.subjects[0].verdicts[0]
    assert verdict.message == "1 5 ('A()',)"
    assert verdict.detail["replay"] == (
        "gradcheck check layers.py::A --law contract --replay seed=3 --init 'A()'"
    )


def test_a_file_that_hangs_while_it_is_loaded(make_job, monkeypatch):
    monkeypatch.setattr(isolate, "_GRACE", 1.0)
    job = make_job("class A:\n    while True: pass", timeout=2.0)
    begin = time.monotonic()
    (result,) = isolate.check_all([job])
    assert result.error == "layers.py: did not finish within 2 s while it was loaded"
    assert time.monotonic() - begin < 15


def test_a_file_that_crashes_while_it_is_loaded(make_job):
    job = make_job("import ctypes\nclass A:\n    x = ctypes.string_at(0)")
    (result,) = isolate.check_all([job])
    assert result.error == "layers.py: crashed (SIGSEGV) while it was loaded"


def test_a_file_that_exits_while_it_is_loaded(make_job):
    job = make_job("import os\nclass A:\n    os._exit(5)")
    (result,) = isolate.check_all([job])
    assert "ended the process (exit status 5)" in result.error


def test_a_file_that_fills_stderr_without_a_newline_while_it_is_loaded(make_job):
    job = make_job(
        "import sys\nclass A:\n"
        "    sys.stderr.write('x' * 30_000_000)\n    def forward(self): return 1"
    )
    (result,) = isolate.check_all([job])
    assert [s.status for s in result.subjects] == ["pass"]


def test_a_load_error_is_one_line_and_other_files_still_run(make_job, tmp_path):
    good = make_job("class A:\n def forward(self): return 1")
    bad = tmp_path / "user" / "broken.py"
    bad.write_text("x = 1\ndef f(:\n    pass\n")
    job = isolate.Job(targets.Target("broken.py", bad), engine="fake_engine")
    first, second = isolate.check_all([job, good])
    assert first.error == "broken.py:2: syntax error, invalid syntax: def f(:"
    assert [s.status for s in second.subjects] == ["pass"]


def test_a_class_that_cannot_be_defined_is_an_error_row(make_job):
    job = make_job("class A(NoSuchBase):\n    pass\nclass B:\n    def forward(self): return 1\n")
    (result,) = isolate.check_all([job])
    assert {s.name: s.status for s in result.subjects} == {"A": "error", "B": "pass"}
    reason = next(s.reason for s in result.subjects if s.name == "A")
    assert reason == ("could not be defined: NameError: name 'NoSuchBase' is not defined (line 1)")


def test_names_to_skip(make_job):
    job = make_job("class Old1:\n pass\nclass A:\n def forward(self): return 1", skip=("Old*",))
    (result,) = isolate.check_all([job])
    assert [(s.name, s.status) for s in result.subjects] == [("Old1", "skipped"), ("A", "pass")]


def test_without_fork_each_class_gets_a_process_of_its_own(make_job):
    job = make_job(
        """
        import os
        class A:
            def forward(self): return 1
        class B:
            def forward(self): os._exit(7)
        class C:
            def forward(self):
                while True: pass
        class D:
            def forward(self): return 1
        """,
        fork=False,
        timeout=2.0,
    )
    (result,) = isolate.check_all([job])
    assert [s.status for s in result.subjects] == ["pass", "error", "error", "pass"]
    assert "exit status 7" in result.subjects[1].reason
    assert "did not finish within 2 s" in result.subjects[2].reason


def test_in_process_the_same_rows_and_nothing_left_in_the_process(make_job, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(tmp_path))
    before = list(sys.path), set(sys.modules), list(sys.meta_path)
    job = make_job(
        "import sys\nclass A:\n def forward(self): return 1\n"
        "class B:\n def forward(self): raise ValueError('x')\n"
        "class C:\n def forward(self): sys.exit(1)\n"
    )
    result = isolate.check_here(job)
    assert [s.status for s in result.subjects] == ["pass", "error", "error"]
    assert result.subjects[1].reason == "raised ValueError: x (layers.py:5)"
    assert (list(sys.path), list(sys.meta_path)) == (before[0], before[2])
    assert set(sys.modules) - before[1] <= {"fake_engine"}
    sys.modules.pop("fake_engine", None)


def test_progress_is_told_of_every_subject(make_job):
    seen = []
    job = make_job(
        "class A:\n def forward(self): return 1\nclass B(A):\n pass\nclass Layer:\n pass"
    )
    isolate.check_all(
        [job], progress=lambda done, known, s: seen.append((done, known, s and s.name))
    )
    assert seen[0] == (0, 2, None)
    assert [s[:2] for s in seen[1:]] == [(1, 2), (2, 2)]
    assert {s[2] for s in seen[1:]} == {"A", "B"}


def test_ten_classes_cost_little_more_than_one(make_job):
    source = "import numpy as np\n" + "".join(
        f"class L{i}:\n    def forward(self): return np.zeros(3)\n" for i in range(10)
    )
    begin = time.monotonic()
    (result,) = isolate.check_all([make_job(source)], parallel=2)
    assert [s.status for s in result.subjects] == ["pass"] * 10
    assert time.monotonic() - begin < 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals")
def test_interrupting_the_parent_ends_every_child(tmp_path):
    (tmp_path / "fake_engine.py").write_text(ENGINE)
    (tmp_path / "layers.py").write_text(
        "import pathlib, time\nclass A:\n    def forward(self):\n"
        f"        pathlib.Path({str(tmp_path / 'started')!r}).touch()\n        time.sleep(600)\n"
    )
    script = (
        "from pathlib import Path\nfrom gradcheck import isolate, targets\n"
        f"t = targets.Target('layers.py', Path({str(tmp_path / 'layers.py')!r}))\n"
        "isolate.check_all([isolate.Job(t, engine='fake_engine', timeout=600)])\n"
    )
    root = str(Path(isolate.__file__).parent.parent)
    marker = f"GRADCHECK_INTERRUPT_{os.getpid()}"
    path = os.pathsep.join([str(tmp_path), root])
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": path, marker: "1"},
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 30
    while not (tmp_path / "started").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert (tmp_path / "started").exists()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    while sleepers(marker) and time.monotonic() < end:
        time.sleep(0.05)
    assert sleepers(marker) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are asked for in /proc")
def test_a_file_that_hangs_does_not_outlive_a_command_that_was_killed(tmp_path):
    noted = tmp_path / "pid"
    file = tmp_path / "hangs.py"
    file.write_text(
        "import os\n\nclass Hangs:\n"
        f"    open({str(noted)!r}, 'w').write(str(os.getpid()))\n"
        "    while True:\n        pass\n"
    )
    command = subprocess.Popen([sys.executable, "-m", "gradcheck", "check", str(file)])
    try:
        assert waited(lambda: noted.exists() and noted.read_text()), "the file was not loaded"
        child = Path(f"/proc/{noted.read_text()}")
        assert child.exists()
    finally:
        command.kill()
        command.wait()
    assert waited(lambda: not child.exists() or " Z " in (child / "stat").read_text())


def waited(condition, seconds=30.0):
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("X = 1\n", False),
        ("from numpy import *\n", False),
        ("def f(x): return x\n", True),
        ("f = lambda x: x\n", True),
        ("X = (\n", True),
        ("X = 1\0\n", True),
    ],
)
def test_only_a_file_that_may_define_something_gets_a_child(tmp_path, text, asked):
    file = tmp_path / "code.py"
    file.write_text(text)
    job = isolate.Job(targets.Target("code.py", file), engine="no_engine_of_this_name")
    (result,) = isolate.check_all([job])
    assert bool(result.error) is asked and not result.subjects
