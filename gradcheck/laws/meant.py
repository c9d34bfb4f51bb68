"""What a name, and the numbers an object holds, may mean among the functions of the reference."""

from __future__ import annotations

import re

from gradcheck.laws.common import source_text
from gradcheck.types import Op

LAW = "same_as_reference"
PACKAGE = "gradcheck_reference.functional"


def bare_name(op: Op) -> str:
    """``Layer_Activation_SoftMax`` as ``softmax``: the name without what surrounds the role."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", op.name).lower()
    around = r"(^|_)(activation|layer|act|function|forward|func|fn)(?=_|$)"
    return re.sub(around, "", snake).replace("_", "")


def attributes(op: Op) -> list[float]:
    """The float numbers an object holds: its slope, its beta."""
    constants = [float(c) for c in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", source_text(op))]
    return own_numbers(op) + constants[:6]


def own_numbers(op: Op, kinds: tuple[type, ...] = (float,)) -> list[float]:
    """The numbers of these types that the object holds as attributes, and the options it was given."""
    inner = getattr(op.make(), "obj", None)
    held = [*(vars(inner).values() if hasattr(inner, "__dict__") else ()), *op.options.values()]
    numbers = [v for v in held if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return [float(v) for v in numbers if isinstance(v, kinds)]
