"""The command line: exit codes, one clear line for bad input, output that scripts can rely on."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import gradcheck
from gradcheck import cli, config, isolate, output
from gradcheck.report import jsonfile, terminal
from gradcheck.types import Case, Cause, Entry, Subject, Verdict

ROOT = Path(gradcheck.__file__).parent.parent

RIGHT = """
    import numpy as np

    class Dense:
        def __init__(self, n_inputs, n_neurons):
            self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
            self.biases = np.zeros((1, n_neurons))

        def forward(self, inputs):
            self.inputs = inputs.copy()
            self.output = inputs @ self.weights + self.biases

        def backward(self, dvalues):
            self.dweights = self.inputs.T @ dvalues
            self.dbiases = dvalues.sum(axis=0, keepdims=True)
            self.dinputs = dvalues @ self.weights.T
"""
WRONG = RIGHT.replace("= dvalues @", "= 2 * dvalues @")


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")

    def save(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return name

    return save


def run(capsys, *argv: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    try:
        code = cli.main(list(argv))
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    return code, out, err


# ---- commands and exit codes --------------------------------------------------------------------


def test_right_code_is_0_and_wrong_code_is_1_with_the_gradient_named(write, capsys):
    code, out, err = run(capsys, "check", write("right.py", RIGHT))
    assert (code, err) == (0, "")
    assert re.search(r"Dense +layer +inputs, weights, biases +\de-\d+ +ok \(\d+\) +pass", out)
    code, out, err = run(capsys, "check", write("wrong.py", WRONG))
    assert (code, err) == (1, "")
    assert re.search(r"Dense .*wrong: inputs .*FAIL", out)
    assert "FAIL  Dense.inputs   [gradient]" in out
    assert "wrong.py:4" in out or "wrong.py:" in out
    assert re.search(r"dinputs\[\d, \d\] = .*, but should be .* \(± ", out)
    assert re.search(r"^    \[\d, \d\] .* ± .* 2$", out, re.M)  # the ratio


def test_the_replay_command_repeats_the_failure(write, capsys):
    _, out, _ = run(capsys, "check", write("wrong.py", WRONG))
    command = re.search(r"replay: gradcheck (.*)", out)[1]
    code, out, _ = run(capsys, *command.split())
    assert code == 1
    assert "FAIL  Dense.inputs   [gradient]" in out


def test_a_replay_of_a_configuration_that_is_not_there(write, capsys):
    code, out, _ = run(capsys, "check", write("right.py", RIGHT), "--replay", "seed=0,config=9")
    assert code == 1
    assert re.search(
        r"--replay asks for config=9, but Dense has \d, counted from 0", " ".join(out.split())
    )


def test_explain_takes_a_cause_as_the_table_writes_it(capsys):
    for spelling in ("sign-flipped", "sign flipped", "SIGN_FLIPPED"):
        code, out, _ = run(capsys, "explain", spelling)
        assert code == 0
        assert out.startswith("sign-flipped\n")


def test_a_name_in_a_file(write, capsys):
    name = write(
        "two.py", RIGHT + WRONG.replace("Dense", "Bad").replace("    import numpy as np", "")
    )
    assert run(capsys, "check", f"{name}::Dense")[0] == 0
    assert run(capsys, "check", f"{name}::Bad")[0] == 1
    code, out, err = run(capsys, "check", f"{name}::Dens")
    assert (code, out) == (2, "")
    assert err == "gradcheck: two.py: no class or function Dens; did you mean Dense?\n"


def test_a_pair_of_functions_by_its_stem_or_either_name(write, capsys):
    write(
        "pairs.py",
        """
        def scale_forward(x, w):
            return x * w, (x, w)

        def scale_backward(dout, cache):
            x, w = cache
            return dout * w, dout * x

        def helper(x):
            return x
        """,
    )
    for name in ("scale", "scale_forward", "scale_backward"):
        code, out, err = run(capsys, "check", f"pairs.py::{name}", "--law", "gradient")
        assert (code, err) == (0, "")
        assert re.search(r"^scale +function +x", out, re.M)
    code, _, err = run(capsys, "check", "pairs.py::helper")
    assert code == 2
    assert err.startswith("gradcheck: pairs.py::helper: nothing to check: neither a class with")
    assert run(capsys, "check", "pairs.py::scal_x", "--in-process")[2] == (
        "gradcheck: pairs.py: no class or function scal_x; did you mean scale_forward or "
        "scale_backward?\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "nothing.py: no such file, folder or module"),
        ("def f(:\n", "nothing.py:1: syntax error, invalid syntax: def f(:"),
    ],
)
def test_a_target_that_cannot_be_read_is_2_with_one_line(write, capsys, text, message):
    if text is not None:
        write("nothing.py", text)
    code, out, err = run(capsys, "check", "nothing.py")
    assert (code, out, err) == (2, "", f"gradcheck: {message}\n")


def test_with_other_targets_it_is_an_error_row_and_they_still_run(write, capsys):
    write("broken.py", "def f(:\n")
    code, out, _ = run(
        capsys, "check", "no_such.py", "broken.py", write("right.py", RIGHT), "--json", "r.json"
    )
    assert code == 1
    assert "error no_such.py: no such file, folder or module" in out
    assert "error broken.py:1: syntax error" in out
    assert "1 pass" in out
    rows = json.loads(Path("r.json").read_text())["subjects"]
    assert [(r["target"], r["status"]) for r in rows] == [
        ("no_such.py", "error"),
        ("broken.py", "error"),
        ("right.py::Dense", "pass"),
    ]


def test_nothing_recognisable_is_3_and_says_what_was_looked_for(write, capsys):
    code, out, _ = run(capsys, "check", write("plain.py", "X = 1\n"))
    assert code == 3
    assert "nothing recognised: looked for classes with a forward and a backward method" in out
    assert "nothing verified" in out


def test_a_constructor_that_cannot_be_guessed_says_how_to_give_it(write, capsys):
    source = (
        RIGHT.replace("n_inputs, n_neurons)", "spec)")
        .replace("0.1 * np.random.randn(n_inputs, n_neurons)", "spec.first(np.ones((2, 3)))")
        .replace("(1, n_neurons)", "(1, spec.second)")
    )
    write("odd.py", source)
    code, out, _ = run(capsys, "check", "odd.py")
    assert code in (1, 3)
    assert "spec" in out
    assert "--init" in out


def test_init_and_input_are_used_and_repeated_in_the_replay_command(write, capsys):
    source = (
        WRONG.replace("n_inputs, n_neurons", "sizes")
        .replace("n_inputs, n_neurons", "*sizes")
        .replace("randn(sizes)", "randn(*sizes)")
        .replace("(1, n_neurons)", "(1, sizes[1])")
    )
    write("odd.py", source)
    code, out, err = run(capsys, "check", "odd.py", "--init", "Dense((4, 2))", "--input", "3x4")
    assert (code, err) == (1, "")
    assert "case: Dense((4, 2))" in out
    assert re.search(r"replay: .* --init 'Dense\(\(4, 2\)\)' --input 3,4$", out, re.M)


def test_an_init_for_a_name_that_is_not_there_is_said(write, capsys):
    _, _, err = run(capsys, "check", write("right.py", RIGHT), "--init", "Dence(3)")
    assert err == "gradcheck: --init Dence(3): nothing of that name was found\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--init", "4, 3"], "not a call such as Dense(4, 3)"),
        (["--init", "Dense(4,"], "is not an expression"),
        (["--input", "3,-4"], "not a shape such as 3,4"),
        (["--timeout", "0"], "not a number of seconds above 0"),
        (["--timeout", "nan"], "not a number of seconds above 0"),
        (["--examples", "none"], "not a whole number above 0"),
        (["--format", "pdf"], "invalid choice"),
        (["--law", "gradiant"], "no law gradiant; did you mean gradient"),
        (["--seed", "-1"], "'-1' is not a whole number, 0 or more"),
        (["--input", "3,x"], "'3,x' is not a shape such as 3,4"),
        (["--labels", "hot"], "'hot' is none of index, index_column, onehot"),
        (["--replay", "seed=0,N=0"], "'N=0' gives no size: a whole number above 0"),
        (["--replay", "seed=abc"], "seed=abc, but seed is a whole number, 0 or more"),
        (["--replay", "dtype=float8"], "dtype=float8, but dtype is one of float64, float32"),
    ],
)
def test_a_bad_option_is_2(write, capsys, arguments, message):
    code, out, err = run(capsys, "check", write("right.py", RIGHT), *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_json_on_stdout_is_only_json_and_obeys_the_schema(write, capsys):
    jsonschema = pytest.importorskip("jsonschema")
    code, out, _ = run(capsys, "check", write("wrong.py", WRONG), "--json", "-")
    assert code == 1
    data = json.loads(out)
    jsonschema.validate(data, jsonfile.schema())
    (subject,) = data["subjects"]
    assert (subject["target"], subject["name"], subject["status"]) == (
        "wrong.py::Dense",
        "Dense",
        "fail",
    )
    verdict = next(v for v in subject["verdicts"] if v["status"] == "fail")
    assert (verdict["law"], verdict["wrt"]) == ("gradient", "inputs")
    assert verdict["claimed"] / verdict["measured"] == pytest.approx(2, rel=1e-6)
    assert verdict["replay"].startswith("gradcheck check wrong.py::Dense --law gradient --replay ")


def test_in_process_gives_the_same_verdicts(write, capsys):
    write("wrong.py", WRONG)
    verdicts = []
    for extra in ([], ["--in-process"]):
        _, out, _ = run(capsys, "check", "wrong.py", "--json", "-", *extra)
        rows = json.loads(out)["subjects"][0]["verdicts"]
        verdicts.append([(v["law"], v["wrt"], v["status"], v["claimed"]) for v in rows])
    assert verdicts[0] == verdicts[1]


def test_after_nnfs_init_the_same_verdicts_and_the_users_numpy_back(write, capsys):
    pytest.importorskip("nnfs")
    write("right.py", RIGHT)
    write("wrong.py", WRONG)
    write(
        "patched.py",
        """
        import json, sys
        import numpy as np, nnfs
        nnfs.init()
        theirs = np.dot, np.zeros, np.eye, np.random.randn
        from gradcheck import cli
        cli.main(["check", "right.py", "wrong.py", "--law", "gradient", "--in-process"]
                 + sys.argv[1:])
        assert theirs == (np.dot, np.zeros, np.eye, np.random.randn)
        """,
    )

    def verdicts(text: str) -> list:
        rows = json.loads(text)["subjects"]
        return [
            (r["status"], [(v["law"], v["wrt"], v["status"]) for v in r["verdicts"]]) for r in rows
        ]

    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.run(
            [sys.executable, "patched.py", *extra], capture_output=True, text=True, env=environment
        )
        for extra in (["--json", "-"], [])
    ]
    _, plain, _ = run(capsys, "check", "right.py", "wrong.py", "--law", "gradient", "--json", "-")
    assert [r.stderr for r in runs] == ["", ""]
    assert verdicts(runs[0].stdout) == verdicts(plain)
    assert runs[1].stdout.count("  nnfs.init() undone while checking\n") == 2


def test_one_law_and_a_seed(write, capsys):
    _, out, _ = run(
        capsys, "check", write("right.py", RIGHT), "--law", "contract", "--seed", "7", "--json", "-"
    )
    verdicts = json.loads(out)["subjects"][0]["verdicts"]
    assert {v["law"] for v in verdicts} == {"contract"}
    assert {v["case"]["seed"] for v in verdicts if v["case"]} == {7}


def test_other_formats_and_a_report_folder(write, capsys):
    write("wrong.py", WRONG)
    _, out, _ = run(capsys, "check", "wrong.py", "--format", "github")
    assert out.startswith("::error file=wrong.py,")
    _, out, _ = run(capsys, "check", "wrong.py", "--format", "markdown", "--report", "out")
    assert out.startswith("#")
    assert {"report.md", "report.json", "report.txt", "junit.xml"} <= set(os.listdir("out"))
    assert "FAIL  Dense.inputs" in Path("out/report.txt").read_text()


def test_a_report_that_cannot_be_written_is_2(write, capsys):
    write("right.py", RIGHT)
    code, _, err = run(capsys, "check", "right.py", "--json", "no/such/folder/x.json")
    assert code == 2
    assert err == "gradcheck: no/such/folder/x.json: cannot be written: No such file or directory\n"


def test_list_shows_how_things_would_be_built(write, capsys):
    code, out, _ = run(capsys, "list", write("right.py", RIGHT + "\n    class Layer: pass\n"))
    assert code == 0
    assert re.search(r"Dense +layer .*Dense\(\d+, \d+\)", out)
    assert re.search(r"Layer +.*skipped: ", out)
    assert "1 to check, 1 skipped" in out
    assert run(capsys, "list", "no_such.py")[0] == 2


def test_laws_are_listed_with_a_line_each(capsys):
    code, out, _ = run(capsys, "laws")
    assert code == 0
    lines = [line for line in out.splitlines() if line.strip()]
    assert any(line.startswith("gradient ") and len(line.split()) > 3 for line in lines)


def test_version_and_no_command(capsys):
    assert run(capsys, "--version")[:2] == (0, f"gradcheck {gradcheck.__version__}\n")
    code, out, _ = run(capsys)
    assert code == 2
    assert "check" in out


def test_help_is_fast_and_imports_nothing_heavy():
    code = (
        "import sys\nfrom gradcheck import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'hypothesis', 'tabulate', 'rich') if m in sys.modules])"
    )
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - begin < 1.0  # 0.07 s on a quiet machine; the promise is 0.4


def test_as_a_module_and_into_a_closed_pipe(write):
    write("wrong.py", WRONG)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m gradcheck check wrong.py | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment)
    assert done.stdout.startswith("wrong.py   1 found")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_folder_of_sixty_files(write, capsys):
    for i in range(50):
        write(f"f/ok{i}.py", RIGHT)
    for i in range(4):
        write(f"f/broken{i}.py", "def f(:\n")
        write(f"f/trains{i}.py", RIGHT + "\n    while True: pass\n")
    for i in range(2):
        write(f"f/hangs{i}.py", RIGHT.replace("self.inputs = inputs.copy()", "while True: pass"))
    begin = time.monotonic()
    code, out, _ = run(capsys, "check", "f", "--timeout", "20")
    assert code == 1
    assert time.monotonic() - begin < 180
    assert "6 error" in out
    assert "54 pass" in out
    assert len(re.findall(r"^f/\S+ +", out, re.M)) == 60


# ---- pyproject.toml -----------------------------------------------------------------------------


def test_the_table_supplies_defaults(write, capsys):
    write(
        "pyproject.toml",
        """
        [tool.gradcheck]
        init = { Dense = "(4, 2)" }
        skip = ["Old*"]
        timeout = 50
        memory = 3000
        """,
    )
    write("right.py", RIGHT + "\n    class OldDense(Dense): pass\n")
    _, out, _ = run(capsys, "check", "right.py", "--json", "-")
    rows = {s["name"]: s for s in json.loads(out)["subjects"]}
    assert rows["Dense"]["built"] == "Dense(4, 2)"
    assert (rows["OldDense"]["status"], rows["OldDense"]["reason"]) == (
        "skipped",
        "skip in [tool.gradcheck]",
    )
    table = config.read(Path("right.py"))
    assert (table.timeout, table.memory) == (50.0, 3000)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("labls = 'index'", "unknown key 'labls'; did you mean labels?"),
        ("zzz = 1", "unknown key 'zzz'; known keys: init, input"),
        ("input = 'a'", "input = 'a', but should be a shape, [3, 4]"),
        ("init = ['x']", "init = ['x'], but should be a table of expressions"),
        ("init = { Dense = '3' }", "but should be a table of expressions"),
        ("timeout = -1", "timeout = -1, but should be a number of seconds"),
        ("memory = 'big'", "memory = 'big', but should be a number of MiB"),
        ("skip = 'x'", "skip = 'x', but should be a list of names"),
        ("skip = [1]", "skip = [1], but should be a list of names"),
        ("= 1", "cannot be read"),
    ],
)
def test_a_bad_table_is_2(write, capsys, table, message):
    write("pyproject.toml", f"[tool.gradcheck]\n{table}\n")
    code, out, err = run(capsys, "check", write("right.py", RIGHT))
    assert (code, out) == (2, "")
    assert "pyproject.toml" in err
    assert message in err
    assert err.count("\n") <= 2


# ---- JSON ---------------------------------------------------------------------------------------

CASE = Case(seed=3, sizes=(("N", 1), ("D", 5)), labels="index", label_dtype="uint8", train=False)
FAILED = Verdict(
    "gradient",
    "fail",
    "biases",
    "dbiases[0, 1] = 0.42, but should be 1.26 (± 2e-10) [gradient, Layer_Dense, inputs (3, 4)]",
    wrong=2,
    size=3,
    index=(0, 1),
    claimed=0.42,
    measured=1.26,
    bound=2e-10,
    entries=(Entry((0, 1), 0.42, 1.26, 2e-10), Entry((0, 2), math.nan, math.inf, math.nan)),
    cause=Cause("missing-mean", "1/N is missing", "ratio 3 = N", "divide by N", 12, "x = 1"),
    case=CASE,
    detail={"shapes": {"inputs": (3, 4)}, "array": np.arange(3), "odd": {1: np.float32(2)}},
)
SUBJECT = Subject(
    "my_layers.py::Layer_Dense",
    "Layer_Dense",
    "layer",
    "nnfs",
    "fail",
    built="Layer_Dense(4, 3)",
    line=7,
    verdicts=(
        FAILED,
        Verdict("gradient", "pass", "inputs", resolution=3e-10),
        Verdict("contract", "note", message="input stored by reference"),
    ),
    notes=("nnfs.init() undone while checking",),
    seconds=0.25,
    forward_calls=41,
)


def test_a_report_survives_the_round_trip():
    (back,) = jsonfile.loads(jsonfile.dumps([SUBJECT]))
    assert dataclasses.replace(back, verdicts=()) == dataclasses.replace(SUBJECT, verdicts=())
    first = back.verdicts[0]
    plain = {"detail": {}, "entries": ()}
    assert dataclasses.replace(first, **plain) == dataclasses.replace(FAILED, **plain)
    assert first.entries[0] == FAILED.entries[0]
    assert math.isnan(first.entries[1].claimed)
    assert first.entries[1].measured == math.inf
    assert first.detail["array"] == [0, 1, 2]
    assert first.detail["odd"] == {"1": 2.0}
    assert jsonfile.dumps([back]) == jsonfile.dumps(jsonfile.loads(jsonfile.dumps([back])))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32(0.5), 0, None])
def test_every_number_is_strict_json_and_obeys_the_schema(value):
    jsonschema = pytest.importorskip("jsonschema")
    verdict = dataclasses.replace(
        FAILED, claimed=value, bound=value, resolution=value, detail={"x": value, "y": {value}}
    )
    text = jsonfile.dumps([dataclasses.replace(SUBJECT, verdicts=(verdict,))])

    def refuse(name):
        raise AssertionError(name)

    jsonschema.validate(json.loads(text, parse_constant=refuse), jsonfile.schema())
    (back,) = jsonfile.loads(text)
    assert back.verdicts[0].claimed == pytest.approx(value, nan_ok=True)


def test_a_file_that_is_not_a_report():
    with pytest.raises(ValueError, match="schema is None, expected 'gradcheck/1'"):
        jsonfile.loads("{}")


def test_the_schema_refuses_an_unknown_status_and_a_missing_key():
    jsonschema = pytest.importorskip("jsonschema")
    data = json.loads(jsonfile.dumps([SUBJECT]))
    jsonschema.validate(data, jsonfile.schema())
    for change in ({"status": "maybe"}, {"verdicts": None}, {"kind": "thing"}):
        bad = {**data, "subjects": [{**data["subjects"][0], **change}]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, jsonfile.schema())
    del data["subjects"][0]["verdicts"][0]["replay"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, jsonfile.schema())


# ---- the terminal report ------------------------------------------------------------------------


def report(*subjects: Subject, notes: tuple[str, ...] = (), **options) -> str:
    return terminal.render([terminal.FileReport("my_layers.py", subjects, notes)], **options)


def test_a_failure_is_told_completely():
    text = report(SUBJECT, seconds=1.0)
    assert "my_layers.py   1 found\n" in text
    assert re.search(r"Layer_Dense +layer +1 of 2 wrong: biases .*FAIL +missing mean", text)
    assert "1 fail · 1.0 s" in text
    assert re.search(r"^FAIL  Layer_Dense.biases   \[gradient\] +my_layers.py:12$", text, re.M)
    assert "dbiases[0, 1] = 0.42, but should be 1.26" in text
    assert "2 of 3 entries wrong" in text
    assert "labels index uint8; evaluation mode; seed 3" in text
    assert re.search(r"\[0, 1\] +0.42 +1.26 ± 2e-10 +0.3333", text)
    assert "cause (confirmed): 1/N is missing" in text
    assert "12 | x = 1" in text
    assert "fix: divide by N" in text
    assert "gradcheck check my_layers.py::Layer_Dense --law gradient --replay seed=3,N=1," in text
    assert "note  Layer_Dense  input stored by reference" in text
    assert "built as: Layer_Dense(4, 3)" in text


def test_a_pass_prints_its_resolution_and_what_it_means():
    verdicts = tuple(
        Verdict("gradient", "pass", wrt, resolution=r) for wrt, r in (("x", 1e-10), ("W", 3e-9))
    )
    text = report(Subject("a.py::A", "A", "layer", status="pass", verdicts=verdicts))
    assert re.search(r"A +layer +x, W +3e-9 ", text)
    assert "beside a gradient: the smallest relative error that would have been caught)" in text


def test_the_same_text_with_and_without_colour():
    plain = report(SUBJECT, colour=False)
    coloured = report(SUBJECT, colour=True)
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert coloured != plain


def test_no_line_is_longer_than_100_columns():
    words = "a long sentence " * 30
    verdict = dataclasses.replace(FAILED, message=words, wrt="weights_of_the_output_gate")
    long = dataclasses.replace(
        SUBJECT,
        name="Activation_Softmax_Loss_CategoricalCrossentropy_WithLabelSmoothing",
        verdicts=(verdict, dataclasses.replace(FAILED, law="inputs_unchanged", cause=None)),
    )
    others = [
        Subject("a.py::B", "B", "layer", status="error", reason=words),
        Subject("a.py::C", "C", "layer", status="skipped", reason=words),
        Subject(
            "a.py::D", "D", "layer", status="inconclusive",
            verdicts=(Verdict("gradient", "inconclusive", "x", words),),
        ),
    ]  # fmt: skip
    for line in report(long, *others, notes=(words,)).splitlines():
        assert len(line) <= 100 or "replay:" in line


def test_numbers_like_1e5_and_odd_names_are_shown_as_they_are():
    subject = Subject("a.py::1e5", "1e5", "layer", status="error", reason="a|b\nc é 层")
    text = report(subject)
    assert re.search(r"^1e5 +layer +error +a\|b c é 层$", text, re.M)


def test_one_law_over_many_gradients_is_one_text():
    notes = tuple(Verdict("gradient", "note", w, f"{w} differs") for w in ("W", "b", "x"))
    text = report(Subject("a.py::A", "A", "layer", status="note", verdicts=notes))
    assert "note  A  W differs (also b, x)\n" in text


def test_equal_notes_are_folded_into_one_line():
    subjects = [
        Subject(f"a.py::L{i}", f"L{i}", "layer", status="note", notes=("input kept",))
        for i in range(6)
    ]
    assert "note  input kept  (L0, L1, L2, L3, +2)\n" in report(*subjects)


def test_failures_with_one_cause_are_told_once_and_the_worst_comes_first():
    small = dataclasses.replace(FAILED, claimed=1.2600001)
    text = report(
        dataclasses.replace(SUBJECT, name="Small", verdicts=(small,)),
        dataclasses.replace(SUBJECT, name="Large", verdicts=(FAILED, FAILED, small)),
    )
    assert text.index("FAIL  Large") < text.index("FAIL  Small")
    assert text.count("FAIL  Large.biases") == 1
    assert "also failing" in text


def test_what_follows_from_a_wrong_gradient_is_told_in_a_line():
    gradient = dataclasses.replace(FAILED, cause=None)
    batch = dataclasses.replace(gradient, law="batch", message="dbiases is wrong for N = 1")
    text = report(dataclasses.replace(SUBJECT, verdicts=(batch, gradient)))
    assert text.count("FAIL  Layer_Dense") == 1
    assert "  also failing\n    batch biases: dbiases is wrong for N = 1\n" in text
    other = dataclasses.replace(batch, cause=Cause("batch-of-one", "squeeze", "", "keepdims"))
    text = report(dataclasses.replace(SUBJECT, verdicts=(other, gradient)))
    assert text.count("FAIL  Layer_Dense") == 2


def test_two_different_numbers_never_print_alike():
    verdict = dataclasses.replace(
        FAILED, message="", entries=(), claimed=1.0000000000001, measured=1.0, bound=1e-15
    )
    text = report(dataclasses.replace(SUBJECT, verdicts=(verdict,)))
    assert "dbiases" not in text
    assert re.search(r"biases\[0, 1\] = 1.0000000000001, but should be 1 ", text)


def test_many_files_are_summarised_by_file():
    files = [
        terminal.FileReport(f"f{i}.py", (dataclasses.replace(SUBJECT, target=f"f{i}.py::L"),))
        for i in range(3)
    ]
    files.append(terminal.FileReport("empty.py"))
    files.append(terminal.FileReport("bad.py", error="bad.py:1: syntax error"))
    text = terminal.render(files)
    assert re.search(r"^f0.py +1 +FAIL$", text, re.M)
    assert "empty.py" not in text
    assert "\n1 more files with nothing to check\n" in text
    assert "note  input stored by reference  (f0.py::L, f1.py::L, f2.py::L)" in text
    assert re.search(r"^bad.py +1 +error$", text, re.M)
    assert "3 fail · 1 error" in text
    assert "error bad.py:1: syntax error" in text


def test_colour_only_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert output.colour()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.colour()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not output.colour()


def test_exit_codes():
    def code(*statuses: str, error: str = "") -> int:
        rows = tuple(Subject("a", "a", "layer", status=s) for s in statuses)
        return cli.exit_code([isolate.FileResult(None, rows, error=error)])

    assert code("pass", "note", "skipped") == 0
    assert code("pass", "fail", "inconclusive") == 1
    assert code("pass", "error") == 1
    assert code("pass", error="no such file") == 1
    assert code("pass", "inconclusive") == 3
    assert code("skipped") == 3
    assert code() == 3
