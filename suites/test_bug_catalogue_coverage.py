"""What the bug catalogue covers: vocabulary, halves, and every published defect by name."""

from __future__ import annotations

import collections
import re

import pytest
from gradcheck_reference import bugs

BUGS = bugs.load()
LAWS = set(
    re.findall(
        r"\S+",
        """contract gradient inputs_unchanged repeatable linear_in_cotangent zero_cotangent
        label_formats layout batch cached_input interleaved dtype extremes kinks train_eval roles
        same_as_reference gradient_untouched optimizer_steps zero_gradient_rests
        state_per_parameter bias_correction decay bowl_descends numerical_gradient model_gradient
        model_moves model_roundtrip""",
    )
)
CAUSES = set(
    re.findall(
        r"\S+",
        """sign-flipped constant-factor missing-mean extra-mean transposed kernel-flipped
        wrong-axis-sum summed-not-averaged missing-broadcast-sum bias-shape missing-regulariser
        wrong-regulariser missing-norm-term softmax-diagonal-only missing-carry
        derivative-at-wrong-point missing-chain-factor wrong-derivative identity-backward
        zero-gradient upstream-ignored wrong-mask-side stale-mask resampled-mask duplicates-lost
        overlap-lost label-dtype-wrap int-truncation labels-broadcast onehot-as-index last-class
        batch-of-one batch-mixed memory-layout square-only stride-ignored padding-zero
        option-ignored softmax-broadcast softmax-whole-batch edits-argument edits-upstream
        overwrites-output edits-gradient accumulates not-repeatable cached-by-reference
        shared-state float32-inside overflow nan-at-extreme kink-value tie-gradient mode-ignored
        dropout-scale running-statistics bias-correction step-counter epsilon-placement
        moment-not-squared decay-wrong update-wrong state-shared-between-parameters
        restore-missing numerical-gradient-wrong gradient-missing gradient-shape gradient-dtype
        name-error forward-wrong clip-mismatch accuracy-broadcast updated-weights-used never-wired
        unknown""",
    )
)

#: Defects that stand in published code of the two books' lineages, and the entry for each.
PUBLISHED = """
b (n,) against db (1, n): dense-db-wrong-shape
L2 term of the bias uses the weights: dense-bias-l2-uses-weights
missing factor 2: dense-l2-factor-2-missing
db = g . ones((n, n)): dense-db-dot-ones
softmax without keepdims: softmax-no-keepdims
maximum and sum over the whole batch: softmax-whole-batch
mask < 0 against <= 0: relu-mask-less-than
sigmoid overflow: sigmoid-overflow-warning
Softmax that computes a sigmoid: softmax-computes-sigmoid
Linear returning the same array: linear-dinputs-same-object
dropout never wired: model-dropout-never-wired
mask drawn again: dropout-mask-drawn-again
mask unscaled: dropout-mask-unscaled
calculate takes len() of a scalar: calculate-len-of-scalar
calculate reads names that do not exist: calculate-undefined-name
cross-entropy backward not clipped: cce-backward-not-clipped
one-hot uint8 wraps: cce-uint8-onehot-wraps
loss[:, y] gives a matrix: cce-loss-matrix-indexing
(n,) labels against (n, 1): bce-labels-broadcast
-y_true of uint8: bce-uint8-labels-wrap
MAE sign reversed: mae-sign-reversed
(n,) targets against (n, 1): mse-targets-broadcast
fused backward overwrites the output: fused-softmax-overwrites-output
momentum edits the gradient: sgd-momentum-edits-gradient
bias correction without t: adam-correction-without-power
eps inside the root: adagrad-epsilon-inside-root
second moments not squared: adam-second-moment-not-squared
beta_1 0.0 by default: adam-beta1-defaults-to-zero
accuracy (n,) against (n, 1): accuracy-labels-broadcast
one-layer models out of range: model-one-layer-out-of-range
validation overwrites training state: model-validation-overwrites-training-state
backward(out) with undefined dout: mul-backward-undefined-dout
Relu edits dout: fish-relu-edits-dout
SoftmaxWithLoss ignores dout: fish-loss-ignores-dout
labels told apart by size: fish-labels-by-size
softmax over the whole batch in 2-D: fish-softmax-whole-batch
cross entropy without epsilon: fish-cross-entropy-no-epsilon
epsilon in the forward only: fish-cross-entropy-epsilon-forward-only
Pooling ignores pad in the output size: pooling-ignores-pad-in-size
dx[p:-p] at p = 0: conv-col2im-pad-zero
overlapping windows overwritten: conv-col2im-overlap-lost
x never restored: numgrad-x-never-restored
a whole column perturbed at once: numgrad-whole-column
'W1' assigned twice: net-w1-assigned-twice
accuracy without a return: net-accuracy-no-return
a ReLU after the last Affine: net-relu-after-last-affine
"""

#: Classes of bug from the survey of public code, and one entry for each.
SURVEYED = """
sign flipped in a loss: cce-sign-flipped
one term's sign: bce-one-term-sign
derivative is the function itself: sigmoid-backward-is-sigmoid
weight-decay sign: adamw-decay-sign
softmax keeps only the diagonal: softmax-diagonal-only
softmax derivative at the logits: softmax-derivative-at-logits
mask always true: relu-mask-of-clipped-output
mask of the wrong side: relu-mask-wrong-side
kernel not flipped: conv-kernel-not-flipped
patch and batch order: conv-dout-not-transposed
result assigned only in a branch: dense-dinputs-only-when-regularised
overlapping pool windows: cs-pool-overlap-lost
H and W swapped: conv-height-width-swapped
early return in a loop: numgrad-rows-only-first-row
mean against sum: mse-backward-summed
factor 2: mse-factor-2-missing
dW averaged and db not: affine-dw-divided-by-batch
loss and gradient of different functions: kl-arguments-swapped
option ignored by backward: huber-delta-missing
per-class weight per column: weighted-ce-weight-per-column
operator precedence: tanh-precedence
missing chain factor: attention-scale-missing-in-backward
approximation mixed: gelu-tanh-erf-derivative
reduction missing: cs-conv-db-per-position
hard-coded length: affine-flatten-hard-coded-batch
BPTT later steps missing: cs-bptt-carry-missing
derivative at the wrong point: tanh-derivative-of-tanh
copy-paste gate: cs-lstm-gate-copy-paste
dX never written: dense-dinputs-not-stored
BatchNorm terms lost: batchnorm-variance-term-missing
mean used as variance: batchnorm-running-var-is-mean
dropout p against 1-p: dropout-rate-inverted
dropout mask not applied: dropout-mask-not-applied-backward
repeated indices: cs-embedding-duplicates-lost
broadcast axes not summed: broadcast-add-not-summed
= instead of +=: cs-bptt-dwh-overwritten
bias summed over everything: dense-db-sum-everything
bias not summed: dense-db-not-summed
updated weights used: fc-updated-weights-used
output-activation derivative missing: cs-affine-relu-skips-relu
stride missing: conv-stride-missing-in-backward
channel index: cs-pool-channel-zero
leaky slope dropped: leaky-slope-dropped
step counter per tensor: adam-counter-per-parameter
first accumulator step: sgd-first-velocity-counts-twice
gradient array edited: weight-decay-edits-gradient
backward not repeatable: fish-softmax-loss-wrong-y
accumulate and never reset: dense-dw-accumulates
argument mutated: relu-forward-edits-input
names that do not exist: dense-dweights-uses-misnamed-inputs
Python 2 division: conv-python2-division
output-size formula: cs-conv-output-size-formula
axis slip: dense-db-sum-axis-1
gradient in the labels' dtype: mse-gradient-in-target-dtype
one-hot used as indices: fused-softmax-onehot-as-index
last class never reached: cce-last-class-wraps
NaN at large logits: sigmoid-nan-large-positive
overflow of log(1 + exp x): softplus-overflow
squeeze() of a batch of 1: flatten-squeezes-batch-of-one
ravel(order='K'): affine-flatten-order-k
cached by reference: dense-input-cached-by-reference
numerical gradient forgets to restore: numgrad-not-restored-when-f-raises
missed by all, gradient of 1 at 0: cs-relu-greater-equal
missed by all, consistent softmax over the batch: softmax-over-batch-consistent
missed by all, layer norm over the wrong axis: layernorm-over-batch-consistent
missed by all, every tied maximum: cs-pool-ties-all-full
missed on plain input, x > 6: relu6-upper-side-forgotten
missed on plain input, clip mismatch: bce-clip-1e-12-float32
missed on plain input, evaluation mode: batchnorm-eval-uses-batch
missed on plain input, symmetric weights: cs-rnn-wh-not-transposed
"""


def listed(table):
    return [tuple(line.rsplit(": ", 1)) for line in table.strip().splitlines()]


def test_ids_are_unique_kebab_case_and_sorted():
    ids = [bug.id for bug in BUGS]
    assert len(ids) >= 170
    assert ids == sorted(set(ids))
    assert [i for i in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", i)] == []


def test_vocabulary():
    assert {law for bug in BUGS for law in (bug.law, *bug.also)} == LAWS
    assert {bug.cause for bug in BUGS} - CAUSES == set()
    assert {bug.status for bug in BUGS} == {"fail", "note"}
    assert {bug.lineage for bug in BUGS} == {"nnfs", "fish", "cs231n", "wild"}
    assert [bug.id for bug in BUGS if bug.law in bug.also] == []


def test_every_cause_but_one_has_a_bug():
    # A gradient of another dtype always shows as truncation or as float32 inside.
    assert CAUSES - {bug.cause for bug in BUGS} == {"gradient-dtype"}


def test_every_law_is_named_by_at_least_two_bugs():
    counts = collections.Counter(bug.law for bug in BUGS)
    assert {law: counts[law] for law in LAWS if counts[law] < 2} == {}


def test_halves_are_balanced_by_law():
    sides = collections.Counter((bug.law, bugs.half(bug)) for bug in BUGS)
    uneven = {law for law in LAWS if abs(sides[law, "tune"] - sides[law, "held"]) > 2}
    assert uneven == set()
    total = collections.Counter(bugs.half(bug) for bug in BUGS)
    assert abs(total["tune"] - total["held"]) <= 4


@pytest.mark.parametrize("table", [PUBLISHED, SURVEYED], ids=["published", "surveyed"])
def test_every_listed_defect_has_its_entry(table):
    ids = {bug.id for bug in BUGS}
    assert [(text, name) for text, name in listed(table) if name not in ids] == []
