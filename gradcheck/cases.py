"""What a Case becomes: arrays for every input, parameter and label, in a dtype and a layout.

Values are short decimals of order one, so that a failing case can be checked by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot


def generator(case: Case, stream: int = 0) -> np.random.Generator:
    """The random numbers of a case; `stream` keeps inputs, parameters and cotangents apart."""
    return np.random.default_rng([case.seed, stream])


def numbers(rng: np.random.Generator, shape: tuple[int, ...], scale: float = 1.0) -> Array:
    """Normal numbers with three decimals, none of them 0 and no two neighbours equal by rounding."""
    drawn = np.round(rng.normal(size=shape), 3)
    drawn = np.where(np.abs(drawn) < 5e-3, 0.125, drawn)
    return np.asarray(drawn * scale)


def draw_slot(slot: Slot, case: Case, rng: np.random.Generator) -> Array:
    """One input of a case, as a plain C-ordered array (``layout`` is applied by `arrange`)."""
    shape = slot.sized(dict(case.sizes))
    domain, _, limit = slot.domain.partition(":")
    if limit == "mask":  # the first entry of every row is kept: a row of nothing has no mean
        kept = rng.random(shape) < 0.6
        kept[..., 0] = True
        return kept
    if domain == "index":
        return draw_indices(limit, shape, rng)
    if domain == "unit":
        return np.round(rng.uniform(0.08, 0.92, size=shape), 3)
    if domain == "positive":
        return np.round(rng.uniform(0.2, 2.0, size=shape), 3) * case.scale
    if domain == "simplex":
        raw = rng.uniform(0.2, 1.0, size=shape)
        return np.asarray(raw / raw.sum(-1, keepdims=True))
    return numbers(rng, shape, case.scale)


def draw_indices(limit: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Whole numbers below `limit`; of ``7/0`` below 7 without the 0, which stands for padding."""
    text, _, padding = limit.partition("/")
    below = int(text)
    flat = rng.integers(0, below, size=shape)
    if flat.size > 1:  # the last index, and one that occurs twice
        flat.flat[0] = below - 1
        flat.flat[-1] = flat.flat[flat.size // 2]
    return np.where(flat == int(padding), (flat + 1) % below, flat) if padding else flat


def arrange(array: Array, layout: str) -> Array:
    """The same values in another memory layout: C, F, strided, negative, readonly."""
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "strided" and array.ndim:
        wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if layout == "negative" and array.ndim:
        return np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    out = np.array(array, order="C")
    if layout == "readonly":
        out.flags.writeable = False
    return out


def draw_inputs(op: Op, case: Case) -> Primals:
    """The inputs of a case, by slot name."""
    rng = generator(case, 1)
    drawn = {slot.name: draw_slot(slot, case, rng) for slot in op.slots}
    return {k: arrange(cast(v, case.dtype), case.layout) for k, v in drawn.items()}


def cast(array: Array, dtype: str) -> Array:
    """Floats in the case's dtype; whole numbers stay whole."""
    return array.astype(dtype) if array.dtype.kind == "f" else array


def draw_parameters(op: Op, case: Case) -> Primals:
    """Parameters of order one; large matrices are scaled so that a sum over a row stays of order one.

    The parameters as the user's code leaves them (zeros, 0.01 randn) would hide wrong terms.
    """
    rng = generator(case, 2)
    drawn = {}
    for name, own in op.parameters(op.make()).items():
        fan = own.shape[0] if own.ndim > 1 else 1
        values = numbers(rng, own.shape) / np.sqrt(max(fan / 16.0, 1.0))
        drawn[name] = arrange(values.astype(case.dtype), "C")
    return drawn


def draw(op: Op, case: Case) -> tuple[Primals, Array | None]:
    """Primals (inputs and parameters) and labels of a case."""
    inputs = draw_inputs(op, case)
    labels = draw_labels(op.labels, op.slots, case) if op.labels else None
    return {**inputs, **draw_parameters(op, case)}, labels


def draw_labels(spec: LabelSpec, slots: tuple[Slot, ...], case: Case) -> Array:
    """The labels of a case in its encoding and dtype; the last class always occurs."""
    rng = generator(case, 3)
    sizes = dict(case.sizes)
    shape = slots[0].sized(sizes)
    if spec.wide:  # a model: as wide as its prediction, not as its input; one row for an image
        rows = shape if spec.each else shape[:1] if len(shape) == 4 else shape[:-1]
        shape = (*rows, int(spec.classes))
    encoding = case.labels or spec.encodings[0]
    classes = sizes[spec.classes] if isinstance(spec.classes, str) else spec.classes
    if spec.classes == "D" and slots[0].shape == ("D", "N"):  # one sample a column
        drawn = encode(encoding, shape[::-1], classes, rng).T
    else:
        drawn = encode(encoding, shape, classes, rng)
    dtype = label_dtype(encoding, case.label_dtype)
    if spec.ignored is not None and encoding.startswith("index"):
        drawn = with_ignored(drawn, classes, spec.ignored)
        dtype = dtype if holds(dtype, spec.ignored) else "int64"
    return drawn.astype(dtype)


def holds(dtype: str, number: int | None) -> bool:
    """Whether a dtype can hold a whole number."""
    return number is None or int(np.asarray(number).astype(dtype)) == number


def with_ignored(index: Array, classes: int, ignored: int) -> Array:
    """Class numbers of which the last but one is the ignored one, and the first never is."""
    marked = np.array(index)
    if marked.flat[0] == ignored:
        marked.flat[0] = (ignored + 1) % classes
    if marked.size > 1:
        marked.flat[-2 if marked.size > 2 else -1] = ignored
    return marked


def label_dtype(encoding: str, asked: str) -> str:
    """Real-valued and signed targets cannot be unsigned or bool."""
    if encoding in {"real", "real_flat", "simplex"}:
        return "float32" if asked == "float32" else "float64"
    if encoding == "mask":
        return "bool"
    if encoding == "sign" and asked in {"uint8", "bool"}:
        return "int64"
    return "int64" if asked == "bool" and encoding.startswith("index") else asked


def encode(encoding: str, shape: tuple[int, ...], classes: int, rng: np.random.Generator) -> Array:
    """Labels for predictions of this shape.

    Raises
    ------
    ValueError
        An unknown encoding.
    """
    n = shape[0] if shape else 1
    if encoding in {"index", "index_column", "onehot", "mask"}:
        lead = shape[:-1] if len(shape) > 1 else (n,)
        count = int(np.prod(lead))
        index = np.resize(rng.permutation(classes), count).reshape(
            lead
        )  # all different if they fit
        if classes - 1 not in index:
            index.flat[0] = classes - 1
        if encoding == "index":
            return index
        return index[..., None] if encoding == "index_column" else np.eye(classes)[index]
    if encoding in {"binary", "binary_flat", "sign"}:
        bits = rng.integers(0, 2, size=shape)
        if bits.size > 1:
            bits.flat[0], bits.flat[1] = 1, 0
        if encoding == "binary_flat":
            return bits.reshape(n, -1)[:, 0] if bits.ndim > 1 else bits
        return bits if encoding == "binary" else bits * 2 - 1
    if encoding in {"real", "real_flat"}:
        values = np.round(rng.normal(size=shape) * 2.0, 2) + 0.0625
        return (
            values.reshape(n, -1)[:, 0] if encoding == "real_flat" and values.ndim > 1 else values
        )
    if encoding == "simplex":
        raw = rng.uniform(0.2, 1.0, size=shape)
        return np.asarray(raw / raw.sum(-1, keepdims=True))
    raise ValueError(f"unknown label encoding {encoding!r}")


def cotangent(output: Array, case: Case, pinned: Array | None = None) -> Array:
    """A random cotangent of the output's shape: never ones, never zero; pinned entries kept."""
    rng = generator(case, 4)
    drawn = numbers(rng, np.shape(output))
    return drawn if pinned is None else np.where(np.isnan(pinned), drawn, pinned)


def describe(op: Op, case: Case, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The case in words: ``inputs (3, 4), labels index uint8, seed 0``."""
    parts = [f"{name} {shape}" for name, shape in shapes.items()]
    if op.labels:
        parts.append(f"labels {case.labels or op.labels.encodings[0]} {case.label_dtype}")
    if case.dtype != "float64":
        parts.append(case.dtype)
    if case.layout != "C":
        parts.append(f"{case.layout} layout")
    if op.has_mode:
        parts.append("training" if case.train else "evaluation")
    return ", ".join(parts)


def plan(op: Op, law: str, seed: int, examples: int) -> list[Case]:
    """The cases one law is tried on: the plain one first, so that a failure reads well.

    Batches of one and more, every label encoding and the dtypes that trip people, and `examples`
    further draws with other sizes.
    """
    base = Case(seed=seed, labels=op.labels.encodings[0] if op.labels else "")
    if op.step is not None:
        return [base, *(base.replace(seed=seed + 1 + i) for i in range(examples))]
    found = [base]
    if law == "contract" and op.labels:
        found += [base.replace(labels=e, seed=seed + 2) for e in op.labels.encodings[1:]]
    if law == "contract" and op.labels is None:
        found.append(base.replace(scale=0.1))  # the other branch of code that looks at the values
    if law == "inputs_unchanged" and op.labels:
        found += [
            base.replace(labels=e, label_dtype="uint8")
            for e in op.labels.encodings
            if not e.startswith(("real", "simplex"))
        ]
    if law == "label_formats":
        found.append(base.replace(N=7, D=3, seed=seed + 3))  # every class, some of them twice
    more = examples if law in OFTEN else examples - 1
    return found + [base.replace(seed=seed + 10 + i, N=2 + i % 4, D=7 + i % 3) for i in range(more)]


#: Laws that are tried on one drawn case more than the others, where bugs depend on values and sizes.
OFTEN = frozenset(("contract", "gradient", "model_gradient", "repeatable", "linear_in_cotangent"))


def strategy(op: Op) -> Any:
    """A Hypothesis strategy for the cases of an Op: sizes, seeds, labels, layouts, train or not.

    It shrinks towards one sample, the smallest sizes and the plain encoding.
    """
    from hypothesis import strategies as st

    encodings = list(op.labels.encodings) if op.labels else [""]
    sizes = {"N": (1, 7), "C": (2, 4), "D": (2, 9), "H": (4, 8), "W": (4, 9), "T": (1, 6)}
    return st.builds(
        Case,
        seed=st.integers(0, 9999),
        sizes=st.tuples(*(st.tuples(st.just(k), st.integers(*span)) for k, span in sizes.items())),
        labels=st.sampled_from(encodings),
        train=st.sampled_from([True, False] if op.has_mode else [True]),
    )
