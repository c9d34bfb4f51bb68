"""A second identical call that gives something else: what the first one has changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gradcheck.diagnose.history import forward_keeps, parameters_changed, steps_along
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws.common import cotangent_for, source_text, start
from gradcheck.types import Op, Verdict

#: What two forwards of the same input have shown.
KEEPS = Shown(
    "not-repeatable",
    "forward keeps something from one call to the next: the same input gives another output",
    "forward was called twice with the same input, with no backward between",
    second="stale-mask",
)


def repeated(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown:
    """A second identical call that gives something else."""
    changed = changed_by_backward(op, v)
    parameters = set(op.parameters(op.make()))
    moved = [n for n in changed if n in parameters]
    if moved and v.case is not None:
        step = steps_along(op, v.case, moved[0])
        words = "it moved against its gradient" if step else "it moved, but not along its gradient"
        return Shown(
            "updated-weights-used" if step else "edits-argument",
            f"backward itself changes {moved[0]}: what comes after it uses other parameters than forward",
            f"the parameters were compared before and after backward: {words}",
            second="edits-argument" if step else "updated-weights-used",
        )
    put_off = not_put_back(op, v)
    if put_off is not None:
        return put_off
    if v.case is not None and forward_keeps(op, v.case):
        return KEEPS
    edits_output = any(o.law == "inputs_unchanged" and o.status == "fail" for o in others)
    if changed and not edits_output and not is_output(op, v, changed):
        text = f"backward writes into {changed[0]}, which forward stored: a second backward starts from other numbers"
        tried = "what forward stored was compared before and after backward"
        return Shown("not-repeatable", text, tried, second="overwrites-output")
    if edits_output or changed:
        return Shown(
            "overwrites-output",
            "backward writes into what forward stored, so the second backward starts from other "
            "numbers",
            "the stored output was compared before and after backward",
        )
    if (
        v.claimed is not None and v.measured and np.isclose(v.claimed, 2 * v.measured, rtol=1e-6)
    ) or "accumul" in v.message:
        return Shown(
            "accumulates",
            "the second backward adds to the first one's gradient: set it to zero, or assign "
            "instead of adding",
            "the second result is twice the first",
        )
    return Shown(
        "not-repeatable",
        "the same call gives different results",
        "two calls were compared",
        sure=False,
        second="updated-weights-used" if "backward" in v.message else "stale-mask",
    )


def changed_by_backward(op: Op, v: Verdict) -> list[str]:
    """The arrays that the object holds since forward and that backward changes, gradients aside."""
    if v.case is None or op.backward is None:
        return []
    from gradcheck.conventions import places

    own = {name.removeprefix("self.") for name in op.gradient_names.values()}
    with quiet():
        live, inputs, _, labels = start(op, v.case)
        output = op.forward(live, inputs, labels, v.case.train)
        held = places.walk(live.obj, 2) if getattr(live, "obj", None) is not None else {}
        before = {p: np.array(a) for p, a in held.items()}
        op.backward(live, cotangent_for(op, output, v.case), inputs, labels)
        return [
            str(p[-1][-1])
            for p, old in before.items()
            if not np.array_equal(held[p], old, equal_nan=True)
            and held[p].dtype.kind == "f"
            and not places.is_gradient_place(p)
            and str(p[-1][-1]) not in own
        ]


def is_output(op: Op, v: Verdict, names: Sequence[str]) -> bool:
    """Whether one of these attributes holds what forward returned."""
    assert v.case is not None
    with quiet():
        live, inputs, _, labels = start(op, v.case)
        output = np.asarray(op.forward(live, inputs, labels, v.case.train))
        held = vars(live.obj) if hasattr(getattr(live, "obj", None), "__dict__") else {}
    return any(
        isinstance(held.get(n), np.ndarray) and np.array_equal(held[n], output, equal_nan=True)
        for n in names
    )


def not_put_back(op: Op, v: Verdict) -> Shown | None:
    """A forward that saves a parameter, changes it, and leaves it changed."""
    if v.case is None:
        return None
    moved = parameters_changed(op, v.case, backward=False)
    source = source_text(op)
    saved = [k for k in moved if re.search(rf"\w+\s*=\s*(np\.(copy|array)\()?self\.{k}(\.copy\(\)|\))", source)]  # fmt: skip
    if not moved:
        return None
    text = f"forward changes {moved[0]} and does not put it back"
    tried = f"{moved[0]} was compared before and after one forward"
    return Shown("restore-missing", text, tried, bool(saved), second="not-repeatable")
