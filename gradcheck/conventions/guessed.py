"""Arguments that only a guess could fill: what the user's code says to it is no fault of the code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck import cases
from gradcheck.conventions.live import Guessed
from gradcheck.types import Case, Op


def refused_guess(op: Op) -> None:
    """Try the first case; raise where an argument that we had to guess was refused.

    Raises
    ------
    Guessed
        The argument, and what the user's code said.
    """
    if op.step is not None or op.backward is None:
        return
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    try:
        primals, labels = cases.draw(op, case)
        output, pullback = op.vjp(primals, labels)
        pullback(np.ones_like(output))
    except Guessed:
        raise
    except Exception:  # the laws say what of it is the code's own
        return


def refusal(method: str, names: Sequence[str], error: Exception) -> Guessed:
    """The error for a call that raised with these arguments filled by a guess."""
    said = f"{method} also wants {', '.join(names)}, and what was tried for it was refused"
    return Guessed(f"{said}: {type(error).__name__}: {error}")
