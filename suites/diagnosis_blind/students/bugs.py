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


def _b(id, module, target, old, new, *causes):
    return Fresh(id, module, target, old, new, causes, "tune")


BUGS = [
    # layers_nnfs
    _b("n-dense-l2", "layers_nnfs", "Dense",
       "self.dweights + 2 * self.weight_l2 * self.weights", "self.dweights + self.weight_l2 * self.weights",
       "wrong-regulariser", "wrong-derivative"),
    _b("n-relu-view", "layers_nnfs", "ReLU",
       "self.dinputs = dvalues.copy()", "self.dinputs = dvalues",
       "edits-upstream", "edits-argument"),
    _b("n-leaky-slope", "layers_nnfs", "LeakyReLU",
       "np.where(self.inputs > 0, 1.0, self.alpha)\n", "np.where(self.inputs > 0, 1.0, 0.01)\n",
       "option-ignored", "wrong-derivative"),
    _b("n-elu-point", "layers_nnfs", "ELU",
       "self.alpha * np.exp(np.minimum(self.inputs, 0)))", "self.alpha * np.exp(np.minimum(self.output, 0)))",
       "derivative-at-wrong-point", "wrong-derivative"),
    _b("n-gelu-inner", "layers_nnfs", "GELU",
       "dinner = c * (1 + 3 * 0.044715 * x ** 2)", "dinner = c * (1 + 0.044715 * x ** 2)",
       "wrong-derivative"),
    _b("n-swish-exp", "layers_nnfs", "Swish",
       "self.sig = 0.5 * (1 + np.tanh(0.5 * inputs))", "self.sig = np.exp(inputs) / (1 + np.exp(inputs))",
       "overflow", "nan-at-extreme"),
    _b("n-softmax-diag", "layers_nnfs", "Softmax",
       "        inner = np.sum(dvalues * self.output, axis=1, keepdims=True)\n"
       "        self.dinputs = self.output * (dvalues - inner)",
       "        self.dinputs = dvalues * self.output * (1 - self.output)",
       "softmax-diagonal-only", "wrong-derivative"),
    _b("n-cce-wrap", "layers_nnfs", "CategoricalCrossentropy",
       "self.dinputs = -(y_true / dvalues) / samples", "self.dinputs = -y_true / dvalues / samples",
       "label-dtype-wrap"),
    _b("n-sce-output", "layers_nnfs", "SoftmaxCrossEntropy",
       "self.dinputs = self.output.copy()", "self.dinputs = self.output",
       "overwrites-output", "not-repeatable"),
    # norms
    _b("n-bnclass-running", "norms", "BatchNorm",
       "self.running_var = self.momentum * self.running_var +", "self.running_var = self.momentum * self.running_mean +",
       "running-statistics"),
    _b("n-bnclass-mode", "norms", "BatchNorm",
       "            mu, var = self.running_mean, self.running_var\n",
       "            mu, var = x.mean(axis=0), x.var(axis=0)\n",
       "mode-ignored", "batch-mixed", "forward-wrong"),
    _b("n-bnfunc-term", "norms", "batchnorm_backward",
       "    dx = ivar * (dxhat - np.mean(dxhat, axis=0) - x_hat * np.mean(dxhat * x_hat, axis=0))",
       "    dx = ivar * (dxhat - np.mean(dxhat, axis=0))",
       "missing-norm-term", "missing-chain-factor", "wrong-derivative"),
    _b("n-bnfunc-eps", "norms", "batchnorm_backward",
       "ivar = 1.0 / np.sqrt(var + eps)\n    x_hat = (x - mu) * ivar", "ivar = 1.0 / (np.sqrt(var) + eps)\n    x_hat = (x - mu) * ivar",
       "epsilon-placement", "wrong-derivative"),
    _b("n-lnfunc-size", "norms", "layernorm_backward",
       "D = dout.shape[1]", "D = dout.shape[0]",
       "square-only", "wrong-derivative"),
    _b("n-lnclass-gamma", "norms", "LayerNorm",
       "self.dgamma = np.sum(dout * self.xn, axis=axes)", "self.dgamma = np.sum(dout * self.xn, axis=0)",
       "missing-broadcast-sum", "gradient-shape", "wrong-axis-sum"),
    _b("n-dropout-share", "norms", "Dropout",
       ">= self.ratio) / (1 - self.ratio)", ">= self.ratio) / self.ratio",
       "dropout-scale", "constant-factor", "forward-wrong"),
    _b("n-dropout-eval", "norms", "Dropout",
       "            self.mask = np.ones(x.shape)\n            return x.copy()", "            return x.copy()",
       "stale-mask", "mode-ignored"),
    # conv_naive
    _b("n-conv-crop", "conv_naive", "conv_backward_naive",
       "dx = dxp[:, :, pad:pad + H, pad:pad + W]", "dx = dxp[:, :, pad:-pad, pad:-pad]",
       "padding-zero"),
    _b("n-conv-step", "conv_naive", "conv_backward_naive",
       "hs, ws = i * stride, j * stride", "hs, ws = i, j",
       "stride-ignored", "wrong-derivative"),
    _b("n-maxpool-assign", "conv_naive", "max_pool_backward_naive",
       "dx[n, c, top + r, left + s] += dout[n, c, i, j]", "dx[n, c, top + r, left + s] = dout[n, c, i, j]",
       "overlap-lost", "duplicates-lost", "missing-broadcast-sum"),
    _b("n-avgpool-share", "conv_naive", "avg_pool_backward_naive",
       "share = dout[:, :, i, j] / (size * size)", "share = dout[:, :, i, j]",
       "summed-not-averaged", "constant-factor", "missing-chain-factor"),
    _b("n-gap-squeeze", "conv_naive", "global_avg_pool_forward",
       "return np.mean(x, axis=(2, 3)), x.shape", "return np.squeeze(np.mean(x, axis=(2, 3))), x.shape",
       "batch-of-one"),
    _b("n-gmp-ties", "conv_naive", "global_max_pool_backward",
       "    mask = mask / mask.sum(axis=(2, 3), keepdims=True)\n", "",
       "tie-gradient"),
    # fastconv
    _b("n-im2col-strides", "fastconv", "Convolution",
       "    sn, sc, sh, sw = img.strides\n",
       "    sw = img.itemsize\n    sh = sw * img.shape[3]\n    sc = sh * img.shape[2]\n    sn = sc * c\n",
       "memory-layout"),
    _b("n-conv-dw", "fastconv", "Convolution",
       "self.dW = (self.col.T @ dout).transpose(1, 0).reshape(fn, c, fh, fw)",
       "self.dW = (self.col.T @ dout).reshape(fn, c, fh, fw)",
       "transposed"),
    _b("n-conv-db", "fastconv", "Convolution",
       "self.db = dout.sum(axis=(0, 2, 3))", "self.db = dout.sum(axis=(0, 2, 3), keepdims=True)",
       "bias-shape", "gradient-shape"),
    _b("n-sameconv-flip", "fastconv", "SameConv",
       "        flipped = self.W[:, :, ::-1, ::-1]\n"
       "        return np.einsum(\"nfhwij,fcij->nchw\", self._windows(dout), flipped)",
       "        return np.einsum(\"nfhwij,fcij->nchw\", self._windows(dout), self.W)",
       "kernel-flipped", "wrong-derivative"),
    _b("n-avgpool-int", "fastconv", "AvgPooling",
       "out = np.zeros((n, c, oh, ow))", "out = np.zeros((n, c, oh, ow), dtype=x.dtype)",
       "int-truncation"),
    _b("n-fc-order", "fastconv", "FullyConnected",
       "        dx = dout @ self.W.T\n"
       "        self.W = self.W - learning_rate * (self.x.T @ dout)\n"
       "        self.b = self.b - learning_rate * dout.sum(axis=0)\n"
       "        return dx.reshape(self.x_shape)",
       "        self.W = self.W - learning_rate * (self.x.T @ dout)\n"
       "        self.b = self.b - learning_rate * dout.sum(axis=0)\n"
       "        dx = dout @ self.W.T\n"
       "        return dx.reshape(self.x_shape)",
       "updated-weights-used", "derivative-at-wrong-point"),
    # losses
    _b("n-mae-sign", "losses", "mae_loss",
       "grad = np.sign(pred - y) / pred.size", "grad = np.sign(y - pred) / pred.size",
       "sign-flipped"),
    _b("n-huber-side", "losses", "huber_loss",
       "grad = np.where(small, r, delta * np.sign(r)) / r.size", "grad = np.where(small, delta * np.sign(r), r) / r.size",
       "wrong-mask-side", "wrong-derivative"),
    _b("n-svm-count", "losses", "svm_loss",
       "dx[rows, y] -= np.sum(margins > 0, axis=1)", "dx[rows, y] -= 1",
       "missing-broadcast-sum", "wrong-derivative"),
    _b("n-bce-unclipped", "losses", "bce_loss",
       "grad = (p - y) / (p * (1 - p)) / p.size", "grad = (pred - y) / (pred * (1 - pred)) / pred.size",
       "nan-at-extreme", "clip-mismatch"),
    _b("n-bcelogits-column", "losses", "bce_with_logits_loss",
       "np.asarray(target, dtype=float).reshape(logits.shape)", "np.asarray(target, dtype=float)",
       "labels-broadcast"),
    _b("n-softmaxloss-index", "losses", "softmax_loss",
       "    y = np.argmax(labels, axis=1) if labels.ndim == 2 else labels\n", "    y = labels.astype(int)\n",
       "onehot-as-index"),
    _b("n-swl-rows", "losses", "SoftmaxWithLoss",
       "return e / np.sum(e, axis=1, keepdims=True)", "return e / np.sum(e, axis=1)",
       "softmax-broadcast"),
    _b("n-swl-dout", "losses", "SoftmaxWithLoss",
       "return dout * (self.y - self.t) / batch_size", "return (self.y - self.t) / batch_size",
       "upstream-ignored", "missing-chain-factor"),
    # recurrent
    _b("n-rnn-next", "recurrent", "SimpleRNN",
       "dh = dhs[:, t] + dh_next", "dh = dhs[:, t]",
       "missing-carry", "missing-chain-factor", "missing-broadcast-sum"),
    _b("n-rnn-bias", "recurrent", "SimpleRNN",
       "            self.dWh += self.hs[:, t].T @ da\n            self.db += da.sum(axis=0)\n",
       "            self.dWh += self.hs[:, t].T @ da\n",
       "zero-gradient", "gradient-missing"),
    _b("n-lstm-cell", "recurrent", "LSTM",
       "dc = dc_next + dh * o * (1 - tc ** 2)", "dc = dc_next + dh * o * (1 - c ** 2)",
       "derivative-at-wrong-point", "wrong-derivative"),
    _b("n-gru-inplace", "recurrent", "GRU",
       "h = h + z * (n - h)", "h += z * (n - h)",
       "cached-by-reference", "edits-argument"),
    _b("n-gru-zero", "recurrent", "GRU",
       "        self.zero_grads()\n        dxs =", "        dxs =",
       "accumulates", "not-repeatable"),
    # attention
    _b("n-embed-add", "attention", "Embedding",
       "np.add.at(self.dW, self.idx, dout)", "self.dW[self.idx] += dout",
       "duplicates-lost", "missing-broadcast-sum"),
    _b("n-pos-unused", "attention", "TokenAndPosition",
       "return self.tok[idx] + self.pos[:idx.shape[1]]", "return self.tok[idx]",
       "never-wired", "forward-wrong", "wrong-derivative"),
    _b("n-att-axis", "attention", "attention_backward",
       "np.sum(dw * weights, axis=-1, keepdims=True)", "np.sum(dw * weights, axis=1, keepdims=True)",
       "wrong-axis-sum"),
    _b("n-att-scale", "attention", "attention_backward",
       "    dscores = dscores * scale\n", "",
       "missing-chain-factor", "constant-factor"),
    _b("n-causal-sum", "attention", "CausalSelfAttention",
       "dx += dv @ self.Wv.T", "dx = dv @ self.Wv.T",
       "missing-broadcast-sum", "missing-chain-factor"),
    _b("n-mha-bias", "attention", "MultiHeadAttention",
       "self.dbo = dout.sum(axis=(0, 1))", "dbo = dout.sum(axis=(0, 1))",
       "gradient-missing"),
    # twolayer
    _b("n-numgrad-restore", "twolayer", "numerical_gradient",
       "        grad[idx] = (fxh1 - fxh2) / (2 * h)\n        x[idx] = tmp\n", "        grad[idx] = (fxh1 - fxh2) / (2 * h)\n",
       "restore-missing", "edits-argument"),
    _b("n-numderiv-precedence", "twolayer", "numerical_derivative",
       "return (f(x + h) - f(x - h)) / (2 * h)", "return (f(x + h) - f(x - h)) / 2 * h",
       "numerical-gradient-wrong", "constant-factor"),
    _b("n-accuracy-column", "twolayer", "accuracy",
       "return np.mean(y == t.reshape(-1))", "return np.mean(y == t)",
       "accuracy-broadcast"),
    _b("n-perclass-last", "twolayer", "per_class_accuracy",
       "for c in range(num_classes):", "for c in range(num_classes - 1):",
       "last-class"),
    _b("n-net-reg", "twolayer", "TwoLayerNet",
       "grads[\"W1\"] = x.T @ da1 + self.reg * W1", "grads[\"W1\"] = x.T @ da1",
       "missing-regulariser", "wrong-regulariser", "wrong-derivative"),
    _b("n-sgd-decay", "twolayer", "SGD",
       "g = g + self.weight_decay * params[key]", "g += self.weight_decay * params[key]",
       "edits-gradient", "edits-argument"),
    _b("n-momentum-one", "twolayer", "Momentum",
       "        self.v = {}\n\n    def update(self, params, grads):\n        for key in params:\n"
       "            if key not in self.v:\n                self.v[key] = np.zeros_like(params[key])\n"
       "            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]\n"
       "            params[key] += self.v[key]",
       "        self.v = 0.0\n\n    def update(self, params, grads):\n        for key in params:\n"
       "            self.v = self.momentum * self.v - self.lr * grads[key]\n"
       "            params[key] += self.v",
       "state-shared-between-parameters", "update-wrong"),
    _b("n-adam-correction", "twolayer", "Adam",
       "            m_hat = self.m[key] / (1 - self.beta1 ** self.iter)\n"
       "            v_hat = self.v[key] / (1 - self.beta2 ** self.iter)\n"
       "            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)",
       "            params[key] -= self.lr * self.m[key] / (np.sqrt(self.v[key]) + self.eps)",
       "bias-correction", "update-wrong"),
]
