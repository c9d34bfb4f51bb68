"""Missing terms, carries, sizes and orders: a bug that is named, and a neighbour that is not so named."""

from __future__ import annotations

import ast
import textwrap
import types
from pathlib import Path

import numpy as np
import pytest

from gradcheck import run, targets
from gradcheck.diagnose.choices import batches, chosen, together
from gradcheck.diagnose.code import replaced
from gradcheck.diagnose.edits import Change, changes, sites, summand
from gradcheck.diagnose.numbers_time import cut
from gradcheck.diagnose.parts import of_powers, terms
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.rules_names import renamed
from gradcheck.diagnose.rules_shapes import slices
from gradcheck.diagnose.slices import feeding
from gradcheck.types import Verdict


def failures(folder: Path, text: str, name: str) -> list[Verdict]:
    """The failures of one subject of a user's file, as `gradcheck check` gives them."""
    path = folder / "mine.py"
    path.write_text("import numpy as np\n\n\n" + textwrap.dedent(text), encoding="utf-8")
    loaded = targets.load(targets.parse(f"{path}::{name}")[0])
    subject = run.check(loaded, name, run.Options(examples=0))
    return [v for v in subject.verdicts if v.status == "fail"]


def cause(found: list[Verdict], law: str = "gradient", wrt: str = "") -> str:
    """The id of the cause of the first failure of a law."""
    hit = next(v for v in found if v.law == law and (not wrt or v.wrt == wrt))
    assert hit.cause is not None
    return hit.cause.id


def piece_of(text: str) -> Piece:
    """A function of the user's as a piece."""
    tree = ast.parse(textwrap.dedent(text))
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    space: dict[str, object] = {"np": np}
    exec(compile(tree, "mine.py", "exec"), space)
    function = space[node.name]
    assert isinstance(function, types.FunctionType)
    return Piece(function, node, None, "backward")


CELL = """
class Cell:
    def __init__(self, n_in, n_h):
        self.Wz = np.random.randn(n_in, n_h)
        self.Wn = np.random.randn(n_in, n_h)
        self.Un = np.random.randn(n_h, n_h)

    def forward(self, x, h_prev):
        self.x, self.h_prev = x.copy(), h_prev.copy()
        self.z = 1 / (1 + np.exp(-x @ self.Wz))
        self.n = np.tanh(x @ self.Wn + h_prev @ self.Un)
        return self.z * h_prev + (1 - self.z) * self.n

    def backward(self, dh):
        da = dh * (1 - self.z) * (1 - self.n ** 2)
        dz = dh * (self.h_prev - self.n) * self.z * (1 - self.z)
        dh_prev = dh * self.z
        dh_prev = dh_prev + da @ self.Un.T
        self.dWz, self.dWn = self.x.T @ dz, self.x.T @ da
        self.dUn = self.h_prev.T @ da
        return dz @ self.Wz.T + da @ self.Wn.T, dh_prev
"""


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("dh_prev = dh * self.z\n", "dh_prev = np.zeros_like(dh)\n", "missing-carry"),
        ("dh_prev = dh * self.z\n", "dh_prev = dh\n", "missing-chain-factor"),
    ],
)
def test_a_state_that_is_not_handed_on_is_told_from_a_factor_that_is_missing(
    tmp_path, old, new, wanted
):
    found = failures(tmp_path, CELL.replace(old, new), "Cell")
    assert cause(found, wrt="h_prev") == wanted


def test_an_input_that_lacks_the_term_of_a_gate_lacks_no_carry(tmp_path):
    text = CELL.replace("return dz @ self.Wz.T + da @ self.Wn.T, dh_prev", "return da @ self.Wn.T, dh_prev")  # fmt: skip
    assert cause(failures(tmp_path, text, "Cell"), wrt="x") == "missing-chain-factor"


def test_terms_are_found_among_the_arrays_that_are_held():
    rng = np.random.default_rng(1)
    a, b, n = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.uniform(1, 2, size=(3, 1))
    pool = {"a": a, "b": b, "n": n}
    assert any(t == "a * b" and np.allclose(v, a * b) for t, v in terms(pool, (3, 4)))
    assert "-a * b * n**-3" in dict(of_powers(pool, -a * b / n**3, "n"))
    assert not dict(of_powers(pool, a + b / n, "n"))


EMBEDDING = """
class Positions:
    def __init__(self, vocab, dim):
        self.tok = np.random.randn(vocab, dim)
        self.pos = np.random.randn(12, dim)

    def forward(self, ids):
        self.ids = ids.copy()
        return self.tok[ids] + self.pos[: ids.shape[1]]

    def backward(self, dout):
        self.dtok = np.zeros_like(self.tok)
        for row, g in zip(self.ids, dout):
            for i, d in zip(row, g):
                self.dtok[i] += d
        self.dpos = np.zeros_like(self.pos)
        self.dpos[: dout.shape[1]] = dout.sum(axis=0)
        return None
"""


@pytest.mark.parametrize(
    ("old", "new", "wrt", "wanted"),
    [
        ("self.dtok[i] += d", "self.dtok[i] = d", "tok", "duplicates-lost"),
        ("= dout.sum(axis=0)", "= dout[0]", "pos", "missing-broadcast-sum"),
    ],
)
def test_lost_duplicates_are_told_from_a_lost_sum_by_indices_that_differ(
    tmp_path, old, new, wrt, wanted
):
    found = failures(tmp_path, EMBEDDING.replace(old, new), "Positions")
    assert cause(found, wrt=wrt) == wanted


HEADS = """
class Heads:
    def __init__(self, dim, heads=2):
        self.heads = heads
        self.W = np.random.randn(dim, dim)

    def forward(self, x):
        n, t, d = x.shape
        self.x = x.copy()
        return (x @ self.W).reshape(n, t, self.heads, -1).transpose(0, 2, 1, 3)

    def backward(self, dout):
        n, h, t, k = dout.shape
        d = dout.reshape(n, t, h * k)
        self.dW = np.einsum("ntd,nte->de", self.x, d)
        return d @ self.W.T
"""


def test_heads_in_the_wrong_order_are_no_ignored_option(tmp_path):
    assert cause(failures(tmp_path, HEADS, "Heads"), wrt="x") == "transposed"


POOL = """
class GlobalPool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        n, c, h, w = self.shape
        return np.ones(self.shape) * dout[:, :, None, None] / {count}
"""


def test_one_size_for_both_is_square_only_and_a_division_too_little_is_not(tmp_path):
    assert cause(failures(tmp_path, POOL.format(count="(h * h)"), "GlobalPool")) == "square-only"
    assert cause(failures(tmp_path, POOL.format(count="1"), "GlobalPool")) == "summed-not-averaged"


DROPOUT = """
class Dropout:
    def __init__(self, ratio=0.4):
        self.ratio = ratio

    def forward(self, x, train_flg=True):
        if not train_flg:
            self.mask = np.ones(x.shape)
            return x.copy()
        self.mask = np.random.rand(*x.shape) > self.ratio
        return x * self.mask / {scale}

    def backward(self, dout):
        return {factor}dout * self.mask / (1 - self.ratio)
"""


def test_a_scale_of_dropout_is_told_from_any_other_number(tmp_path):
    text = DROPOUT.format(scale="1", factor="")
    assert cause(failures(tmp_path, text, "Dropout")) == "dropout-scale"
    text = DROPOUT.format(scale="(1 - self.ratio)", factor="-")
    assert cause(failures(tmp_path, text, "Dropout")) == "sign-flipped"


LOOPS = """
class Smooth:
    def __init__(self, n):
        self.k = np.random.randn(3)

    def forward(self, x):
        self.x = x.copy()
        return sum(self.k[i] * x[:, i : x.shape[1] - 2 + i] for i in range(3))

    def backward(self, dout):
        dx, self.dk = np.zeros(self.x.shape), np.zeros(3)
        m = dout.shape[1]
        for i in range(3):
            dx[:, i : m + i] {dx} self.k[i] * dout
        for j in range(m):
            self.dk[:] {dk} self.x[:, j : j + 3].T @ dout[:, j]
        return dx
"""


@pytest.mark.parametrize(
    ("dx", "dk", "wrt", "wanted"),
    [("=", "+=", "x", "overlap-lost"), ("+=", "=", "k", "missing-broadcast-sum")],
)
def test_a_window_that_moves_is_told_from_a_sum_that_is_begun_anew(tmp_path, dx, dk, wrt, wanted):
    found = failures(tmp_path, LOOPS.format(dx=dx, dk=dk), "Smooth")
    told = next(v for v in found if v.law == "gradient" and v.wrt == wrt)
    assert told.cause is not None
    assert wanted in {told.cause.id, *told.detail.get("also", ())}


def test_only_the_summand_of_the_regulariser_is_about_it():
    piece = piece_of("def back(a, ds, reg, W):\n    g = a.T @ ds + reg * W\n    return g\n")
    here = {s.node.id: summand(s) for s in sites(piece) if isinstance(s.node, ast.Name)}
    assert here["ds"] == "a.T @ ds"
    assert here["W"] == "reg * W"


def test_statements_behind_a_right_gradient_are_certain_only_where_a_name_has_one_value():
    piece = piece_of(
        "def back(x, w, dout):\n    d = dout * w\n    e = d + 1\n    e = e * 2\n    dw = x * d\n    dx = e * w\n    return dx, dw\n"
    )
    behind = feeding([piece], {"dw"}, strict=True)
    lines = [n.lineno for n in piece.node.body if isinstance(n, ast.Assign) and behind(piece, n)]
    assert lines == [2, 5]
    behind = feeding([piece], {"dx"}, strict=True)
    assert [n.lineno for n in piece.node.body if behind(piece, n)] == [6]


def test_changes_of_one_place_are_compiled_together_and_do_what_each_does_alone():
    piece = piece_of("def back(a, b):\n    return a * b\n")
    site = next(s for s in sites(piece) if isinstance(s.node, ast.BinOp))
    news = [ast.parse(t, mode="eval").body for t in ("a - b", "a / b", "b - a")]
    members = [Change(0, site, n, "") for n in news]
    (batch,) = batches(members)
    code = together(piece, batch)
    assert code is not None
    results = []
    for i in range(3):
        with replaced(piece.function, code), chosen(piece, i):
            results.append(piece.function(6.0, 2.0))
    assert results == [4.0, 3.0, -4.0]
    assert piece.function(6.0, 2.0) == 12.0


def test_a_name_is_exchanged_everywhere_and_a_window_at_both_ends():
    piece = piece_of("def back(dout, x, y):\n    dx = dout * (1 - x) * x\n    return dx\n")
    new = [ast.unparse(c.new) for c in changes(piece, (renamed,))]
    assert "dout * (1 - y) * y" in new
    piece = piece_of("def back(x, r, q, k):\n    return x[q:q + k, r:r + k], x[r:r + k, r:r + k]\n")
    new = [ast.unparse(c.new) for c in changes(piece, (slices,)) if isinstance(c.new, ast.Slice)]
    assert "q:q + k" in new


ORDER = """
class Twice:
    def __init__(self, n):
        self.a = np.random.randn(n, n)
        self.b = np.random.randn(n, n)

    def forward(self, x):
        self.x = x.copy()
        return np.tanh(x @ self.a) @ self.b

    def backward(self, dout):
        h = np.tanh(self.x @ self.a)
        self.db, d = h.T @ dout, dout
        for step in {order}:
            d = d @ self.b.T if step == "b" else (d * (1 - h**2)) @ self.a.T
            if step == "b":
                self.da = self.x.T @ (d * (1 - h**2))
        return d
"""


def test_layers_in_the_wrong_order_are_a_hypothesis_with_a_change(tmp_path):
    found = failures(tmp_path, ORDER.format(order='("a", "b")'), "Twice")
    told = next(v for v in found if v.law == "gradient" and v.wrt == "x")
    assert told.cause is not None
    assert told.cause.id == "unknown"
    assert "[::-1]" in told.cause.fix


def test_a_carry_that_is_cut_at_one_place_is_predicted_from_the_jacobian():
    jacobian = np.random.default_rng(2).normal(size=(2, 3, 4, 2, 3, 5))  # n, step, out, n, step, in
    truth = jacobian.sum((0, 1, 2))
    found = {words: values for values, words in cut(jacobian, truth)}
    wanted = truth.copy()
    wanted[:, 0] -= jacobian[:, 1:, :, :, 0].sum((0, 1, 2))
    assert np.allclose(found["nothing is carried over from step 2 to step 1"], wanted)
    assert len(found) == 2
