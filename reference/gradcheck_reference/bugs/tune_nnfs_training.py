"""Bugs in optimizers and accuracies in the NNFS style.

This half may be looked at while a diagnosis is written.
"""

from gradcheck_reference.bugs.types import Bug

BUGS: tuple[Bug, ...] = (
    Bug(
        id="sgd-momentum-edits-gradient",
        title="The update is built inside the layer's own gradient array.",
        like="NNFS lineage: delta = layer.dweight; delta += ...",
        right="nnfs_optimizers",
        target="Optimizer_SGD",
        old="weight_updates = layer.dweights.copy()",
        new="weight_updates = layer.dweights",
        law="gradient_untouched",
        wrt="dweights",
        cause="edits-gradient",
        init="Optimizer_SGD(0.1, decay=0.01, momentum=0.9)",
        lineage="nnfs",
    ),
    Bug(
        id="sgd-decay-compounds",
        title="The decay is applied to the already decayed rate, so that it compounds.",
        like="NNFS ch. 10: current_learning_rate in place of learning_rate",
        right="nnfs_optimizers",
        target="Optimizer_SGD",
        old=(
            "self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)\n"
            "\n"
            "    def update_params(self, layer):\n"
            "        if self.momentum:"
        ),
        new=(
            "self.current_learning_rate /= 1 + self.decay * self.iterations\n"
            "\n"
            "    def update_params(self, layer):\n"
            "        if self.momentum:"
        ),
        law="decay",
        also=("optimizer_steps",),
        wrt="learning_rate",
        cause="decay-wrong",
        init="Optimizer_SGD(0.1, decay=0.01, momentum=0.9)",
        lineage="nnfs",
    ),
    Bug(
        id="adagrad-cache-not-squared",
        title="The cache adds up gradients, not their squares: square roots of negative numbers.",
        like="NNFS lineage: second moments not squared",
        right="nnfs_optimizers",
        target="Optimizer_Adagrad",
        old="layer.weight_cache += layer.dweights**2",
        new="layer.weight_cache += layer.dweights",
        law="optimizer_steps",
        also=("bowl_descends",),
        wrt="weights",
        cause="moment-not-squared",
        init="Optimizer_Adagrad(0.1)",
        lineage="nnfs",
    ),
    Bug(
        id="adagrad-epsilon-inside-root",
        title="epsilon is added under the square root.",
        like="NNFS lineage: eps inside the root",
        right="nnfs_optimizers",
        target="Optimizer_Adagrad",
        old="layer.weights -= rate * layer.dweights / (np.sqrt(layer.weight_cache) + self.epsilon)",
        new="layer.weights -= rate * layer.dweights / np.sqrt(layer.weight_cache + self.epsilon)",
        law="optimizer_steps",
        wrt="weights",
        cause="epsilon-placement",
        init="Optimizer_Adagrad(0.1)",
        lineage="nnfs",
    ),
    Bug(
        id="adam-no-bias-correction",
        title="The first moment is used without dividing by 1 - beta_1^t.",
        like="survey: Adam bias correction without t",
        right="nnfs_optimizers",
        target="Optimizer_Adam",
        old="fix1 = 1 - b1 ** (self.iterations + 1)",
        new="fix1 = 1",
        law="bias_correction",
        also=("optimizer_steps",),
        wrt="weights",
        cause="bias-correction",
        init="Optimizer_Adam(0.02, decay=1e-3)",
        lineage="nnfs",
    ),
    Bug(
        id="adam-correction-t-from-zero",
        title="The power starts at 0, so that the first step divides by zero.",
        like="NNFS ch. 10 explains the + 1",
        right="nnfs_optimizers",
        target="Optimizer_Adam",
        old="fix1 = 1 - b1 ** (self.iterations + 1)",
        new="fix1 = 1 - b1**self.iterations",
        law="bias_correction",
        also=("optimizer_steps", "zero_gradient_rests", "bowl_descends", "contract"),
        wrt="weights",
        cause="step-counter",
        init="Optimizer_Adam(0.02, decay=1e-3)",
        lineage="nnfs",
    ),
    Bug(
        id="adam-beta1-defaults-to-zero",
        title="The first-moment factor is left at 0.0 by default: no momentum unless asked for.",
        like="NNFS lineage: Adam's first-moment factor left at 0.0",
        right="nnfs_optimizers",
        target="Optimizer_Adam",
        old=(
            "def __init__(self, learning_rate=0.001, decay=0.0, epsilon=1e-7, beta_1=0.9, "
            "beta_2=0.999):"
        ),
        new=(
            "def __init__(self, learning_rate=0.001, decay=0.0, epsilon=1e-7, beta_1=0.0, "
            "beta_2=0.999):"
        ),
        law="optimizer_steps",
        also=("same_as_reference", "bias_correction", "roles"),
        status="note",
        wrt="beta_1",
        cause="update-wrong",
        init="Optimizer_Adam()",
        lineage="nnfs",
    ),
    Bug(
        id="accuracy-onehot-not-reduced",
        title="One-hot labels are compared with class numbers as they are.",
        like="survey: one label format forgotten",
        right="nnfs_accuracy",
        target="Accuracy_Categorical",
        old="y = np.argmax(y, axis=1)",
        new="y = y.max(axis=1)",
        law="roles",
        also=("label_formats",),
        wrt="accuracy",
        cause="onehot-as-index",
        init="Accuracy_Categorical()",
        lineage="nnfs",
    ),
    Bug(
        id="accuracy-counts-not-share",
        title="calculate() returns how many are right, not which share.",
        like="mean against sum",
        right="nnfs_accuracy",
        target="Accuracy_Categorical",
        old="return np.mean(comparisons)",
        new="return np.sum(comparisons)",
        law="roles",
        also=("label_formats", "same_as_reference", "batch"),
        wrt="accuracy",
        cause="summed-not-averaged",
        also_causes=("missing-mean",),
        init="Accuracy_Categorical()",
        lineage="nnfs",
    ),
    Bug(
        id="accuracy-binary-broadcast",
        title="Predictions (n, 1) against labels (n,) compare every pair.",
        like="NNFS ch. 16",
        right="nnfs_accuracy",
        target="Accuracy_Binary",
        old="return (predictions > 0.5) == (y.reshape(predictions.shape) > 0.5)",
        new="return (predictions > 0.5) == (y > 0.5)",
        law="roles",
        also=("label_formats",),
        wrt="accuracy",
        cause="accuracy-broadcast",
        also_causes=("labels-broadcast",),
        init="Accuracy_Binary()",
        lineage="nnfs",
        status="note",
    ),
    Bug(
        id="accuracy-regression-signed-difference",
        title="The absolute value is missing: every prediction below its target counts as right.",
        like="survey: abs forgotten",
        right="nnfs_accuracy",
        target="Accuracy_Regression",
        old="return np.abs(predictions - y.reshape(predictions.shape)) <= self.precision",
        new="return predictions - y.reshape(predictions.shape) <= self.precision",
        law="roles",
        also=("same_as_reference",),
        wrt="accuracy",
        cause="forward-wrong",
        init="Accuracy_Regression()",
        lineage="nnfs",
    ),
    Bug(
        id="accuracy-regression-broadcast",
        title="Predictions (n, 1) minus targets (n,) give an (n, n) table.",
        like="NNFS ch. 17",
        right="nnfs_accuracy",
        target="Accuracy_Regression",
        old="return np.abs(predictions - y.reshape(predictions.shape)) <= self.precision",
        new="return np.abs(predictions - y) <= self.precision",
        law="roles",
        also=("label_formats",),
        wrt="accuracy",
        cause="accuracy-broadcast",
        also_causes=("labels-broadcast",),
        init="Accuracy_Regression()",
        lineage="nnfs",
        status="note",
    ),
    Bug(
        id="adagrad-cache-on-the-class",
        title="The cache is put on the layer's class: all layers of that class share it.",
        like="class attribute in place of instance attribute",
        right="nnfs_optimizers",
        target="Optimizer_Adagrad",
        old=(
            "layer.weight_cache = np.zeros_like(layer.weights)\n"
            "            layer.bias_cache = np.zeros_like(layer.biases)\n"
            "        layer.weight_cache += layer.dweights**2"
        ),
        new=(
            "layer.__class__.weight_cache = np.zeros_like(layer.weights)\n"
            "            layer.bias_cache = np.zeros_like(layer.biases)\n"
            "        layer.weight_cache += layer.dweights**2"
        ),
        law="state_per_parameter",
        also=("optimizer_steps",),
        wrt="weights",
        cause="state-shared-between-parameters",
        also_causes=("shared-state",),
        init="Optimizer_Adagrad(0.1)",
        lineage="nnfs",
    ),
)
