"""The places bugs of one kind sit in: rules that propose a change and name its cause.

A rule sees one node and yields changes.  Priorities: 0 and 1 for changes that hardly ever pass by
chance or at all (a transpose, an axis, a sign), up to 5 for "multiply by any name in scope".
"""

from __future__ import annotations

from gradcheck.diagnose.edits import Rule
from gradcheck.diagnose.rules_missing import (
    carried,
    exchanged,
    first_step,
    inner_terms,
    insertions,
    received,
    wraps,
)
from gradcheck.diagnose.rules_more import functions, masked, orders, products, siblings, weighted
from gradcheck.diagnose.rules_names import (
    assignments,
    copies,
    exchanged_statements,
    kept_apart,
    laid_out,
    names,
    places,
    read_instead,
    renamed,
    statements,
    targets,
)
from gradcheck.diagnose.rules_reversed import reversed_index
from gradcheck.diagnose.rules_shapes import axes, broadcasts, slices, subscripts, transposes
from gradcheck.diagnose.rules_sizes import (
    arguments_left_out,
    conditions,
    options,
    outside_of_quotient,
    padded,
    regrouped,
    shares,
)
from gradcheck.diagnose.rules_terms import (
    drops,
    dtypes,
    masks,
    numbers,
    roots,
    signs,
    stale,
)
from gradcheck.diagnose.rules_unused import (
    no_way_back,
    rows_of_softmax,
    strides,
    thrown_away,
    unused,
)

GRADIENT_RULES: tuple[Rule, ...] = (
    conditions,
    arguments_left_out,
    no_way_back,
    targets,
    dtypes,
    orders,
    padded,
    signs,
    masks,
    transposes,
    subscripts,
    reversed_index,
    rows_of_softmax,
    axes,
    drops,
    stale,
    numbers,
    exchanged_statements,
    names,
    renamed,
    assignments,
    slices,
    places,
    roots,
    regrouped,
    broadcasts,
    wraps,
    exchanged,
    carried,
    first_step,
    inner_terms,
    strides,
    unused,
    siblings,
    functions,
    weighted,
    products,
    masked,
    received,
    insertions,
)

FORWARD_RULES: tuple[Rule, ...] = (
    arguments_left_out,
    axes,
    places,
    stale,
    transposes,
    slices,
    options,
    laid_out,
)

#: Tried last: forward reads another name than it should.
NAMES_OF_FORWARD: tuple[Rule, ...] = (read_instead,)

#: A dtype that is too narrow makes forward wrong too.
DTYPE_RULES: tuple[Rule, ...] = (dtypes,)

#: A result that forward throws away.
LOST_RULES: tuple[Rule, ...] = (thrown_away,)

#: What forward keeps is overwritten before backward reads it: where nothing more telling works.
KEPT_RULES: tuple[Rule, ...] = (kept_apart,)

#: A change of forward changes what the gradient should be, so only what hardly ever fits by chance.
FORWARD_CAUSES = frozenset(
    (
        "softmax-whole-batch",
        "softmax-broadcast",
        "wrong-axis-sum",
        "missing-broadcast-sum",
        "constant-factor",
        "epsilon-placement",
        "stale-mask",
        "square-only",
        "forward-wrong",
        "wrong-derivative",
        "option-ignored",
        "batch-mixed",
    )
)

#: Rules that change which branch is taken, or what a name stands for.
CHOICES: tuple[Rule, ...] = (masks, names, numbers)

OTHER_RULES: tuple[Rule, ...] = (
    shares,
    targets,
    dtypes,
    places,
    stale,
    drops,
    axes,
    masks,
    transposes,
    signs,
    copies,
    assignments,
    slices,
    numbers,
    outside_of_quotient,
    names,
    roots,
    regrouped,
    exchanged_statements,
    options,
    statements,
)
