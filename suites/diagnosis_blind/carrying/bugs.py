from dataclasses import dataclass
from pathlib import Path
RIGHT = Path(__file__).parent / "right"


@dataclass(frozen=True)
class Fresh:
    id: str
    module: str
    target: str
    old: str
    new: str
    causes: tuple[str, ...]
    half: str

    def source(self) -> str:
        text = (RIGHT / f"{self.module}.py").read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.id}: `old` occurs {text.count(self.old)} times")
        return text.replace(self.old, self.new)


def B(id, module, target, old, new, *causes):
    return Fresh(id, module, target, old, new, causes, "tune")


MBS, MC, DWP, SF = "missing-broadcast-sum", "missing-carry", "derivative-at-wrong-point", "sign-flipped"
MCF, MNT, WAS, WD = "missing-chain-factor", "missing-norm-term", "wrong-axis-sum", "wrong-derivative"

BUGS = [
    # acts
    B("y-softmax-column-sum", "acts", "Activation_Softmax",
      "weighted = np.sum(dvalues * self.output, axis=1, keepdims=True)",
      "weighted = np.sum(dvalues * self.output, axis=0, keepdims=True)", WAS, "batch-mixed"),
    B("y-elu-exp-of-output", "acts", "Activation_ELU",
      "slope = self.alpha * np.exp(np.minimum(self.inputs, 0))",
      "slope = self.alpha * np.exp(np.minimum(self.output, 0))", DWP, WD),
    B("y-tanh-as-sigmoid", "acts", "Activation_Tanh",
      "dvalues * (1.0 - self.output ** 2)", "dvalues * self.output * (1.0 - self.output)", WD),
    B("y-softplus-at-output", "acts", "Softplus",
      "return dout * sigmoid(self.x)\n\n\nclass Swish", "return dout * sigmoid(self.out)\n\n\nclass Swish", DWP, WD),
    B("y-swish-beta-no-sum", "acts", "Swish",
      "self.dbeta = np.sum(dout * self.x ** 2 * slope)", "self.dbeta = dout * self.x ** 2 * slope",
      MBS, "gradient-shape"),
    B("y-swish-inner-beta", "acts", "Swish",
      "self.s + self.beta * self.x * slope", "self.s + self.x * slope", MCF, "option-ignored", WD),
    B("y-mish-sigmoid-of-softplus", "acts", "Mish",
      "dout * (self.t + dsp * sigmoid(self.x))", "dout * (self.t + dsp * sigmoid(self.sp))", DWP, WD),
    B("y-softsign-arctan", "acts", "Softsign",
      "return x / self.denom\n\n    def backward(self, dout):\n        return dout / self.denom ** 2",
      "self.x = x.copy()\n        return x / self.denom\n\n    def backward(self, dout):\n        return dout / (1.0 + self.x ** 2)", WD),
    B("y-hardswish-ramp", "acts", "HardSwish",
      "(2 * self.x + 3) / 6", "(self.x + 3) / 6", MCF, WD),
    B("y-prelu-axes", "acts", "PReLU",
      "np.sum(dout * negative, axis=(0, 1, 2))", "np.sum(dout * negative, axis=(0, 2, 3))", WAS, "gradient-shape"),
    B("y-logsoftmax-plus", "acts", "LogSoftmax",
      "return dout - np.exp(self.out) * dout.sum", "return dout + np.exp(self.out) * dout.sum", SF),
    # losses
    B("y-logcosh-at-pred", "losses", "LogCosh",
      "return np.tanh(self.err) / self.pred.size", "return np.tanh(self.pred) / self.pred.size", DWP, WD),
    B("y-quantile-weights", "losses", "QuantileLoss",
      "np.where(self.err > 0, -self.q, 1 - self.q)", "np.where(self.err > 0, -self.q, self.q)", WD),
    B("y-kl-logvar", "losses", "GaussianKL",
      "0.5 * (np.exp(self.logvar) - 1) / n", "0.5 * (1 - np.exp(self.logvar)) / n", SF),
    B("y-hinge-own-class", "losses", "svm_loss",
      "dscores[rows, y] -= dscores.sum(axis=1)", "dscores[rows, y] -= 1", MBS, MCF, WD),
    B("y-contrastive-push", "losses", "contrastive_loss",
      "push = -(1 - same) * gap * diff / dist", "push = (1 - same) * gap * diff / dist", SF),
    B("y-triplet-negative", "losses", "triplet_loss",
      "d_negative = 2 * active * (anchor - negative)", "d_negative = 2 * active * (negative - anchor)", SF),
    B("y-entropy-bonus", "losses", "policy_gradient_loss",
      "dlogits = dlogits + beta * p * (logp + entropy)", "dlogits = dlogits - beta * p * (logp + entropy)", SF),
    B("y-distil-temperature", "losses", "distillation_loss",
      "d_soft = (np.exp(soft) - q) / T", "d_soft = np.exp(soft) - q", MCF, WD),
    B("y-dice-squares", "losses", "dice_loss",
      "grad = -(2 * t * total - num) / total ** 2", "grad = -(2 * t * total - 2 * pred * num) / total ** 2", WD),
    B("y-cosine-projection", "losses", "cosine_loss",
      "da = -(ub - cos * ua) / na", "da = -ub / na", MNT, MCF, WD),
    # norms
    B("y-bn-dvar", "norms", "batchnorm_forward",
      "dvar = -0.5 * np.sum(dxhat * xc, axis=0) * inv_std ** 3", "dvar = 0.5 * np.sum(dxhat * xc, axis=0) * inv_std ** 3", SF),
    B("y-ln-mean-term", "norms", "layernorm_forward",
      "inv_std * (g - g.mean(axis=1, keepdims=True) - xhat * proj)", "inv_std * (g - xhat * proj)", MNT, MCF, WD),
    B("y-ln-projection-axis", "norms", "layernorm_forward",
      "proj = np.mean(g * xhat, axis=1, keepdims=True)", "proj = np.mean(g * xhat, axis=0, keepdims=True)", WAS, "batch-mixed"),
    B("y-gn-spread", "norms", "GroupNorm",
      "dx = self.istd * (centred - spread)", "dx = self.istd * centred", MNT, MCF, WD),
    B("y-rms-gain-raw-input", "norms", "RMSNorm",
      "np.sum((dout * self.normed).reshape(-1, dim), axis=0)", "np.sum((dout * self.x).reshape(-1, dim), axis=0)", DWP, MCF, WD),
    B("y-rms-constant-scale", "norms", "RMSNorm",
      "        dx -= self.x * np.sum(g * self.x, axis=-1, keepdims=True) / (dim * self.rms ** 3)\n", "", MNT, MCF, WD),
    B("y-l1-constant-total", "norms", "L1Normalize",
      "return (dout - self.sign * inner) / self.total", "return dout / self.total", MNT, MCF, WD),
    B("y-wn-no-tangent", "norms", "WeightNormDense",
      "tangent = dW - self.U * self.dg", "tangent = dW", MNT, MCF, WD),
    B("y-wn-norm-factor", "norms", "WeightNormDense",
      "self.dV = self.g / self.norm * tangent", "self.dV = self.g * tangent", MCF, WD),
    B("y-lrn-direct-only", "norms", "LocalResponseNorm",
      "return direct - 2 * self.alpha * self.beta * self.x * self._window(ratio)", "return direct", MNT, MCF, WD),
    # recurrent
    B("y-rnn-bias-axis", "recurrent", "TimeRNN",
      "self.db += np.sum(da, axis=0)", "self.db += np.sum(da)", WAS),
    B("y-lstm-cell-carry", "recurrent", "LSTM",
      "            dc = dc + dc_next\n", "", MC, MCF),
    B("y-lstm-tanh-of-old-cell", "recurrent", "LSTM",
      "dc = dh * o * (1 - np.tanh(c) ** 2)", "dc = dh * o * (1 - np.tanh(c_prev) ** 2)", DWP, WD),
    B("y-gru-update-gate", "recurrent", "GRU",
      "dz = dh * (n - h) * z * (1 - z)", "dz = dh * (h - n) * z * (1 - z)", SF),
    B("y-gru-reset-factor", "recurrent", "GRU",
      "carry += drh * r\n", "carry += drh\n", MCF, WD),
    B("y-birnn-reverse-carry", "recurrent", "BiRNN",
      "da = (dr[:, i] + ahead) * (1 - self.r[:, i] ** 2)", "da = dr[:, i] * (1 - self.r[:, i] ** 2)", MC, MCF),
    # scans
    B("y-cumsum-running", "scans", "CumulativeSum",
      "running = running + dout[:, t]", "running = dout[:, t]", MC, "identity-backward", MCF),
    B("y-ema-carry", "scans", "ExponentialAverage",
      "dm = dout[:, t] + dm_prev", "dm = dout[:, t]", MC, MCF),
    B("y-ssm-state-carry", "scans", "DiagonalSSM",
      "ds = self.a * ds + dy[:, t] @ self.C.T", "ds = dy[:, t] @ self.C.T", MC, MCF),
    B("y-ssm-skip-sum", "scans", "DiagonalSSM",
      "self.dD = np.sum(dy * self.x, axis=(0, 1))", "self.dD = np.sum(dy * self.x, axis=0)", MBS, "gradient-shape"),
    B("y-leak-sigmoid", "scans", "LeakyIntegrator",
      "self.dleak = dk * self.k * (1 - self.k)", "self.dleak = dk", MCF, WD),
    B("y-tcn-stream", "scans", "TemporalConvNet",
      "dy = dout + dstream", "dy = dout", MC, MBS, MCF),
    # attention
    B("y-positions-overwritten", "attention", "PositionalEmbedding",
      "self.dP[:self.t] += d\n", "self.dP[:self.t] = d\n", MBS, "duplicates-lost"),
    B("y-score-table-batch", "attention", "BiasedSelfAttention",
      "self.dbias = ds.sum(axis=0)", "self.dbias = ds", MBS, "gradient-shape", "bias-shape"),
    B("y-attention-scale", "attention", "BiasedSelfAttention",
      "dqk = ds * self.scale", "dqk = ds", MCF, "constant-factor", WD),
    B("y-attention-query-axis", "attention", "BiasedSelfAttention",
      "np.sum(datt * self.att, axis=2, keepdims=True)", "np.sum(datt * self.att, axis=1, keepdims=True)", WAS),
    B("y-pool-softmax-at-scores", "attention", "AttentionPool",
      "w = self.w\n", "w = self.e\n", DWP, WD),
    B("y-linear-attention-total", "attention", "linear_attention_forward",
      "    dweights -= np.sum(dnum * out, axis=2, keepdims=True)\n", "", MNT, MCF, WD),
    B("y-memory-context-carry", "attention", "MemoryReader",
      "dc = dout[:, t] + dc_next", "dc = dout[:, t]", MC, MCF),
    # nets
    B("y-tied-weights", "nets", "TiedAutoencoder",
      'grads["W"] += x.T @ da', 'grads["W"] = x.T @ da', MBS, MCF),
    B("y-autoencoder-hidden-slope", "nets", "TiedAutoencoder",
      "da = dh * h * (1 - h)", "da = dh * h", MCF, WD),
    B("y-residual-shortcut", "nets", "ResidualClassifier",
      "dh = dh + dbranch", "dh = dbranch", MC, MBS, MCF),
    B("y-residual-relu-cache", "nets", "ResidualClassifier",
      "dz = relu_backward(da, c_relu)", "dz = relu_backward(da, h)", DWP, WD),
    B("y-vae-std", "nets", "VAE",
      "dlogvar = 0.5 * dz * eps * std + 0.5", "dlogvar = 0.5 * dz * eps + 0.5", MCF, WD),
    B("y-seq2seq-hand-over", "nets", "Seq2Seq",
      "dh_enc = dh\n", "dh_enc = np.zeros_like(dh)\n", MC, MCF),
    # broadcasts
    B("y-repeat-first-copy", "broadcasts", "RepeatVector",
      "return dout.sum(axis=1)", "return dout[:, 0]", MBS),
    B("y-upsample-corner", "broadcasts", "Upsample2D",
      "return dout.reshape(n, c, h // s, s, w // s, s).sum(axis=(3, 5))", "return dout[:, :, ::s, ::s]", MBS),
    B("y-multiply-length-one-axes", "broadcasts", "Multiply",
      "    axes = tuple(i for i, size in enumerate(shape) if size == 1)\n    grad = grad.sum(axis=axes, keepdims=True)\n", "",
      MBS, "gradient-shape"),
    B("y-rbf-centres", "broadcasts", "RBF",
      "self.dcentres = -np.sum(ddiff, axis=0)", "self.dcentres = np.sum(ddiff, axis=0)", SF),
    B("y-rbf-width-axis", "broadcasts", "RBF",
      "np.sum(dexp * self.sq, axis=0)", "np.sum(dexp * self.sq, axis=1)", WAS, "gradient-shape"),
    B("y-film-gamma-axis", "broadcasts", "FiLM",
      "dgamma = np.sum(dout * self.x, axis=2)", "dgamma = np.sum(dout * self.x, axis=1)", WAS, "gradient-shape"),
    B("y-center-feature-mean", "broadcasts", "TimeCenter",
      "return dout - dout.mean(axis=1, keepdims=True)", "return dout - dout.mean(axis=2, keepdims=True)", WAS),
    B("y-pow-exponent", "broadcasts", "PowLayer",
      "self.n * self.x ** (self.n - 1)", "self.n * self.x ** self.n", WD),
    B("y-div-denominator", "broadcasts", "DivLayer",
      "db = -dout * self.a / self.b ** 2", "db = -dout * self.a / self.b", MCF, WD),
    B("y-length-of-square", "broadcasts", "RowLength",
      "return dout * self.x / self.length", "return dout * 2 * self.x", MCF, WD),
]
