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
    # norms
    Fresh("rms-proj-axis", "norms", "RMSNorm",
          "proj = np.mean(dxhat * self.xhat, axis=-1, keepdims=True)",
          "proj = np.mean(dxhat * self.xhat, axis=0, keepdims=True)",
          ("wrong-axis-sum", "batch-mixed", "wrong-derivative"), "aside"),
    Fresh("rms-eps", "norms", "RMSNorm",
          "rms = np.sqrt(np.mean(self.x ** 2, axis=-1, keepdims=True) + self.eps)",
          "rms = np.sqrt(np.mean(self.x ** 2, axis=-1, keepdims=True)) + self.eps",
          ("epsilon-placement", "wrong-derivative"), "aside"),
    Fresh("group-dbeta", "norms", "GroupNorm",
          "self.dbeta = dout.sum(axis=(0, 2, 3))",
          "self.dbeta = dout.sum(axis=0)",
          ("bias-shape", "missing-broadcast-sum", "gradient-shape"), "aside"),
    Fresh("group-center", "norms", "GroupNorm",
          "        xg = xg - mu\n", "        xg -= mu\n",
          ("edits-argument",), "aside"),
    Fresh("wn-dv", "norms", "WeightNormDense",
          "self.dv = (self.g / self.norm) * (dW - self.vhat * self.dg)",
          "self.dv = (self.g / self.norm) * dW",
          ("missing-norm-term", "missing-chain-factor", "wrong-derivative"), "aside"),
    Fresh("l2n-point", "norms", "L2Normalize",
          """inner = np.sum(dout * self.y, axis=1, keepdims=True)
        return (dout - self.y * inner) / self.norm""",
          """inner = np.sum(dout * self.x, axis=1, keepdims=True)
        return (dout - self.x * inner) / self.norm""",
          ("derivative-at-wrong-point", "wrong-derivative"), "aside"),
    # gates
    Fresh("glu-gate", "gates", "GLU",
          "dpre = dgate * self.gate * (1.0 - self.gate)",
          "dpre = dgate",
          ("missing-chain-factor", "wrong-derivative"), "aside"),
    Fresh("highway-gate", "gates", "Highway",
          "dzt = dvalues * (self.H - self.inputs)", "dzt = dvalues * (self.inputs - self.H)",
          ("sign-flipped", "wrong-derivative"), "aside"),
    Fresh("residual-mask", "gates", "ResidualDense",
          "dpre = dhidden * self.mask * (self.pre > 0)",
          "dpre = dhidden * self.sample_mask(self.pre.shape) * (self.pre > 0)",
          ("resampled-mask", "not-repeatable"), "aside"),
    Fresh("residual-mode", "gates", "ResidualDense",
          "if training and self.rate > 0:", "if self.rate > 0:",
          ("mode-ignored",), "aside"),
    Fresh("maxout-winner", "gates", "Maxout",
          "won = np.arange(self.n_pieces)[None, :, None] == self.best[:, None, :]",
          "won = self.z == self.output[:, None, :]",
          ("tie-gradient",), "aside"),
    Fresh("prelu-upstream", "gates", "PReLU",
          "self.dinputs = dvalues * slope",
          "dvalues *= slope\n        self.dinputs = dvalues",
          ("edits-upstream", "edits-argument"), "aside"),
    Fresh("lowrank-db", "gates", "LowRankDense",
          "self.dbiases = np.sum(dvalues, axis=0, keepdims=True)",
          "self.dbiases = np.mean(dvalues, axis=0, keepdims=True)",
          ("extra-mean", "constant-factor", "wrong-derivative"), "aside"),
    Fresh("bilinear-second", "gates", "Bilinear",
          'self.dinputs2 = np.einsum("no,ijo,ni->nj", dvalues, self.weights, self.inputs1)',
          'self.dinputs1 = np.einsum("no,ijo,ni->nj", dvalues, self.weights, self.inputs1)',
          ("gradient-missing", "gradient-shape", "wrong-derivative"), "aside"),
    # losses
    Fresh("smooth-total", "losses", "label_smoothing_loss",
          "total = exp.sum(axis=1, keepdims=True)", "total = exp.sum()",
          ("softmax-whole-batch", "batch-mixed", "wrong-axis-sum"), "aside"),
    Fresh("focal-cast", "losses", "focal_loss",
          "t = np.asarray(targets).reshape(logits.shape).astype(logits.dtype)",
          "t = np.asarray(targets).reshape(logits.shape)",
          ("label-dtype-wrap",), "aside"),
    Fresh("focal-shape", "losses", "focal_loss",
          "t = np.asarray(targets).reshape(logits.shape).astype(logits.dtype)",
          "t = np.asarray(targets).astype(logits.dtype)",
          ("labels-broadcast", "gradient-shape", "batch-mixed"), "aside"),
    Fresh("dice-buffer", "losses", "dice_loss",
          "grad = np.empty_like(probs)", "grad = np.empty_like(targets)",
          ("int-truncation", "gradient-dtype"), "aside"),
    Fresh("contrastive-same-point", "losses", "contrastive_loss",
          "gap / np.maximum(dist, 1e-12)", "gap / dist",
          ("nan-at-extreme",), "aside"),
    Fresh("distill-t", "losses", "distillation_loss",
          "dstudent = T * (np.exp(log_p) - q) / n",
          "dstudent = T * T * (np.exp(log_p) - q) / n",
          ("constant-factor", "missing-chain-factor", "wrong-derivative"), "aside"),
    Fresh("nce-keys", "losses", "info_nce_loss",
          "dkeys = dlogits.T @ queries", "dkeys = dlogits @ queries",
          ("transposed", "wrong-derivative"), "aside"),
    Fresh("cosine-power", "losses", "cosine_loss",
          "cos * pred / p_norm ** 2) / n", "cos * pred / p_norm) / n",
          ("missing-chain-factor", "wrong-derivative"), "aside"),
    # convs
    Fresh("conv-crop", "convs", "Conv2D",
          "return dxp[:, :, p:p + h, p:p + w]", "return dxp[:, :, p:-p, p:-p]",
          ("padding-zero", "gradient-shape"), "aside"),
    Fresh("conv-overlap", "convs", "Conv2D",
          'dxp[:, :, rows, cols] += np.einsum("nfhw,fc->nchw"',
          'dxp[:, :, rows, cols] = np.einsum("nfhw,fc->nchw"',
          ("overlap-lost", "missing-broadcast-sum", "wrong-derivative"), "aside"),
    Fresh("conv-step", "convs", "Conv2D",
          """rows = slice(i * d, i * d + s * oh, s)
                cols = slice(j * d, j * d + s * ow, s)""",
          """rows = slice(i * d, i * d + oh)
                cols = slice(j * d, j * d + ow)""",
          ("stride-ignored", "option-ignored", "wrong-derivative"), "aside"),
    Fresh("deconv-kernel", "convs", "ConvTranspose2D",
          'dx += np.einsum("nfhw,cf->nchw", g, self.W[:, :, i, j])',
          'dx += np.einsum("nfhw,cf->nchw", g, self.W[:, :, kh - 1 - i, kw - 1 - j])',
          ("kernel-flipped", "wrong-derivative"), "aside"),
    Fresh("gap-squeeze", "convs", "GlobalAvgPool",
          "        return x.mean(axis=(2, 3))\n",
          "        return x.mean(axis=(2, 3), keepdims=True).squeeze()\n",
          ("batch-of-one",), "aside"),
    Fresh("gap-area", "convs", "GlobalAvgPool",
          "dout[:, :, None, None] / (h * w)", "dout[:, :, None, None] / (h * h)",
          ("square-only", "constant-factor", "wrong-derivative"), "aside"),
    Fresh("gmp-buffer", "convs", "GlobalMaxPool",
          "dx = np.zeros(self.x.shape, dtype=dout.dtype)\n        np.put_along_axis",
          "dx = np.zeros_like(self.x)\n        np.put_along_axis",
          ("memory-layout", "int-truncation", "gradient-dtype"), "aside"),
    Fresh("se-area", "convs", "SqueezeExcite",
          "dz[:, :, None, None] / area", "dz[:, :, None, None]",
          ("summed-not-averaged", "missing-chain-factor", "wrong-derivative"), "aside"),
    # nets
    Fresh("logreg-reg", "nets", "LogisticRegression",
          '        grads["w"] += self.l2 * self.params["w"]\n', "",
          ("missing-regulariser", "wrong-derivative"), "aside"),
    Fresh("logreg-exp", "nets", "LogisticRegression",
          "data = np.mean(np.logaddexp(0, z) - y * z)",
          "data = np.mean(np.log(1.0 + np.exp(z)) - y * z)",
          ("overflow",), "aside"),
    Fresh("logreg-accuracy", "nets", "LogisticRegression",
          "labels = np.asarray(y).ravel()", "labels = np.asarray(y)",
          ("accuracy-broadcast",), "aside"),
    Fresh("mlp-l2", "nets", "MLPClassifier",
          '"W2": h.T @ dz + self.l2 * self.params["W2"],',
          '"W2": h.T @ dz + 2 * self.l2 * self.params["W2"],',
          ("wrong-regulariser", "wrong-derivative"), "aside"),
    Fresh("mlp-labels", "nets", "MLPClassifier",
          "        labels = self.class_numbers(t)\n", "        labels = np.asarray(t).astype(int)\n",
          ("onehot-as-index",), "aside"),
    Fresh("mlp-output-bias", "nets", "MLPClassifier",
          'return self.hidden(X) @ self.params["W2"] + self.params["b2"]',
          'return self.hidden(X) @ self.params["W2"]',
          ("never-wired", "forward-wrong", "wrong-derivative"), "aside"),
    Fresh("tied-decoder", "nets", "TiedAutoencoder",
          '"W": X.T @ da + dr.T @ h,', '"W": X.T @ da,',
          ("missing-broadcast-sum", "missing-chain-factor", "wrong-derivative"), "aside"),
    Fresh("tied-mean", "nets", "TiedAutoencoder",
          "dr = (self.decode(h) - X) / X.shape[0]", "dr = self.decode(h) - X",
          ("missing-mean", "constant-factor", "wrong-derivative"), "aside"),
    Fresh("mixture-softmax", "nets", "MixtureRegression",
          '"a": pi * (dpi - np.dot(pi, dpi)),', '"a": pi * (1.0 - pi) * dpi,',
          ("softmax-diagonal-only", "missing-chain-factor", "wrong-derivative"), "aside"),
    Fresh("fc-order", "nets", "FCLayer",
          """        input_gradient = output_gradient @ self.weights.T
        weights_gradient = self.input.T @ output_gradient
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient.sum(axis=0, keepdims=True)
        return input_gradient""",
          """        weights_gradient = self.input.T @ output_gradient
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient.sum(axis=0, keepdims=True)
        return output_gradient @ self.weights.T""",
          ("updated-weights-used", "derivative-at-wrong-point"), "aside"),
    # optim
    Fresh("momentum-decay-inplace", "optim", "Momentum",
          "g = g + self.weight_decay * p", "g += self.weight_decay * p",
          ("edits-gradient", "edits-argument"), "aside"),
    Fresh("adagrad-default", "optim", "Adagrad",
          """    def __init__(self, lr=0.05, eps=1e-7):
        self.lr = lr
        self.eps = eps
        self.cache = {}""",
          """    def __init__(self, lr=0.05, eps=1e-7, cache={}):
        self.lr = lr
        self.eps = eps
        self.cache = cache""",
          ("shared-state", "state-shared-between-parameters"), "aside"),
    Fresh("rmsprop-moment", "optim", "RMSprop",
          "self.rho * old + (1.0 - self.rho) * g ** 2", "self.rho * old + (1.0 - self.rho) * g",
          ("moment-not-squared", "update-wrong"), "aside"),
    Fresh("adam-correction", "optim", "Adam",
          "lr_t = self.lr * np.sqrt(1.0 - self.beta2 ** self.t) / (1.0 - self.beta1 ** self.t)",
          "lr_t = self.lr",
          ("bias-correction", "update-wrong"), "aside"),
    Fresh("adamw-count", "optim", "AdamW",
          """        self.step_count += 1
        for name, p in params.items():
""",
          """        for name, p in params.items():
            self.step_count += 1
""",
          ("step-counter", "update-wrong"), "aside"),
    Fresh("adamw-decay", "optim", "AdamW",
          "p *= 1.0 - self.lr * self.weight_decay", "p *= 1.0 - self.weight_decay",
          ("decay-wrong", "update-wrong"), "aside"),
    Fresh("lion-sign", "optim", "Lion",
          "np.sign(c) + self.weight_decay * p", "np.sign(self.m[key]) + self.weight_decay * p",
          ("update-wrong",), "aside"),
    Fresh("sgd-key", "optim", "Optimizer_SGD",
          "key = (id(layer), name)", "key = name",
          ("state-shared-between-parameters", "shared-state", "update-wrong"), "aside"),
]
