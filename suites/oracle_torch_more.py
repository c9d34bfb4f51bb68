"""The rows of `oracle_torch` for what the reference has beyond the two books."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as tf
from gradcheck_reference.functional import (
    attention,
    embedding,
    more_activations,
    more_losses,
    recurrent,
)

from suites import oracle_torch as base

Draw, ROWS, row = base.Draw, base.ROWS, base.row
normal, shape, size, tensor = base.normal, base.shape, base.size, base.tensor


def activation(theirs, spread=3, **options):
    return lambda r: Draw([spread * normal(r, *shape(r))], theirs, options=options)


for name, draw in {
    "leaky_relu": activation(lambda x: tf.leaky_relu(x, 0.2), alpha=0.2),
    "elu": activation(lambda x: tf.elu(x, 0.7), alpha=0.7),
    "selu": activation(torch.selu),
    # PyTorch takes 1 + erf, which loses digits for large negative x; test_erfc has those.
    "gelu": activation(tf.gelu, spread=1),
    "gelu_tanh": activation(lambda x: tf.gelu(x, approximate="tanh"), spread=1),
    "silu": activation(tf.silu),
    # PyTorch's own softplus is the identity above a threshold of 20.
    "softplus": activation(lambda x: torch.logaddexp(x, torch.zeros_like(x))),
    "hardtanh": activation(lambda x: tf.hardtanh(x, -0.5, 2), low=-0.5, high=2),
    "relu6": activation(tf.relu6),
}.items():
    ROWS[name] = (more_activations, draw)


@row(more_activations, "prelu")
def _(r):
    c = size(r)
    x = normal(r, size(r), c, *r.integers(1, 4, size=r.integers(0, 3)))
    return Draw([x, normal(r, c if r.random() < 0.5 else 1)], tf.prelu)


ROWS["huber"] = (
    more_losses,
    base.regression(lambda p, t: tf.huber_loss(p, t, reduction="none")),
)
ROWS["log_cosh"] = (
    more_losses,
    base.regression(lambda p, t: torch.logaddexp(p - t, t - p) - np.log(2)),
)


@row(more_losses, "hinge")
def _(r):
    n, j = size(r), size(r, 1, 4)
    y = 2 * r.integers(0, 2, size=(n, j)) - 1
    t = tensor(y)
    labels = y.astype(r.choice(["int8", "int64", "float64"]))
    return Draw(
        [normal(r, n, j)],
        lambda x: base.rows_of((1 - t * x).clamp(min=0)),
        (labels[:, 0] if j == 1 and r.random() < 0.5 else labels,),
    )


@row(more_losses, "multiclass_hinge")
def _(r):
    n, c = size(r), size(r)
    labels, index = base.class_labels(r, n, c)
    return Draw(
        [normal(r, n, c)],
        lambda x: c * tf.multi_margin_loss(x, index, margin=0.7, reduction="none"),
        (labels,),
        {"margin": 0.7},
    )


@row(more_losses, "kl_divergence")
def _(r):
    n, c = size(r), size(r, 2)
    t = r.dirichlet(np.ones(c), size=n)
    log_p = np.log(r.dirichlet(np.ones(c), size=n))
    return Draw([log_p], lambda x: tf.kl_div(x, tensor(t), reduction="none").sum(1), (t,))


@row(more_losses, "focal")
def _(r):
    n, j = size(r), size(r, 1, 4)
    y = base.binary_labels(r, n, j)
    t = tensor(y).reshape(n, j)
    gamma, alpha = r.uniform(0.5, 3), r.uniform(0.1, 0.9)

    def theirs(x):
        p = torch.sigmoid(x)
        q, a = p * t + (1 - p) * (1 - t), alpha * t + (1 - alpha) * (1 - t)
        ce = tf.binary_cross_entropy_with_logits(x, t, reduction="none")
        return base.rows_of(a * (1 - q) ** gamma * ce)

    return Draw([2 * normal(r, n, j)], theirs, (y,), {"gamma": gamma, "alpha": alpha})


@row(more_losses, "cosine")
def _(r):
    n, d = size(r), size(r, 2)
    y = normal(r, n, d)
    return Draw(
        [normal(r, n, d)], lambda x: 1 - tf.cosine_similarity(x, tensor(y), dim=1, eps=0), (y,)
    )


@row(embedding, "embedding")
def _(r):
    v = size(r)
    index = r.integers(0, v, size=shape(r)).astype(r.choice(["uint8", "int64", "float64"]))
    return Draw([normal(r, v, size(r))], lambda W: W[torch.tensor(index.astype(int))], (index,))


def recurrence(r: np.random.Generator, gates: int):
    n, t, d, h = size(r, 1, 4), size(r), size(r, 1, 5), size(r, 1, 5)
    return normal(r, n, t, d), normal(r, n, h), normal(r, d, gates * h), normal(r, h, gates * h)


def run(module, x, states, *weights):
    """A torch.nn network with our weights, which it wants transposed."""
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    values = dict(zip(names, weights, strict=True))
    return torch.func.functional_call(module.double(), values, (x, states))[0]


@row(recurrent, "rnn")
def _(r):
    x, h, Wx, Wh = recurrence(r, 1)
    net = torch.nn.RNN(x.shape[2], h.shape[1], batch_first=True)
    zero = torch.zeros(h.shape[1], dtype=torch.float64)
    return Draw(
        [x, h, Wx, Wh, normal(r, h.shape[1])],
        lambda x, h, Wx, Wh, b: run(net, x, h[None], Wx.T, Wh.T, b, zero),
    )


@row(recurrent, "lstm")
def _(r):
    x, h, Wx, Wh = recurrence(r, 4)
    net = torch.nn.LSTM(x.shape[2], h.shape[1], batch_first=True)
    zero = torch.zeros(Wx.shape[1], dtype=torch.float64)
    return Draw(
        [x, h, normal(r, *h.shape), Wx, Wh, normal(r, Wx.shape[1])],
        lambda x, h, c, Wx, Wh, b: run(net, x, (h[None], c[None]), Wx.T, Wh.T, b, zero),
    )


@row(recurrent, "gru")
def _(r):
    x, h, Wx, Wh = recurrence(r, 3)
    net = torch.nn.GRU(x.shape[2], h.shape[1], batch_first=True)
    return Draw(
        [x, h, Wx, Wh, normal(r, Wx.shape[1]), normal(r, Wx.shape[1])],
        lambda x, h, Wx, Wh, bx, bh: run(net, x, h[None], Wx.T, Wh.T, bx, bh),
    )


@row(attention, "attention")
def _(r):
    lead, d, t = shape(r), size(r), size(r)
    causal = bool(r.random() < 0.4)
    s = t if causal else size(r)
    return Draw(
        [normal(r, *lead, t, d), normal(r, *lead, s, d), normal(r, *lead, s, size(r))],
        lambda q, k, v: tf.scaled_dot_product_attention(q, k, v, is_causal=causal),
        options={"causal": causal},
    )


@row(attention, "self_attention")
def _(r):
    heads, n, t = size(r, 1, 4), size(r, 1, 4), size(r)
    d = heads * size(r, 1, 4)
    causal = bool(r.random() < 0.4)

    def theirs(x, Wq, Wk, Wv, Wo, bq, bk, bv, bo):
        mask = ~torch.ones(t, t, dtype=torch.bool).tril() if causal else None
        return tf.multi_head_attention_forward(
            x.transpose(0, 1),
            x.transpose(0, 1),
            x.transpose(0, 1),
            d,
            heads,
            torch.cat([Wq.T, Wk.T, Wv.T]),
            torch.cat([bq, bk, bv]),
            None,
            None,
            False,
            0.0,
            Wo.T,
            bo,
            need_weights=False,
            attn_mask=mask,
        )[0].transpose(0, 1)

    arrays = [normal(r, n, t, d), *(normal(r, d, d) for _ in range(4))]
    arrays += [normal(r, d) for _ in range(4)]
    # The keys' bias adds the same number to all scores of a query: softmax does not see it.
    return Draw(arrays, theirs, options={"heads": heads, "causal": causal}, zero=(6,))
