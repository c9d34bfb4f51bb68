"""What the names in a signature mean: verbs, flags, labels, upstream gradients, step sizes."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: (forward, backward) method names, in the order they are looked for.
VERBS: tuple[tuple[str, str], ...] = tuple(
    (f, b)
    for f in (
        "forward", "forward_pass", "forward_propagate", "forward_propagation", "forward_prop",
        "forwardpass", "fprop", "feedforward", "feed_forward", "forward_step", "fwd", "propagate",
        "_forward", "__call__", "call", "apply", "activate", "activation", "function", "func", "fn",
        "compute", "evaluate", "loss", "compute_loss", "calculate", "calculate_loss", "cost", "f",
        "value", "output",
    )
    for b in (
        "backward", "backward_pass", "back_propagate", "backward_propagate", "back_propagation",
        "backward_propagation", "back_prop", "backward_prop", "backwardpass", "bprop", "backprop",
        "backpropagate", "backpropagation", "backward_step", "bwd", "_backward", "compute_gradients",
        "compute_gradient", "compute_grad", "gradient", "grad", "derivative", "deriv", "derive",
        "prime", "f_prime", "df", "d", "loss_gradient", "loss_grad", "grad_fn", "diff",
        "calculate_gradient", "get_gradient", "delta", "loss_derivative", "activation_derivative",
        "derivate", "jacobian_vector", "dfn", "dfunc", "cost_derivative", "vjp", "pullback",
        "loss_prime", "loss_deriv", "dloss", "d_loss", "grad_loss", "loss_backward", "cost_prime", "cost_gradient",
        "cost_grad",
    )
)  # fmt: skip

TRAIN = {
    "training", "train", "istraining", "trainflg", "istrain", "trainmode", "trainingmode",
    "trainflag", "stochastic", "dropon", "usedropout", "trainphase", "isfit",
}  # fmt: skip
EVAL = {"eval", "test", "inference", "istest", "testing", "evaluate", "predict", "isevaluating",
        "evaluation", "isinference", "testmode", "evalmode", "deterministic"}  # fmt: skip
LABELS = {
    "ytrue", "true", "target", "targets", "t", "label", "labels", "y", "truth", "groundtruth",
    "expected", "actual", "trueval", "ytarget", "real", "gt", "ytest", "yt", "correct",
    "truelabels", "tags", "desired", "trues", "answers", "ylabels", "reference", "trueprob", "ys",
}  # fmt: skip
PREDICTIONS = {
    "ypred", "pred", "predictions", "prediction", "output", "outputs", "yhat", "predicted", "x",
    "logits", "scores", "inputs", "input", "probs", "preds", "p", "out", "a", "z", "yp", "al",
    "dvalues", "probabilities", "score", "estimate", "estimated", "net", "activations", "q", "hat",
}  # fmt: skip
RATES = {"lr", "learningrate", "eta", "stepsize", "rate", "alpha", "learnrate", "lrate"}
#: Words for the strength of a penalty.
PENALTIES = {
    "l1", "l2", "reg", "lambda", "lam", "lamb", "lambd", "lmbda", "lmbd", "regularization", "regularisation",
    "regularizer", "regulariser", "penalty", "decay", "ridge", "lasso", "regul", "wd",
}  # fmt: skip
UPSTREAM = re.compile(
    r"^(d(out|y|z|a|values?|output|outputs|l|loss|l_?d\w*|prev|h|s|v|_?\w+)|grad\w*|\w*grads?|"
    r"delta\w*|upstream\w*|g|gy|\w*gradient\w*|err\w*|accum\w*|top_?diff|cotangent|dLd\w+|acc_grad)$",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name without underscores and case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


#: The same pairs as they are compared.
PLAIN_VERBS = tuple(tuple(n if n.startswith("_") else plain(n) for n in pair) for pair in VERBS)

FORWARDS = {forward for forward, _ in PLAIN_VERBS}

#: What a ``mode`` that switches between training and evaluation is by default.
MODES = {"train", "training", "test", "testing", "eval", "evaluation", "inference", "predict"}


@dataclass(frozen=True)
class Arg:
    """One argument: its name, whether it must be given, and its default."""

    name: str
    required: bool
    default: Any = None
    keyword_only: bool = False
    data: bool = False  # stands where a forward takes its data: no step size, whatever its name

    @functools.cached_property
    def flag(self) -> bool | None:
        """True for "training", False for "evaluation", None when it is no mode flag."""
        key = plain(self.name)
        number = isinstance(self.default, (int, float, str)) and not isinstance(self.default, bool)
        if number and key != "mode":
            return None
        if key in TRAIN:
            return True
        return False if key in EVAL and (self.required or isinstance(self.default, bool)) else None

    @functools.cached_property
    def role(self) -> str:
        """``flag``, ``mode``, ``rate``, ``labels`` or ``value``."""
        key = plain(self.name)
        if key == "mode" and (not isinstance(self.default, str) or plain(self.default) in MODES):
            return "mode"
        if self.flag is not None:
            return "flag"
        if key in RATES or "learningrate" in key:
            return "value" if self.data else "rate"
        return "labels" if key in LABELS else "value"


def arguments(function: Callable[..., Any], method: bool = True) -> list[Arg]:
    """The arguments of a function, without ``self`` when it was taken from a class.

    A signature that cannot be read (a C function) gives an empty list.
    """
    try:
        parameters = list(inspect.signature(undecorated(function)).parameters.values())
    except (TypeError, ValueError):
        return []
    if method and parameters and parameters[0].name in {"self", "cls"}:
        parameters = parameters[1:]
    given = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    takes_data = len(given) > 1 and plain(given[0].name) in RATES
    if takes_data:  # ``forward(rate, counts)``
        name = plain(getattr(function, "__name__", ""))
        takes_data = name in FORWARDS or "loss" in name or "nll" in name
        takes_data = takes_data and not any(plain(p.name) in PREDICTIONS for p in given[1:])
    return [
        Arg(
            p.name,
            p.default is p.empty,
            None if p.default is p.empty else p.default,
            p.kind is p.KEYWORD_ONLY,
            takes_data and p is given[0] and p.default is p.empty,
        )
        for p in given
    ]


def undecorated(function: Any) -> Any:
    """The function behind a decorator that hides its signature (one without ``functools.wraps``)."""
    for _ in range(4):
        plain_function = inspect.unwrap(getattr(function, "__func__", function))
        code, cells = getattr(plain_function, "__code__", None), []
        for cell in getattr(plain_function, "__closure__", None) or ():
            try:
                cells.append(cell.cell_contents)
            except ValueError:  # an empty cell
                continue
        inner = [c for c in cells if inspect.isfunction(c) and c is not plain_function]
        if code is None or len(inner) != 1 or not code.co_flags & inspect.CO_VARARGS:
            return function
        if code.co_argcount > 1 or (code.co_argcount == 1 and code.co_varnames[0] != "self"):
            return function
        function = inner[0]
    return function


def tree_of(function: Any) -> ast.AST | None:
    """The syntax tree of a function or class, or None where the source cannot be had.

    Kept as long as the function lives, because a backward asks for it at every call: nobody may
    change it.
    """
    one = undecorated(function)
    one = getattr(one, "__func__", one)
    try:
        if one not in TREES:
            TREES[one] = _parsed(one)
        return TREES[one]
    except TypeError:  # not hashable, or it takes no weak reference
        return _parsed(one)


TREES: weakref.WeakKeyDictionary[Any, ast.AST | None] = weakref.WeakKeyDictionary()


def _parsed(function: Any) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return None


def is_torch_function(cls: Any) -> bool:
    """A class derived from ``torch.autograd.Function``."""
    bases = [f"{c.__module__}.{c.__qualname__}" for c in getattr(cls, "__mro__", ())]
    return "torch.autograd.function.Function" in bases


def is_abstract(function: Any) -> bool:
    """A body that only passes, raises NotImplementedError, or holds a docstring."""
    if getattr(function, "__isabstractmethod__", False):
        return True
    tree = tree_of(function)
    if tree is None:
        return False
    body = getattr(tree.body[0], "body", []) if isinstance(tree, ast.Module) else []
    return bool(body) and all(map(says_nothing, body))


def says_nothing(statement: ast.stmt) -> bool:
    """One statement of an abstract method."""
    if isinstance(statement, (ast.Pass, ast.Raise)):
        return True
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    return isinstance(statement, ast.Return) and (
        statement.value is None
        or (isinstance(statement.value, ast.Constant) and statement.value.value is None)
        or (
            isinstance(statement.value, ast.Name)
            and statement.value.id in {"NotImplemented", "NotImplementedError"}
        )
    )


def verbs(cls: type) -> tuple[str, str] | None:
    """The (forward, backward) method names of a class; concrete ones before abstract ones.

    Spelling is free: ``forwardPass``, ``forward_pass`` and ``ForwardPass`` are one verb.
    """
    own = [n for c in cls.__mro__[:-1] for n in vars(c) if callable(getattr(cls, n, None))]
    spelled: dict[str, str] = {}
    for name in own:
        if not name.startswith("__") or name == "__call__":
            spelled.setdefault(name if name.startswith("_") else plain(name), name)
    pairs = [
        (spelled[one], spelled[two])
        for one, two in PLAIN_VERBS
        if one in spelled and two in spelled and one != two
    ]
    concrete = [
        (f, b)
        for f, b in pairs
        if not is_abstract(getattr(cls, f)) and not is_abstract(getattr(cls, b))
    ]
    return next(iter(concrete or pairs), None)


def choices(function: Any, name: str) -> list[str]:
    """The strings an argument is compared with: ``if norm == "batch"``, ``mode in ("a", "b")``."""
    found: list[str] = []
    tree = tree_of(function)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Compare) and getattr(node.left, "id", "") == name:
            for part in ast.walk(node.comparators[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.append(part.value)
    return list(dict.fromkeys(found))


def unpacked(function: Any, name: str) -> tuple[str, ...]:
    """The names an argument is taken apart into: ``h, c = state``; empty where it is not."""
    tree = tree_of(function)
    for node in ast.walk(tree) if tree is not None else ():
        if not (isinstance(node, ast.Assign) and getattr(node.value, "id", "") == name):
            continue
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and all(isinstance(e, ast.Name) for e in target.elts):
            return tuple(e.id for e in target.elts if isinstance(e, ast.Name))
    return ()


def returned_names(function: Any) -> list[str]:
    """The names in ``return a, b, c`` (the last such statement), or [].

    "" for an expression of an argument: ``dout.sum(axis=0)`` has no name.
    """
    tree = tree_of(function)
    if tree is None:
        return []
    found: list[str] = []
    given = {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            parts = flat_elements(node.value)
            names = [last_name(e) for e in parts]
            found = [
                "" if isinstance(e, ast.Call) and n in given else n
                for e, n in zip(parts, names, strict=True)
            ]
    return found


def flat_elements(node: ast.Tuple | ast.List) -> list[ast.expr]:
    """The elements of a returned tuple, with a nested list or tuple opened."""
    out: list[ast.expr] = []
    for e in node.elts:
        out += flat_elements(e) if isinstance(e, (ast.Tuple, ast.List)) else [e]
    return out


def last_name(node: ast.expr) -> str:
    """``self.dW`` -> ``dW``; ``dW / n`` -> ``dW``; otherwise the first name inside that is no method."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    methods = [c.func for c in ast.walk(node) if isinstance(c, ast.Call)]
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and child in methods:
            continue
        if isinstance(child, (ast.Name, ast.Attribute)) and child is not node:
            name = child.attr if isinstance(child, ast.Attribute) else child.id
            if name not in {"np", "numpy", "self", "float", "int"}:
                return name
    return ""
