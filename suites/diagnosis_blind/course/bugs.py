from dataclasses import dataclass
from pathlib import Path
RIGHT = Path(__file__).parent / "right"


@dataclass(frozen=True)
class Fresh:
    id: str
    module: str
    target: str      # the class or function that a user would check, e.g. "Conv2D" or "softmax_loss"
    old: str         # occurs exactly once in right/<module>.py
    new: str
    causes: tuple[str, ...]
    half: str        # "tune" or "aside"

    def source(self) -> str:
        text = (RIGHT / f"{self.module}.py").read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.id}: `old` occurs {text.count(self.old)} times")
        return text.replace(self.old, self.new)


BUGS = [
    # linear_models
    Fresh("s01", "linear_models", "softmax_loss_naive",
          "for k in range(num_classes):", "for k in range(num_classes - 1):",
          ("last-class",), "tune"),
    Fresh("s02", "linear_models", "svm_loss_naive",
          "dW = dW / num_train + 2 * reg * W", "dW = dW + 2 * reg * W",
          ("missing-mean",), "aside"),
    Fresh("s03", "linear_models", "softmax_loss_vectorized",
          "dW = X.T.dot(dscores / num_train) + reg * W", "dW = X.T.dot(dscores / num_train)",
          ("missing-regulariser",), "tune"),
    Fresh("s04", "linear_models", "logistic_loss",
          "t = 2.0 * y - 1.0", "t = 2 * y - 1",
          ("label-dtype-wrap",), "aside"),
    Fresh("s05", "linear_models", "LinearRegression",
          "y = np.asarray(y, dtype=float).reshape(-1, 1)", "y = np.asarray(y, dtype=float)",
          ("labels-broadcast",), "tune"),
    Fresh("s06", "linear_models", "svm_loss_vectorized",
          "dW += 2 * reg * W", "dW += reg * W",
          ("wrong-regulariser",), "aside"),

    # loss_classes
    Fresh("s07", "loss_classes", "MSELoss",
          "return 2 * self.diff / self.diff.size", "return self.diff / self.diff.size",
          ("constant-factor", "wrong-derivative"), "tune"),
    Fresh("s08", "loss_classes", "BCEWithLogitsLoss",
          "softplus = np.logaddexp(0.0, self.z)", "softplus = np.log(1 + np.exp(self.z))",
          ("overflow", "nan-at-extreme"), "aside"),
    Fresh("s09", "loss_classes", "FocalLoss",
          "inner = self.gamma * self.pt * self.log_pt - self.q", "inner = -self.q",
          ("missing-chain-factor", "wrong-derivative"), "tune"),
    Fresh("s10", "loss_classes", "LabelSmoothingCrossEntropy",
          "        soft = (1 - self.smoothing) * self.onehot + self.smoothing / k\n"
          "        return (np.exp(self.log_p) - soft) / n",
          "        return (np.exp(self.log_p) - self.onehot) / n",
          ("option-ignored", "wrong-derivative"), "aside"),
    Fresh("s11", "loss_classes", "TripletLoss",
          "dnegative = scale * self.to_neg", "dnegative = -scale * self.to_neg",
          ("sign-flipped",), "tune"),
    Fresh("s12", "loss_classes", "CosineLoss",
          "da = -(self.ub - self.cos * self.ua) / self.na", "da = -self.ub / self.na",
          ("missing-norm-term", "missing-chain-factor", "wrong-derivative"), "aside"),

    # loss_functions
    Fresh("s13", "loss_functions", "softmax_cross_entropy",
          "    shifted = logits - logits.max(axis=1, keepdims=True)\n"
          "    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n",
          "    logits -= logits.max(axis=1, keepdims=True)\n"
          "    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))\n",
          ("edits-argument",), "tune"),
    Fresh("s14", "loss_functions", "binary_cross_entropy",
          "grad = (q - t) / (q * (1 - q)) / p.size", "grad = (p - t) / (p * (1 - p)) / p.size",
          ("clip-mismatch", "nan-at-extreme"), "aside"),
    Fresh("s15", "loss_functions", "kl_divergence",
          "log_t = np.log(np.where(target > 0, target, 1.0))", "log_t = np.log(target)",
          ("nan-at-extreme",), "tune"),
    Fresh("s16", "loss_functions", "hinge_loss",
          "grad = np.zeros_like(scores)", "grad = np.zeros_like(y)",
          ("int-truncation", "gradient-dtype"), "aside"),
    Fresh("s17", "loss_functions", "nll_loss",
          "    if y.ndim > 1:\n        y = np.argmax(y, axis=1)\n    y = y.astype(int)\n",
          "    y = y.astype(int)\n",
          ("onehot-as-index",), "tune"),
    Fresh("s18", "loss_functions", "squared_hinge_loss",
          "s = scores.reshape(-1)", "s = scores.squeeze()",
          ("batch-of-one",), "aside"),

    # activations
    Fresh("s19", "activations", "LeakyReLU",
          "return np.where(self.mask, dout, self.alpha * dout)",
          "return np.where(self.mask, self.alpha * dout, dout)",
          ("wrong-mask-side",), "tune"),
    Fresh("s20", "activations", "Tanh",
          "return dout * (1.0 - self.out ** 2)", "return dout * (1.0 - np.tanh(self.out) ** 2)",
          ("derivative-at-wrong-point", "wrong-derivative"), "aside"),
    Fresh("s21", "activations", "Softmax",
          "        dot = np.sum(dout * self.out, axis=1, keepdims=True)\n"
          "        return self.out * (dout - dot)\n",
          "        return dout * self.out * (1 - self.out)\n",
          ("softmax-diagonal-only", "wrong-derivative"), "tune"),
    Fresh("s22", "activations", "PReLU",
          "self.dalpha = np.sum(dout * np.minimum(self.x, 0), axis=0)",
          "self.dalpha = dout * np.minimum(self.x, 0)",
          ("missing-broadcast-sum", "gradient-shape"), "aside"),
    Fresh("s23", "activations", "GELU",
          "(1.0 + 3 * 0.044715 * x ** 2)", "(1.0 + 0.044715 * x ** 2)",
          ("wrong-derivative",), "tune"),
    Fresh("s24", "activations", "LogSoftmax",
          "np.log(np.exp(shifted).sum(axis=1, keepdims=True))", "np.log(np.exp(shifted).sum(axis=1))",
          ("softmax-broadcast", "forward-wrong"), "aside"),

    # layer_utils
    Fresh("s25", "layer_utils", "affine_backward",
          "    db = dout.sum(axis=0)\n", "    db = dout.mean(axis=0)\n",
          ("extra-mean", "constant-factor"), "tune"),
    Fresh("s26", "layer_utils", "softmax_loss",
          "dx[np.arange(N), y] -= 1\n", "dx[:, y] -= 1\n",
          ("wrong-derivative", "batch-mixed"), "aside"),
    Fresh("s27", "layer_utils", "batchnorm_forward",
          "running_var = momentum * running_var + (1 - momentum) * var",
          "running_var = momentum * running_var + (1 - momentum) * np.sqrt(var + eps)",
          ("running-statistics",), "tune"),
    Fresh("s28", "layer_utils", "layernorm_backward",
          "mean_dx = (dxhat * xhat).mean(axis=1, keepdims=True)",
          "mean_dx = (dxhat * xhat).mean(axis=0, keepdims=True)",
          ("wrong-axis-sum", "batch-mixed"), "aside"),
    Fresh("s29", "layer_utils", "batchnorm_backward",
          "istd = 1.0 / np.sqrt(var + eps)", "istd = 1.0 / (np.sqrt(var) + eps)",
          ("epsilon-placement",), "tune"),
    Fresh("s30", "layer_utils", "dropout_forward",
          "mask = (np.random.rand(*x.shape) < p) / p", "mask = np.random.rand(*x.shape) < p",
          ("dropout-scale",), "aside"),

    # optim
    Fresh("s31", "optim", "rmsprop",
          'cache = config["decay_rate"] * cache + (1 - config["decay_rate"]) * dw ** 2',
          'cache = config["decay_rate"] * cache + (1 - config["decay_rate"]) * dw',
          ("moment-not-squared", "update-wrong"), "tune"),
    Fresh("s32", "optim", "adam",
          "config.update(m=m, v=v, t=t)", "config.update(m=m, v=v)",
          ("step-counter", "update-wrong"), "aside"),
    Fresh("s33", "optim", "adagrad",
          'config["cache"] = config["cache"] + dw ** 2', 'config["cache"] = dw ** 2',
          ("missing-carry", "update-wrong"), "tune"),
    Fresh("s34", "optim", "sgd_momentum",
          '    next_w = w + v\n    config["velocity"] = v\n    return next_w, config\n',
          '    w += v\n    config["velocity"] = v\n    return w, config\n',
          ("edits-argument",), "aside"),
    Fresh("s35", "optim", "RuleOptimizer",
          "self.configs[name] = dict(self.optim_config)", "self.configs[name] = self.optim_config",
          ("state-shared-between-parameters", "shared-state"), "tune"),
    Fresh("s36", "optim", "Adam",
          "v_hat = self.v[key] / (1 - self.beta2 ** self.iter)", "v_hat = self.v[key]",
          ("bias-correction", "update-wrong"), "aside"),
    Fresh("s37", "optim", "Nesterov",
          "params[key] = params[key] + self.momentum * self.v[key] - self.lr * g",
          "params[key] = params[key] + self.momentum * self.v[key]",
          ("update-wrong",), "tune"),

    # nnfs_parts
    Fresh("s38", "nnfs_parts", "Optimizer_SGD",
          "self.current_learning_rate = self.learning_rate / (1.0 + self.decay * self.iterations)",
          "self.current_learning_rate = self.current_learning_rate / (1.0 + self.decay * self.iterations)",
          ("decay-wrong",), "aside"),
    Fresh("s39", "nnfs_parts", "Optimizer_SGD",
          "        weight_updates = -self.current_learning_rate * layer.dweights\n",
          "        weight_updates = layer.dweights\n"
          "        weight_updates *= -self.current_learning_rate\n",
          ("edits-gradient",), "tune"),
    Fresh("s40", "nnfs_parts", "Layer_Dense",
          "self.dbiases = np.sum(dvalues, axis=0, keepdims=True)", "self.dbiases = np.sum(dvalues, axis=0)",
          ("bias-shape", "gradient-shape"), "aside"),
    Fresh("s41", "nnfs_parts", "Activation_Softmax_Loss_CategoricalCrossentropy",
          "        self.dinputs = dvalues.copy()\n        self.dinputs[range(samples), y_true] -= 1\n",
          "        self.dinputs = dvalues\n        self.dinputs[range(samples), y_true] -= 1\n",
          ("overwrites-output", "edits-argument"), "tune"),
    Fresh("s42", "nnfs_parts", "Activation_Softmax",
          "exp_values / np.sum(exp_values, axis=1, keepdims=True)", "exp_values / np.sum(exp_values)",
          ("softmax-whole-batch", "batch-mixed", "forward-wrong"), "aside"),

    # small_nets
    Fresh("s43", "small_nets", "numerical_gradient",
          "        grad[idx] = (fxh1 - fxh2) / (2 * h)\n        x[idx] = old\n",
          "        grad[idx] = (fxh1 - fxh2) / (2 * h)\n",
          ("restore-missing", "edits-argument"), "tune"),
    Fresh("s44", "small_nets", "accuracy",
          "return np.mean(predictions == t.reshape(-1))", "return np.mean(predictions == t)",
          ("accuracy-broadcast",), "aside"),
    Fresh("s45", "small_nets", "TwoLayerNet",
          'return z1.dot(self.params["W2"]) + self.params["b2"]', 'return z1.dot(self.params["W2"])',
          ("never-wired", "forward-wrong"), "tune"),
    Fresh("s46", "small_nets", "LinearTwoLayer",
          "        dcode = dy.dot(self.W2.T)\n        self.W2 = self.W2 - lr * code.T.dot(dy)\n",
          "        self.W2 = self.W2 - lr * code.T.dot(dy)\n        dcode = dy.dot(self.W2.T)\n",
          ("updated-weights-used",), "aside"),
    Fresh("s47", "small_nets", "ThreeLayerNet",
          'self.grads[f"b{i}"] = delta.sum(axis=0)', 'self.grads[f"b{i}"] += delta.sum(axis=0)',
          ("accumulates", "not-repeatable"), "tune"),
    Fresh("s48", "small_nets", "eval_numerical_gradient_array",
          "grad[ix] = np.sum((pos - neg) * df) / (2 * h)", "grad[ix] = np.sum((pos - neg) * df) / h",
          ("numerical-gradient-wrong", "constant-factor"), "aside"),
]
