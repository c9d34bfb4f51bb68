"""Models of word sequences: loss(features, captions) with gradients in a dict; slopes at one index."""

import numpy as np


def words_loss(scores, words, mask):
    scores = scores - scores.max(axis=2, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    rows = np.arange(len(words))[:, None], np.arange(words.shape[1])[None], words
    delta = np.exp(log_p)
    delta[rows] -= 1
    return -np.sum(mask * log_p[rows]) / len(words), delta * mask[:, :, None] / len(words)


class NextWord:
    def __init__(self, word_to_idx, input_dim=512, wordvec_dim=128):
        self.vocab_size = len(word_to_idx)
        self._null = word_to_idx["<NULL>"]
        self.params = {
            "W_word": np.random.randn(self.vocab_size, wordvec_dim) / 100,
            "W_feature": np.random.randn(input_dim, wordvec_dim) / np.sqrt(input_dim),
            "Ws": np.random.randn(wordvec_dim, self.vocab_size) / np.sqrt(wordvec_dim),
            "bs": np.zeros(self.vocab_size),
        }

    def loss(self, features, captions):
        given, wanted = captions[:, :-1], captions[:, 1:]
        p = self.params
        h = np.tanh(p["W_word"][given] + (features @ p["W_feature"])[:, None, :])
        loss, delta = words_loss(h @ p["Ws"] + p["bs"], wanted, wanted != self._null)
        inner = (delta @ p["Ws"].T) * (1 - h**2)
        grads = {"Ws": np.einsum("nth,ntv->hv", h, delta), "bs": delta.sum(axis=(0, 1))}
        grads["W_feature"] = features.T @ inner.sum(axis=1)
        grads["W_word"] = np.zeros_like(p["W_word"])
        np.add.at(grads["W_word"], given, inner)
        return loss, grads


class NextWordLost:
    def __init__(self, word_to_idx, input_dim=512, wordvec_dim=128):
        self.vocab_size = len(word_to_idx)
        self._null = word_to_idx["<NULL>"]
        self.params = {
            "W_word": np.random.randn(self.vocab_size, wordvec_dim) / 100,
            "W_feature": np.random.randn(input_dim, wordvec_dim) / np.sqrt(input_dim),
            "Ws": np.random.randn(wordvec_dim, self.vocab_size) / np.sqrt(wordvec_dim),
            "bs": np.zeros(self.vocab_size),
        }

    def loss(self, features, captions):
        given, wanted = captions[:, :-1], captions[:, 1:]
        p = self.params
        h = np.tanh(p["W_word"][given] + (features @ p["W_feature"])[:, None, :])
        loss, delta = words_loss(h @ p["Ws"] + p["bs"], wanted, wanted != self._null)
        inner = (delta @ p["Ws"].T) * (1 - h**2)
        grads = {"Ws": np.einsum("nth,ntv->hv", h, delta), "bs": delta.sum(axis=(0, 1))}
        grads["W_feature"] = features.T @ inner.sum(axis=1)
        grads["W_word"] = np.zeros_like(p["W_word"])
        grads["W_word"][given] += inner
        return loss, grads


def numerical_gradient_at_coordinate(loss_function, parameter, index, h=1e-5):
    kept = parameter[index]
    parameter[index] = kept + h
    above = loss_function()
    parameter[index] = kept - h
    below = loss_function()
    parameter[index] = kept
    return (above - below) / (2 * h)


def numerical_grad_at_index_doubled(loss_function, parameter, index, h=1e-5):
    kept = parameter[index]
    parameter[index] = kept + h
    above = loss_function()
    parameter[index] = kept - h
    below = loss_function()
    parameter[index] = kept
    return (above - below) / h
