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
    # norm_layers
    Fresh("h-affine-dx-flat", "norm_layers", "affine_backward",
          "    dx = dout.dot(w.T).reshape(x.shape)\n", "    dx = dout.dot(w.T)\n",
          ("gradient-shape",), "tune"),
    Fresh("h-leaky-slope-fixed", "norm_layers", "leaky_relu_backward",
          "np.where(x > 0, 1.0, alpha)", "np.where(x > 0, 1.0, 0.01)",
          ("option-ignored", "wrong-derivative"), "aside"),
    Fresh("h-bn-running-var", "norm_layers", "batchnorm_forward",
          "running_var = momentum * running_var + (1 - momentum) * var",
          "running_var = (1 - momentum) * running_var + momentum * var",
          ("running-statistics",), "tune"),
    Fresh("h-bn-mean-term", "norm_layers", "batchnorm_backward",
          "(N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))",
          "(N * dxhat - xhat * (dxhat * xhat).sum(axis=0))",
          ("missing-norm-term", "wrong-derivative"), "aside"),
    Fresh("h-ln-no-istd", "norm_layers", "layernorm_backward",
          "    dx = istd * (dxhat - m1 - xhat * m2)\n", "    dx = dxhat - m1 - xhat * m2\n",
          ("missing-chain-factor", "wrong-derivative"), "tune"),
    Fresh("h-gn-mean-batch", "norm_layers", "spatial_groupnorm_forward",
          "    mu = xg.mean(axis=(2, 3, 4), keepdims=True)\n", "    mu = xg.mean(axis=(0, 2, 3, 4), keepdims=True)\n",
          ("batch-mixed", "wrong-axis-sum", "forward-wrong"), "aside"),
    Fresh("h-dropout-share", "norm_layers", "dropout_forward",
          "(np.random.rand(*x.shape) < p) / p", "(np.random.rand(*x.shape) < p) / (1 - p)",
          ("dropout-scale", "forward-wrong"), "tune"),
    Fresh("h-dropout-new-mask", "norm_layers", "dropout_backward",
          "    if dropout_param['mode'] == 'train':\n",
          "    if dropout_param['mode'] == 'train':\n"
          "        p = dropout_param['p']\n"
          "        mask = (np.random.rand(*dout.shape) < p) / p\n",
          ("resampled-mask", "not-repeatable"), "aside"),

    # conv_pool
    Fresh("h-conv-unpad", "conv_pool", "conv_backward_naive",
          "    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]\n", "    dx = dx_pad[:, :, pad:-pad, pad:-pad]\n",
          ("padding-zero",), "tune"),
    Fresh("h-conv-width-out", "conv_pool", "conv_forward_naive",
          "W_out = 1 + (W + 2 * pad - WW) // stride", "W_out = 1 + (W + 2 * pad - HH) // stride",
          ("square-only", "forward-wrong"), "aside"),
    Fresh("h-conv-int-out", "conv_pool", "conv_forward_naive",
          "out = np.zeros((N, F, H_out, W_out), dtype=np.result_type(x, w, b))",
          "out = np.zeros((N, F, H_out, W_out), dtype=x.dtype)",
          ("int-truncation",), "tune"),
    Fresh("h-conv-flip", "conv_pool", "conv_backward_naive",
          "dx_pad[:, :, hs:hs + HH, ws:ws + WW] += w[f] * d",
          "dx_pad[:, :, hs:hs + HH, ws:ws + WW] += w[f, :, ::-1, ::-1] * d",
          ("kernel-flipped", "wrong-derivative"), "aside"),
    Fresh("h-depthwise-stride", "conv_pool", "depthwise_conv_backward",
          "            top, left = i * stride, j * stride\n", "            top, left = i, j\n",
          ("stride-ignored", "option-ignored", "wrong-derivative"), "tune"),
    Fresh("h-depthwise-overlap", "conv_pool", "depthwise_conv_backward",
          "dx[:, :, top:top + K, left:left + L] += g[:, :, None, None] * w",
          "dx[:, :, top:top + K, left:left + L] = g[:, :, None, None] * w",
          ("overlap-lost", "missing-broadcast-sum"), "aside"),
    Fresh("h-max-pool-ties", "conv_pool", "max_pool_backward_naive",
          "mask = np.arange(ph * pw).reshape(ph, pw) == window.argmax()", "mask = window == window.max()",
          ("tie-gradient",), "tune"),
    Fresh("h-avg-pool-share", "conv_pool", "avg_pool_backward_naive",
          "            share = dout[:, :, i, j] / (ph * pw)\n", "            share = dout[:, :, i, j]\n",
          ("summed-not-averaged", "constant-factor", "missing-chain-factor"), "aside"),

    # rnn_layers
    Fresh("h-sigmoid-ratio", "rnn_layers", "sigmoid",
          "    z = np.exp(-np.abs(x))\n    return np.where(x >= 0, 1 / (1 + z), z / (1 + z))\n",
          "    z = np.exp(x)\n    return z / (1 + z)\n",
          ("overflow", "nan-at-extreme"), "tune"),
    Fresh("h-rnn-tanh-twice", "rnn_layers", "rnn_step_backward",
          "da = dnext_h * (1 - next_h ** 2)", "da = dnext_h * (1 - np.tanh(next_h) ** 2)",
          ("derivative-at-wrong-point", "wrong-derivative"), "aside"),
    Fresh("h-rnn-no-carry", "rnn_layers", "rnn_backward",
          "= rnn_step_backward(dh[:, t] + dprev_h, caches[t])", "= rnn_step_backward(dh[:, t], caches[t])",
          ("missing-carry", "missing-chain-factor", "wrong-derivative"), "tune"),
    Fresh("h-lstm-gate-order", "rnn_layers", "lstm_step_backward",
          "np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])",
          "np.hstack([di * i * (1 - i), df * f * (1 - f), dg * (1 - g ** 2), do * o * (1 - o)])",
          ("wrong-derivative",), "aside"),
    Fresh("h-lstm-dc-inplace", "rnn_layers", "lstm_step_backward",
          "    dc = dnext_c + dnext_h * o * (1 - tc ** 2)\n",
          "    dc = dnext_c\n    dc += dnext_h * o * (1 - tc ** 2)\n",
          ("edits-upstream", "edits-argument"), "tune"),
    Fresh("h-embedding-repeat", "rnn_layers", "word_embedding_backward",
          "    np.add.at(dW, x, dout)\n", "    dW[x] += dout\n",
          ("duplicates-lost", "missing-broadcast-sum"), "aside"),
    Fresh("h-temporal-bias", "rnn_layers", "temporal_affine_backward",
          "    db = dout.sum(axis=(0, 1))\n", "    db = dout.sum(axis=0)\n",
          ("bias-shape", "missing-broadcast-sum", "gradient-shape"), "tune"),
    Fresh("h-temporal-mask", "rnn_layers", "temporal_softmax_loss",
          "    dx *= flat_m[:, None]\n", "",
          ("missing-chain-factor", "wrong-derivative"), "aside"),

    # linear_classifiers
    Fresh("h-svm-no-reg", "linear_classifiers", "svm_loss_naive",
          "    dW = dW / num_train + 2 * reg * W\n", "    dW = dW / num_train\n",
          ("missing-regulariser", "wrong-derivative"), "tune"),
    Fresh("h-svm-loop-end", "linear_classifiers", "svm_loss_naive",
          "for j in range(num_classes):", "for j in range(num_classes - 1):",
          ("last-class", "forward-wrong"), "aside"),
    Fresh("h-svm-sum", "linear_classifiers", "svm_loss_vectorized",
          "    dW = X.T.dot(active) / N\n", "    dW = X.T.dot(active)\n",
          ("missing-mean", "summed-not-averaged", "missing-chain-factor"), "tune"),
    Fresh("h-softmax-reg-two", "linear_classifiers", "softmax_loss_vectorized",
          "dW = X.T.dot(dscores) + reg * W", "dW = X.T.dot(dscores) + 2 * reg * W",
          ("wrong-regulariser", "wrong-derivative"), "aside"),
    Fresh("h-softmax-total", "linear_classifiers", "softmax_loss_vectorized",
          "np.log(np.sum(np.exp(scores), axis=1, keepdims=True))", "np.log(np.sum(np.exp(scores)))",
          ("softmax-whole-batch", "batch-mixed", "forward-wrong"), "tune"),
    Fresh("h-logistic-table", "linear_classifiers", "logistic_loss",
          "    y = np.asarray(y, dtype=float).reshape(-1, 1)\n", "    y = np.asarray(y, dtype=float)\n",
          ("labels-broadcast", "gradient-shape", "forward-wrong"), "aside"),
    Fresh("h-hinge-sign", "linear_classifiers", "squared_hinge_loss",
          "    sign = 2.0 * y - 1.0\n", "    sign = 2 * y - 1\n",
          ("label-dtype-wrap",), "tune"),
    Fresh("h-predict-squeeze", "linear_classifiers", "LinearSVM",
          "np.argmax(X.dot(self.W), axis=1)", "np.argmax(np.squeeze(X.dot(self.W)), axis=-1)",
          ("batch-of-one",), "aside"),

    # optim
    Fresh("h-sgd-decay-inplace", "optim", "sgd",
          "    g = dw + wd * w\n    return w - lr * g, config\n",
          "    dw += wd * w\n    return w - lr * dw, config\n",
          ("edits-gradient", "edits-argument"), "tune"),
    Fresh("h-nesterov-sign", "optim", "nesterov_momentum",
          "next_w = w - mu * v_prev + (1 + mu) * v", "next_w = w + mu * v_prev + (1 + mu) * v",
          ("update-wrong",), "aside"),
    Fresh("h-adagrad-default", "optim", "adagrad",
          "def adagrad(w, dw, config=None):\n    if config is None:\n        config = {}\n",
          "def adagrad(w, dw, config={}):\n",
          ("shared-state", "not-repeatable"), "tune"),
    Fresh("h-rmsprop-first-moment", "optim", "rmsprop",
          "config['cache'] = rho * config['cache'] + (1 - rho) * dw * dw",
          "config['cache'] = rho * config['cache'] + (1 - rho) * dw",
          ("moment-not-squared", "update-wrong"), "aside"),
    Fresh("h-adam-v-raw", "optim", "adam",
          "    v_hat = config['v'] / (1 - b2 ** config['t'])\n    next_w = w - config['learning_rate'] * m_hat / (np.sqrt(v_hat) +",
          "    next_w = w - config['learning_rate'] * m_hat / (np.sqrt(config['v']) +",
          ("bias-correction", "update-wrong"), "tune"),
    Fresh("h-adamw-t-in-loop", "optim", "AdamW",
          "        self.t += 1\n        for k in params:\n            g = grads[k]\n",
          "        for k in params:\n            self.t += 1\n            g = grads[k]\n",
          ("step-counter", "update-wrong"), "aside"),
    Fresh("h-rmsprop-one-h", "optim", "RMSProp",
          "            self.h = {}\n"
          "            for key, val in params.items():\n"
          "                self.h[key] = np.zeros_like(val)\n"
          "        for key in params.keys():\n"
          "            self.h[key] = self.decay_rate * self.h[key] + (1 - self.decay_rate) * grads[key] ** 2\n"
          "            params[key] = params[key] - self.lr * grads[key] / (np.sqrt(self.h[key]) + self.eps)\n",
          "            self.h = 0.0\n"
          "        for key in params.keys():\n"
          "            self.h = self.decay_rate * self.h + (1 - self.decay_rate) * grads[key] ** 2\n"
          "            params[key] = params[key] - self.lr * grads[key] / (np.sqrt(self.h) + self.eps)\n",
          ("state-shared-between-parameters", "update-wrong"), "tune"),
    Fresh("h-adamw-decay-grows", "optim", "AdamW",
          "params[k] = params[k] - self.lr * (step + self.weight_decay * params[k])",
          "params[k] = params[k] - self.lr * (step - self.weight_decay * params[k])",
          ("decay-wrong", "update-wrong"), "aside"),

    # nets
    Fresh("h-two-layer-b1", "nets", "TwoLayerNet",
          "        z1 = X.dot(W1) + b1\n", "        z1 = X.dot(W1)\n",
          ("never-wired", "forward-wrong", "wrong-derivative"), "tune"),
    Fresh("h-two-layer-mask", "nets", "TwoLayerNet",
          "        dz1[z1 <= 0] = 0\n", "        dz1[z1 > 0] = 0\n",
          ("wrong-mask-side", "wrong-derivative"), "aside"),
    Fresh("h-fc-dropout-always", "nets", "FullyConnectedNet",
          "            if mode == 'train' and self.keep < 1:\n", "            if self.keep < 1:\n",
          ("mode-ignored", "forward-wrong"), "tune"),
    Fresh("h-fc-first-layer", "nets", "FullyConnectedNet",
          "        for i in range(L, 0, -1):\n", "        for i in range(L, 1, -1):\n",
          ("gradient-missing", "forward-wrong"), "aside"),
    Fresh("h-tanh-transposed", "nets", "TanhRegressor",
          "self.X.T.dot(dz)", "dz.T.dot(self.X)",
          ("transposed", "gradient-shape"), "tune"),
    Fresh("h-fc-mask-from-output", "nets", "FullyConnectedNet",
          "dout = dout.dot(W.T) * masks[i - 2]", "dout = dout.dot(W.T) * (inputs[i - 1] > 0)",
          ("missing-chain-factor", "dropout-scale", "wrong-derivative"), "aside"),
    Fresh("h-tanh-accumulate", "nets", "TanhRegressor",
          "self.grads['W2'] = self.h.T.dot(dout)", "self.grads['W2'] += self.h.T.dot(dout)",
          ("accumulates", "not-repeatable"), "tune"),
    Fresh("h-online-order", "nets", "OnlineLinear",
          "        dx = dout.dot(self.W.T)\n"
          "        self.W = self.W - learning_rate * self.x.T.dot(dout)\n"
          "        self.b = self.b - learning_rate * dout.sum(axis=0)\n"
          "        return dx\n",
          "        self.W = self.W - learning_rate * self.x.T.dot(dout)\n"
          "        self.b = self.b - learning_rate * dout.sum(axis=0)\n"
          "        return dout.dot(self.W.T)\n",
          ("updated-weights-used", "derivative-at-wrong-point", "wrong-derivative"), "aside"),

    # word2vec
    Fresh("h-softmax-keepdims", "word2vec", "softmax",
          "e / np.sum(e, axis=-1, keepdims=True)", "e / np.sum(e, axis=-1)",
          ("softmax-broadcast", "forward-wrong"), "tune"),
    Fresh("h-softmax-diagonal", "word2vec", "softmax_backward",
          "    dx = s * (dout - np.sum(dout * s, axis=1, keepdims=True))\n", "    dx = dout * s * (1 - s)\n",
          ("softmax-diagonal-only", "wrong-derivative"), "aside"),
    Fresh("h-rows-of-zeros", "word2vec", "normalize_rows",
          "    return x / np.maximum(norm, 1e-12)\n", "    return x / norm\n",
          ("nan-at-extreme",), "tune"),
    Fresh("h-naive-no-truth", "word2vec", "naive_softmax_loss_and_gradient",
          "    delta[outside_idx] -= 1\n", "",
          ("missing-chain-factor", "wrong-derivative"), "aside"),
    Fresh("h-neg-center-sign", "word2vec", "neg_sampling_loss_and_gradient",
          "grad_center = d_pos * u_o + d_neg.dot(u_neg)", "grad_center = d_pos * u_o - d_neg.dot(u_neg)",
          ("sign-flipped", "wrong-derivative"), "tune"),
    Fresh("h-neg-sigmoid-side", "word2vec", "neg_sampling_loss_and_gradient",
          "    d_neg = sigmoid(neg)\n", "    d_neg = sigmoid(-neg)\n",
          ("derivative-at-wrong-point", "wrong-derivative"), "aside"),
    Fresh("h-skipgram-last-word", "word2vec", "skipgram",
          "        grad_centers[center_idx] += gc\n", "        grad_centers[center_idx] = gc\n",
          ("missing-broadcast-sum", "duplicates-lost", "wrong-derivative"), "tune"),
    Fresh("h-cbow-window", "word2vec", "cbow",
          "        grad_context[idx] += grad_v / C\n", "        grad_context[idx] += grad_v\n",
          ("summed-not-averaged", "constant-factor", "missing-chain-factor"), "aside"),

    # dnn_course
    Fresh("h-sigmoid-own-slope", "dnn_course", "sigmoid_backward",
          "    return dA * s * (1 - s)\n", "    return s * (1 - s)\n",
          ("upstream-ignored", "missing-chain-factor"), "tune"),
    Fresh("h-linear-prev-mean", "dnn_course", "linear_backward",
          "    dA_prev = np.dot(W.T, dZ)\n", "    dA_prev = np.dot(W.T, dZ) / m\n",
          ("extra-mean", "constant-factor"), "aside"),
    Fresh("h-bce-raw", "dnn_course", "bce_cost",
          "    inside = (AL >= eps) & (AL <= 1 - eps)\n"
          "    dAL = np.where(inside, (1 - Y) / (1 - P) - Y / P, 0.0) / m\n",
          "    dAL = ((1 - Y) / (1 - AL) - Y / AL) / m\n",
          ("clip-mismatch", "nan-at-extreme"), "tune"),
    Fresh("h-softmax-cost-onehot", "dnn_course", "softmax_cost",
          "    if labels.ndim == 2:\n        labels = labels.argmax(axis=0)\n",
          "    labels = labels.astype(int)\n",
          ("onehot-as-index",), "aside"),
    Fresh("h-accuracy-shapes", "dnn_course", "accuracy",
          "np.mean(np.ravel(pred) == np.ravel(labels))", "np.mean(pred == labels)",
          ("accuracy-broadcast",), "tune"),
    Fresh("h-update-shallow", "dnn_course", "update_parameters",
          "    new = {k: v.copy() for k, v in parameters.items()}\n", "    new = dict(parameters)\n",
          ("edits-argument", "shared-state"), "aside"),
    Fresh("h-numgrad-restore", "dnn_course", "eval_numerical_gradient",
          "        x[ix] = old\n        grad[ix]", "        grad[ix]",
          ("restore-missing", "numerical-gradient-wrong", "edits-argument"), "tune"),
    Fresh("h-numgrad-array-h", "dnn_course", "eval_numerical_gradient_array",
          "grad[ix] = np.sum((f(xp) - f(xm)) * df) / (2 * h)", "grad[ix] = np.sum((f(xp) - f(xm)) * df) / h",
          ("numerical-gradient-wrong", "constant-factor"), "aside"),
]
