"""Bugs in losses beyond the books.

This half is held back while a diagnosis is written.
"""

from gradcheck_reference.bugs.types import Bug

BUGS: tuple[Bug, ...] = (
    Bug(
        id="huber-delta-missing",
        title="The outer branch's slope is 1, not delta.",
        like="survey: option ignored by backward",
        right="wild_losses",
        target="HuberLoss",
        old="return np.clip(self.diff, -self.delta, self.delta) / self.diff.size",
        new="return np.clip(self.diff, -1, 1) / self.diff.size",
        law="gradient",
        also=("same_as_reference", "kinks", "extremes"),
        wrt="pred",
        cause="option-ignored",
        init="HuberLoss(1.5)",
        lineage="wild",
    ),
    Bug(
        id="hinge-uint8-labels",
        title="Labels -1 and 1 are stored as uint8, where -1 is 255.",
        like="survey: label dtype",
        right="wild_losses",
        target="HingeLoss",
        old="self.target = target.reshape(pred.shape).astype(float)",
        new="self.target = target.reshape(pred.shape).astype(np.uint8)",
        law="gradient",
        also=("label_formats", "same_as_reference", "contract"),
        wrt="pred",
        cause="label-dtype-wrap",
        init="HingeLoss()",
        lineage="wild",
    ),
    Bug(
        id="focal-modulator-derivative-missing",
        title="The factor (1 - p)^gamma is treated as a constant.",
        like="survey: product rule",
        right="wild_losses",
        target="FocalLoss",
        old=(
            "factor = self.gamma * rest ** (self.gamma - 1) * self.pt * self.log_pt - "
            "rest**self.gamma"
        ),
        new="factor = -(rest**self.gamma)",
        law="gradient",
        also=("same_as_reference",),
        wrt="logits",
        cause="missing-chain-factor",
        init="FocalLoss(2.0)",
        lineage="wild",
    ),
    Bug(
        id="cosine-projection-missing",
        title="The part of the gradient along a is not taken out.",
        like="survey: normalisation term lost",
        right="wild_losses",
        target="CosineEmbeddingLoss",
        old="dcos = self.b / (self.norm_a * self.norm_b) - self.cos * self.a / self.norm_a**2",
        new="dcos = self.b / (self.norm_a * self.norm_b) - 0 * self.a / self.norm_a**2",
        law="gradient",
        also=("same_as_reference",),
        wrt="a",
        cause="missing-norm-term",
        init="CosineEmbeddingLoss()",
        lineage="wild",
    ),
    Bug(
        id="cosine-zero-vector-nan",
        title="A row of zeros has length 0: 0 / 0.",
        like="survey: NaN for a legal input",
        right="wild_losses",
        target="CosineEmbeddingLoss",
        old="self.norm_a = np.sqrt(np.sum(a * a, axis=1, keepdims=True) + self.eps)",
        new="self.norm_a = np.sqrt(np.sum(a * a, axis=1, keepdims=True))",
        law="extremes",
        also=("kinks", "gradient"),
        wrt="a",
        cause="nan-at-extreme",
        init="CosineEmbeddingLoss()",
        lineage="wild",
    ),
    Bug(
        id="weighted-ce-label-broadcast",
        title="Labels (n, 1) are not flattened: the sum runs over every pair of sample and label.",
        like="survey: labels (n,) and (n, 1)",
        right="wild_losses",
        target="WeightedCrossEntropy",
        old=(
            "labels = labels.ravel().astype(int)\n"
            "        shifted = logits - logits.max(axis=1, keepdims=True)"
        ),
        new=(
            "labels = labels.astype(int)\n"
            "        shifted = logits - logits.max(axis=1, keepdims=True)"
        ),
        law="label_formats",
        status="note",
        wrt="loss",
        cause="labels-broadcast",
        init="WeightedCrossEntropy([1.0, 2.0, 0.5])",
        lineage="wild",
    ),
    Bug(
        id="mse-gradient-in-target-dtype",
        title=(
            "The gradient is written into an array of the targets' dtype: integer targets "
            "truncate it to 0."
        ),
        like="survey: gradient written into an array of the labels' int dtype",
        right="wild_losses",
        target="MSELoss",
        old="grad = np.empty(self.pred.shape)",
        new="grad = np.empty_like(self.target)",
        law="label_formats",
        also=("dtype",),
        wrt="pred",
        cause="int-truncation",
        also_causes=("gradient-dtype",),
        init="MSELoss()",
        lineage="wild",
    ),
)
