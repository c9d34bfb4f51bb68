"""word2vec by hand (CS224n, assignment 2): softmax and negative-sampling losses, skip-gram and CBOW."""
import numpy as np


def sigmoid(x):
    """Stable for large |x|."""
    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + z), z / (1 + z))


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


def softmax(x):
    """Over the last axis of a vector or a matrix."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def softmax_forward(x):
    """Rows of x: (N, D); returns out, cache."""
    s = softmax(x)
    return s, s


def softmax_backward(dout, cache):
    s = cache
    dx = s * (dout - np.sum(dout * s, axis=1, keepdims=True))
    return dx


def normalize_rows(x):
    """Every row gets Euclidean length 1; rows of zeros stay zeros."""
    norm = np.sqrt(np.sum(x ** 2, axis=1, keepdims=True))
    return x / np.maximum(norm, 1e-12)


def naive_softmax_loss_and_gradient(center_vec, outside_idx, outside_vectors):
    """center_vec: (d,), outside_vectors: (V, d); -log softmax(U v)[o] and its gradients for v and U."""
    scores = outside_vectors.dot(center_vec)
    shifted = scores - np.max(scores)
    log_y = shifted - np.log(np.sum(np.exp(shifted)))
    loss = -log_y[outside_idx]

    delta = np.exp(log_y)
    delta[outside_idx] -= 1
    grad_center = outside_vectors.T.dot(delta)
    grad_outside = np.outer(delta, center_vec)
    return loss, grad_center, grad_outside


def neg_sampling_loss_and_gradient(center_vec, outside_idx, outside_vectors, negative_indices):
    """negative_indices: the sampled words, where a word may occur more than once."""
    u_o = outside_vectors[outside_idx]
    u_neg = outside_vectors[negative_indices]
    pos, neg = u_o.dot(center_vec), u_neg.dot(center_vec)
    loss = -log_sigmoid(pos) - np.sum(log_sigmoid(-neg))

    d_pos = sigmoid(pos) - 1
    d_neg = sigmoid(neg)
    grad_center = d_pos * u_o + d_neg.dot(u_neg)
    grad_outside = np.zeros_like(outside_vectors)
    grad_outside[outside_idx] += d_pos * center_vec
    for k, idx in enumerate(negative_indices):
        grad_outside[idx] += d_neg[k] * center_vec
    return loss, grad_center, grad_outside


def skipgram(center_idx, outside_idxs, center_vectors, outside_vectors):
    """Sum over the window; gradients for the two matrices (V, d)."""
    v = center_vectors[center_idx]
    loss = 0.0
    grad_centers = np.zeros_like(center_vectors)
    grad_outsides = np.zeros_like(outside_vectors)
    for o in outside_idxs:
        l, gc, go = naive_softmax_loss_and_gradient(v, o, outside_vectors)
        loss += l
        grad_centers[center_idx] += gc
        grad_outsides += go
    return loss, grad_centers, grad_outsides


def cbow(center_idx, context_idxs, context_vectors, output_vectors):
    """The mean of the context vectors predicts the word in the middle."""
    C = len(context_idxs)
    v_hat = context_vectors[context_idxs].mean(axis=0)
    loss, grad_v, grad_output = naive_softmax_loss_and_gradient(v_hat, center_idx, output_vectors)
    grad_context = np.zeros_like(context_vectors)
    for idx in context_idxs:
        grad_context[idx] += grad_v / C
    return loss, grad_context, grad_output
