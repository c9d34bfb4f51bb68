"""Word vectors: naive softmax and negative sampling losses, skip-gram and CBOW."""
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softmax(x):
    """Softmax of a vector, or of every row of a matrix."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def normalize_rows(x):
    """Every row scaled to length 1 (a zero row stays zero)."""
    norms = np.sqrt(np.sum(x ** 2, axis=1, keepdims=True))
    x = x / np.maximum(norms, 1e-30)
    return x


def naive_softmax_loss_and_gradient(center_vec, outside_idx, outside_vectors):
    """center_vec (D,), outside_vectors (V, D); returns loss, grad_center (D,), grad_outside (V, D)."""
    scores = outside_vectors @ center_vec
    shifted = scores - np.max(scores)
    loss = np.log(np.sum(np.exp(shifted))) - shifted[outside_idx]
    delta = softmax(scores)
    delta[outside_idx] -= 1
    grad_center = outside_vectors.T @ delta
    grad_outside = np.outer(delta, center_vec)
    return loss, grad_center, grad_outside


def neg_sampling_loss_and_gradient(center_vec, outside_idx, outside_vectors, neg_indices):
    """-log s(u_o . v) - sum_k log s(-u_k . v); neg_indices may hold a word more than once."""
    u_o = outside_vectors[outside_idx]
    u_k = outside_vectors[neg_indices]
    pos = u_o @ center_vec
    neg = u_k @ center_vec
    loss = np.logaddexp(0, -pos) + np.sum(np.logaddexp(0, neg))

    g_pos = sigmoid(pos) - 1
    g_neg = sigmoid(neg)
    grad_center = g_pos * u_o + g_neg @ u_k
    grad_outside = np.zeros_like(outside_vectors)
    grad_outside[outside_idx] += g_pos * center_vec
    np.add.at(grad_outside, neg_indices, np.outer(g_neg, center_vec))
    return loss, grad_center, grad_outside


def skipgram(center_idx, outside_indices, center_vectors, outside_vectors,
             loss_and_gradient=naive_softmax_loss_and_gradient):
    """Sum of the losses of all context words; gradients for both matrices (V, D)."""
    loss = 0.0
    grad_center_vectors = np.zeros_like(center_vectors)
    grad_outside_vectors = np.zeros_like(outside_vectors)
    v = center_vectors[center_idx]
    for o in outside_indices:
        l, g_center, g_outside = loss_and_gradient(v, o, outside_vectors)
        loss += l
        grad_center_vectors[center_idx] += g_center
        grad_outside_vectors += g_outside
    return loss, grad_center_vectors, grad_outside_vectors


def cbow(target_idx, context_indices, input_vectors, output_vectors):
    """Predict the target from the mean of its context's vectors."""
    h = input_vectors[context_indices].mean(axis=0)
    loss, grad_h, grad_output = naive_softmax_loss_and_gradient(h, target_idx, output_vectors)
    grad_input = np.zeros_like(input_vectors)
    for c in context_indices:
        grad_input[c] += grad_h / len(context_indices)
    return loss, grad_input, grad_output


class EmbeddingClassifier:
    """Bag of words: mean of word vectors, affine, softmax; params and grads in dicts, loss(X, y) with X (N, T), y (N,)."""

    def __init__(self, vocab_size, dim, num_classes):
        self.params = {'E': np.random.randn(vocab_size, dim) * 0.1,
                       'W': np.random.randn(dim, num_classes) * 0.1,
                       'b': np.zeros(num_classes)}

    def loss(self, X, y=None):
        E, W, b = self.params['E'], self.params['W'], self.params['b']
        N, T = X.shape
        h = E[X].mean(axis=1)
        scores = h @ W + b
        if y is None:
            return scores
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -log_p[np.arange(N), y].mean()
        d = np.exp(log_p)
        d[np.arange(N), y] -= 1
        d = d / N
        grads = {'W': h.T @ d, 'b': d.sum(axis=0), 'E': np.zeros_like(E)}
        dh = d @ W.T / T
        np.add.at(grads['E'], X, np.repeat(dh[:, None, :], T, axis=1))
        return loss, grads
