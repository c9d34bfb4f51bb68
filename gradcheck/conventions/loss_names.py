"""What the names of a loss and of its arguments say about predictions and labels."""

from __future__ import annotations

import ast
import re
from typing import Any

from gradcheck.conventions.argument_roles import CONTEXT_NAMES
from gradcheck.conventions.caches import is_cache
from gradcheck.conventions.signature import (
    LABELS,
    PREDICTIONS,
    UPSTREAM,
    Arg,
    arguments,
    plain,
    tree_of,
)

WORDS = (
    "loss", "entropy", "criterion", "mse", "mae", "bce", "cce", "huber", "hinge", "squarederror",
    "absoluteerror", "meansquare", "kldiv", "kullback", "nll", "likelihood", "cost", "logcosh", "focal",
    "crossent", "rmse", "objective", "quadratic", "xent", "softmaxce",
)  # fmt: skip


#: Words in a name -> domains of the predictions and label encodings, best first.
HINTS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (("poisson", "tweedie"), ("positive", "real"), ("real", "real_flat")),
    (("softmax", "logsoftmax"), ("real", "simplex"), ("index", "onehot", "index_column", "binary_flat")),
    (("logits",), ("real",), ("index", "onehot", "binary", "binary_flat")),
    (("sigmoid",), ("real", "unit"), ("binary", "binary_flat", "onehot")),
    (("binary", "bce", "logistic", "logloss"), ("unit", "real"), ("binary", "binary_flat", "sign")),
    (("focal",), ("unit", "simplex", "real"), ("binary", "index", "onehot", "binary_flat")),
    (("categorical", "cce", "nll", "likelihood", "sparse"), ("simplex", "unit", "real"), ("index", "onehot", "index_column")),
    (("crossent", "entropy", "xent"), ("simplex", "unit", "real"), ("index", "onehot", "binary", "index_column", "binary_flat")),
    (("kl", "kullback"), ("simplex", "real"), ("simplex",)),
    (("hinge", "svm", "margin"), ("real",), ("sign", "index", "onehot", "binary")),
    (("cosine",), ("real",), ("real", "sign")),
    (("mse", "mae", "square", "absolute", "huber", "l1", "l2", "cosh", "quadratic", "rmse", "regress", "msle"),
     ("real", "positive"), ("real", "real_flat")),
)  # fmt: skip


ANY = (("real", "simplex", "unit"), ("index", "onehot", "real", "binary", "sign", "index_column"))


ABBREVIATED = re.compile(r"(^|[a-z_])(CE|MSE|MAE|BCE|NLL|SSE|RMSE|KL)([A-Z_]|$)")


FUSED = {"real": "its input are logits", "simplex": "its input are probabilities",
         "unit": "its input are probabilities"}  # fmt: skip


#: What the class number is called whose samples do not count.
IGNORED = {
    "ignoreindex", "ignoreidx", "ignorelabel", "ignoreid", "ignoreclass", "ignoredlabel", "ignoredindex", "ignore",
    "paddingidx", "paddingindex", "paddingid", "padidx", "padindex", "padid", "padtoken", "padtokenid",
    "nullidx", "masklabel", "maskindex",
}  # fmt: skip


def hints(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Domains and label encodings for a loss of this name."""
    key = plain(name)
    if re.search(r"(^|[a-z_])CE(Loss)?$", name) and "BCE" not in name:
        key = "crossentropy" + key
    if "logits" in key and re.search("bce|binary", key):
        return ("real",), ("binary", "binary_flat", "onehot")
    for words, domains, encodings in HINTS:
        if any(w in key for w in words):
            return domains, encodings
    return ANY


def makes_signs(function: Any) -> bool:
    """Whether a function makes -1 and 1 of labels that are 0 and 1: ``2 * target - 1``."""
    args = {a.name for a in arguments(function)}
    for node in ast.walk(tree_of(function) or ast.Pass()):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)):
            continue
        twice, one = node.left, node.right
        if not (isinstance(twice, ast.BinOp) and isinstance(twice.op, ast.Mult)):
            continue
        numbers = [n.value for n in (one, twice.left, twice.right) if isinstance(n, ast.Constant)]
        if numbers == [1, 2] and args & {n.id for n in ast.walk(twice) if isinstance(n, ast.Name)}:
            return True
    return False


def picks_by_number(function: Any) -> bool:
    """Whether a function looks up entries by its labels: ``p[np.arange(n), y]``, ``x[i, y[i]]``."""
    args = {a.name for a in arguments(function)}
    for node in ast.walk(tree_of(function) or ast.Pass()):
        if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple)):
            continue
        last = node.slice.elts[-1]
        held = last.value if isinstance(last, ast.Subscript) else last
        if len(node.slice.elts) == 2 and isinstance(held, ast.Name) and held.id in args:
            return True
    return False


def is_loss_name(name: str) -> bool:
    """Whether a class or function calls itself a loss."""
    return any(w in plain(name) for w in WORDS) or bool(ABBREVIATED.search(name))


def label_first(args: list[Arg]) -> bool | None:
    """Whether the labels are the first of two arguments; None where the names do not say."""
    if len(args) < 2:
        return None
    a, b = plain(args[0].name), plain(args[1].name)
    labels = [strong_label(a), strong_label(b)]
    if labels == [True, False]:
        return True
    if labels == [False, True]:
        return False
    if b in LABELS and a in PREDICTIONS:
        return False
    if a in LABELS and b in PREDICTIONS - {"y"}:
        return True
    return None


def strong_label(name: str) -> bool:
    """A name that can only mean the targets."""
    words = ("true", "target", "label", "truth", "expected", "actual", "desired", "onehot")
    return any(w in name for w in words) or name in {"t", "gt"}


def value_args(function: Any) -> list[Arg]:
    """The arguments of a loss method that carry arrays."""
    return [
        a for a in arguments(function)
        if a.role in {"value", "labels"} and (a.required or a.default is None)
    ]  # fmt: skip


def backward_forms(function: Any) -> tuple[str, ...]:
    """What a loss's backward may be given, best first.

    ``none``; ``upstream`` (1); ``upstream_each`` (one for each value that forward gives);
    ``pred`` (the predictions); ``pair`` (predictions, labels); ``stored`` (the stored output and
    the labels, as NNFS's fused pairs); ``labels``; ``cache`` (what forward returned beside the loss).
    """
    required = [a for a in arguments(function) if a.required and a.role in {"value", "labels"}]
    names = [plain(a.name) for a in required]
    if not required:
        return ("none",)
    if any(is_cache(a.name) and plain(a.name) not in CONTEXT_NAMES for a in required):
        return ("cache",)
    if len(required) == 1:
        if strong_label(names[0]) or names[0] in {"y", "t"}:
            return ("labels", "upstream")
        if UPSTREAM.match(required[0].name):
            return ("upstream", "upstream_each", "pred")
        return ("pred", "upstream", "labels")
    return ("pair", "stored", "upstream_pair") if len(required) >= 2 else ("pair",)
