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


def bug(id, module, target, old, new, *causes):
    return Fresh(id, module, target, old, new, causes, "tune")


BUGS = [
    # ---- dict_optimizers ----
    bug("m-dict-sgd-decay-inplace", "dict_optimizers", "SGD",
        "            g = grads[key] + self.weight_decay * params[key]\n",
        "            g = grads[key]\n            g += self.weight_decay * params[key]\n",
        "edits-gradient", "edits-argument"),
    bug("m-dict-momentum-old-velocity", "dict_optimizers", "Momentum",
        "            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]\n            params[key] += self.v[key]\n",
        "            params[key] += self.v[key]\n            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]\n",
        "update-wrong"),
    bug("m-dict-nesterov-new-velocity", "dict_optimizers", "Nesterov",
        "            params[key] += mu * mu * self.v[key] - (1 + mu) * self.lr * g\n            self.v[key] = mu * self.v[key] - self.lr * g\n",
        "            self.v[key] = mu * self.v[key] - self.lr * g\n            params[key] += mu * mu * self.v[key] - (1 + mu) * self.lr * g\n",
        "update-wrong"),
    bug("m-dict-adagrad-no-sum", "dict_optimizers", "AdaGrad",
        "self.h[key] += grads[key] * grads[key]",
        "self.h[key] = grads[key] * grads[key]",
        "missing-carry", "update-wrong"),
    bug("m-dict-rmsprop-rates", "dict_optimizers", "RMSprop",
        "rho * self.h[key] + (1 - rho) * grads[key] ** 2",
        "(1 - rho) * self.h[key] + rho * grads[key] ** 2",
        "update-wrong"),
    bug("m-dict-adam-iter-per-key", "dict_optimizers", "Adam",
        "        self.iter += 1\n        for key in params.keys():\n",
        "        for key in params.keys():\n            self.iter += 1\n",
        "step-counter", "update-wrong"),
    bug("m-dict-adam-no-root", "dict_optimizers", "Adam",
        "self.lr * np.sqrt(1.0 - self.beta2 ** self.iter) /",
        "self.lr * (1.0 - self.beta2 ** self.iter) /",
        "update-wrong", "bias-correction"),
    bug("m-dict-adamw-decay-gradient", "dict_optimizers", "AdamW",
        "self.weight_decay * w)", "self.weight_decay * g)",
        "decay-wrong", "update-wrong"),

    # ---- layer_optimizers ----
    bug("m-layer-decay-compounds", "layer_optimizers", "Optimizer_SGD",
        "self.current_learning_rate = self.learning_rate * (1.",
        "self.current_learning_rate = self.current_learning_rate * (1.",
        "decay-wrong", "update-wrong"),
    bug("m-layer-sgd-scales-dweights", "layer_optimizers", "Optimizer_SGD",
        "        delta_w = self.current_learning_rate * layer.dweights\n",
        "        delta_w = layer.dweights\n        delta_w *= self.current_learning_rate\n",
        "edits-gradient"),
    bug("m-layer-adagrad-rate", "layer_optimizers", "Optimizer_Adagrad",
        "        rate = self.current_learning_rate\n",
        "        rate = self.learning_rate\n",
        "decay-wrong", "option-ignored", "update-wrong"),
    bug("m-layer-adagrad-bias-square", "layer_optimizers", "Optimizer_Adagrad",
        "layer.bias_cache += layer.dbiases ** 2", "layer.bias_cache += layer.dbiases",
        "moment-not-squared", "update-wrong"),
    bug("m-layer-rmsprop-eps", "layer_optimizers", "Optimizer_RMSprop",
        "root_w = np.sqrt(layer.weight_cache) + self.epsilon",
        "root_w = np.sqrt(layer.weight_cache + self.epsilon)",
        "epsilon-placement"),
    bug("m-layer-adam-late-count", "layer_optimizers", "Optimizer_Adam",
        "correction_2 = 1 - self.beta_2 ** (self.iterations + 1)",
        "correction_2 = 1 - self.beta_2 ** self.iterations",
        "step-counter", "update-wrong"),
    bug("m-layer-adam-bias-raw", "layer_optimizers", "Optimizer_Adam",
        "layer.biases += -self.current_learning_rate * bias_momentums_corrected / (",
        "layer.biases += -self.current_learning_rate * layer.bias_momentums / (",
        "bias-correction", "update-wrong"),
    bug("m-layer-adam-lazy-name", "layer_optimizers", "Optimizer_Adam",
        "        if not hasattr(layer, 'weight_cache'):\n            layer.weight_momentums",
        "        if not hasattr(layer, 'weight_momentum'):\n            layer.weight_momentums",
        "missing-carry", "update-wrong"),

    # ---- config_rules ----
    bug("m-config-shared-default", "config_rules", "sgd_momentum",
        "def sgd_momentum(w, dw, config=None):", "def sgd_momentum(w, dw, config={}):",
        "shared-state", "state-shared-between-parameters", "not-repeatable"),
    bug("m-config-momentum-not-stored", "config_rules", "sgd_momentum",
        "    config['velocity'] = velocity\n", "    config.setdefault('velocity', velocity)\n",
        "missing-carry", "update-wrong"),
    bug("m-config-nesterov-sign", "config_rules", "nesterov_momentum",
        "next_w = w - mu * v_prev + (1 + mu) * v", "next_w = w + mu * v_prev + (1 + mu) * v",
        "update-wrong"),
    bug("m-config-rmsprop-no-root", "config_rules", "rmsprop",
        "scale = np.sqrt(cache) + config['epsilon']", "scale = cache + config['epsilon']",
        "update-wrong"),
    bug("m-config-adam-count-not-stored", "config_rules", "adam",
        "    config['t'] += 1\n    t = config['t']\n", "    t = config['t'] + 1\n",
        "step-counter", "update-wrong"),
    bug("m-config-amsgrad-max-of-last", "config_rules", "amsgrad",
        "config['v_max'] = np.maximum(config.get('v_max', np.zeros_like(w)), v)",
        "config['v_max'] = np.maximum(config.get('v', np.zeros_like(w)), v)",
        "missing-carry", "update-wrong"),
    bug("m-config-adamax-no-decay", "config_rules", "adamax",
        "np.maximum(b2 * config.get('u', np.zeros_like(w)), np.abs(dw))",
        "np.maximum(config.get('u', np.zeros_like(w)), np.abs(dw))",
        "update-wrong"),
    bug("m-config-nadam-raw-gradient", "config_rules", "nadam",
        "m_bar = b1 * m_hat + (1 - b1) * g_hat", "m_bar = b1 * m_hat + (1 - b1) * dw",
        "bias-correction", "update-wrong"),

    # ---- step_optimizers ----
    bug("m-step-sgd-buffer-reference", "step_optimizers", "SGD",
        "state['buf'] = g.copy()", "state['buf'] = g",
        "cached-by-reference", "edits-gradient"),
    bug("m-step-sgd-nesterov-unused", "step_optimizers", "SGD",
        "g = g + self.momentum * state['buf'] if self.nesterov else state['buf']",
        "g = state['buf']",
        "option-ignored", "update-wrong"),
    bug("m-step-adam-one-state", "step_optimizers", "Adam",
        "self.state = [{} for _ in self.params]", "self.state = [{}] * len(self.params)",
        "state-shared-between-parameters", "shared-state", "update-wrong"),
    bug("m-step-adamw-decay-rate", "step_optimizers", "AdamW",
        "p.data *= 1 - self.lr * self.weight_decay", "p.data *= 1 - self.weight_decay",
        "decay-wrong", "update-wrong"),
    bug("m-step-radam-raw-moment", "step_optimizers", "RAdam",
        "            else:\n                p.data -= self.lr * m_hat\n",
        "            else:\n                p.data -= self.lr * state['m']\n",
        "bias-correction", "update-wrong"),
    bug("m-step-lion-order", "step_optimizers", "Lion",
        "            m = state.get('m', np.zeros_like(p.data))\n"
        "            direction = np.sign(self.beta1 * m + (1 - self.beta1) * p.grad)\n",
        "            m = state.get('m', np.zeros_like(p.data))\n"
        "            direction = np.sign(self.beta2 * m + (1 - self.beta2) * p.grad)\n",
        "update-wrong"),
    bug("m-step-rprop-prev", "step_optimizers", "Rprop",
        "state['prev'] = g\n", "state['prev'] = p.grad\n",
        "update-wrong", "cached-by-reference"),
    bug("m-step-warmup-offset", "step_optimizers", "WarmupExponential",
        "return self.gamma ** (self.count - self.warmup)", "return self.gamma ** self.count",
        "decay-wrong"),

    # ---- update_rules ----
    bug("m-rule-step-decay-smooth", "update_rules", "StepDecaySGD",
        "self.drop ** (self.n_updates // self.every)", "self.drop ** (self.n_updates / self.every)",
        "decay-wrong", "update-wrong"),
    bug("m-rule-sgd-single-state", "update_rules", "StochasticGradientDescent",
        "self.w_updt = np.zeros(np.shape(w))", "self.w_updt = np.zeros(np.shape(w), dtype=np.float32)",
        "float32-inside"),
    bug("m-rule-adadelta-eps", "update_rules", "Adadelta",
        "rms_step = np.sqrt(self.E_step + self.eps)", "rms_step = np.sqrt(self.E_step) + self.eps",
        "epsilon-placement", "update-wrong"),
    bug("m-rule-adadelta-step-square", "update_rules", "Adadelta",
        "(1 - self.rho) * step ** 2", "(1 - self.rho) * step",
        "moment-not-squared", "update-wrong"),
    bug("m-rule-adamax-count-once", "update_rules", "Adamax",
        "            self.u = np.zeros_like(w)\n        self.t += 1\n",
        "            self.u = np.zeros_like(w)\n            self.t += 1\n",
        "step-counter", "update-wrong"),
    bug("m-rule-nadam-one-array", "update_rules", "Nadam",
        "            self.m = np.zeros_like(w)\n            self.v = np.zeros_like(w)\n        self.t += 1\n        self.m *= self.b1\n",
        "            self.m = self.v = np.zeros_like(w)\n        self.t += 1\n        self.m *= self.b1\n",
        "shared-state", "update-wrong"),
    bug("m-rule-lamb-zero-direction", "update_rules", "LAMB",
        "if w_norm > 0 and u_norm > 0 else 1.0", "if w_norm > 0 else 1.0",
        "nan-at-extreme"),
    bug("m-rule-clip-inplace", "update_rules", "clip_gradients",
        "    clipped = [g * scale for g in grads]\n    return clipped, norm",
        "    for g in grads:\n        g *= scale\n    return grads, norm",
        "edits-argument", "edits-gradient"),

    # ---- layer_net ----
    bug("m-net-bias-l2-missing", "layer_net", "Layer_Dense",
        "        if self.bias_regularizer_l2 > 0:\n            self.dbiases += 2 * self.bias_regularizer_l2 * self.biases\n", "",
        "missing-regulariser", "option-ignored"),
    bug("m-net-l1-weights", "layer_net", "Layer_Dense",
        "self.weight_regularizer_l1 * np.sign(self.weights)", "self.weight_regularizer_l1 * self.weights",
        "wrong-regulariser"),
    bug("m-net-bn-running-share", "layer_net", "Layer_BatchNorm",
        "self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var",
        "self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var",
        "running-statistics"),
    bug("m-net-bn-mean-term", "layer_net", "Layer_BatchNorm",
        "dnorm = (dnorm - np.mean(dnorm, axis=0, keepdims=True)\n                     - self.normalized",
        "dnorm = (dnorm\n                     - self.normalized",
        "missing-norm-term", "wrong-derivative"),
    bug("m-net-dropout-new-mask", "layer_net", "Layer_Dropout",
        "    def backward(self, dvalues):\n        self.dinputs = dvalues * self.mask\n",
        "    def backward(self, dvalues):\n"
        "        mask = np.random.binomial(1, self.rate, size=dvalues.shape) / self.rate\n"
        "        self.dinputs = dvalues * mask\n",
        "resampled-mask", "mode-ignored", "not-repeatable"),
    bug("m-net-evaluate-leaves-mode", "layer_net", "Model",
        "        before, self.training = self.training, False\n        logits = self.forward(X)\n        self.training = before\n",
        "        self.training = False\n        logits = self.forward(X)\n",
        "restore-missing", "mode-ignored"),

    # ---- weight_decay_net ----
    bug("m-twolayer-dropout-unused", "weight_decay_net", "TwoLayerNet",
        "self.layers['Dropout1'] = Dropout(dropout_ratio)", "self.dropout = Dropout(dropout_ratio)",
        "never-wired", "option-ignored"),
    bug("m-twolayer-predict-mode", "weight_decay_net", "TwoLayerNet",
        "x = layer.forward(x, train_flg)", "x = layer.forward(x)",
        "mode-ignored"),
    bug("m-twolayer-dropout-share", "weight_decay_net", "Dropout",
        "self.mask = 1.0 - self.dropout_ratio", "self.mask = self.dropout_ratio",
        "dropout-scale", "constant-factor", "forward-wrong"),
    bug("m-twolayer-loss-mean", "weight_decay_net", "SoftmaxWithLoss",
        "return dout * (self.y - self.t) / self.t.shape[0]", "return dout * (self.y - self.t)",
        "missing-mean", "constant-factor", "wrong-derivative"),
    bug("m-twolayer-affine-adds", "weight_decay_net", "Affine",
        "self.dW = np.dot(self.x.T, dout)", "self.dW += np.dot(self.x.T, dout)",
        "accumulates", "not-repeatable"),

    # ---- stepwise_net ----
    bug("m-stepwise-new-weights", "stepwise_net", "Dense",
        "        input_gradient = np.dot(output_gradient, self.weights.T)\n"
        "        weights_gradient = np.dot(self.input.T, output_gradient)\n"
        "        self.weights = self.weights - learning_rate * weights_gradient\n",
        "        weights_gradient = np.dot(self.input.T, output_gradient)\n"
        "        self.weights = self.weights - learning_rate * weights_gradient\n"
        "        input_gradient = np.dot(output_gradient, self.weights.T)\n",
        "updated-weights-used"),
    bug("m-stepwise-tanh-input", "stepwise_net", "Tanh",
        "(1 - self.output ** 2)", "(1 - self.input ** 2)",
        "derivative-at-wrong-point", "wrong-derivative"),
    bug("m-stepwise-relu-upstream", "stepwise_net", "ReLU",
        "input_gradient = np.array(output_gradient)", "input_gradient = output_gradient",
        "edits-upstream", "edits-argument"),
    bug("m-stepwise-dropout-old-mask", "stepwise_net", "Dropout",
        "        self.mask = (np.random.rand(*input.shape) >= self.p) / (1 - self.p)\n",
        "        if self.mask is None or self.mask.shape != input.shape:\n"
        "            self.mask = (np.random.rand(*input.shape) >= self.p) / (1 - self.p)\n",
        "stale-mask"),
    bug("m-stepwise-bn-var-of-mean", "stepwise_net", "BatchNorm",
        "self.running_var + self.momentum * var", "self.running_var + self.momentum * mean",
        "running-statistics", "forward-wrong"),
]
