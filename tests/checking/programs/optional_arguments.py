"""Unusual: optional arguments beyond the usual ones."""

import numpy as np

n_params = 4
d_in, d_out = 3, 1
blocks = [("w", (3,)), ("b", (1,))]

def loss(w, X, Y, reg=0.1, *, weights=None):
    sw = np.ones(len(X)) if weights is None else weights
    r = X @ w[:3] + w[3] - Y[:, 0]
    return (sw * r ** 2).sum() / sw.sum() + reg * (w[:3] ** 2).sum()

def gradient(w, X, Y, reg=0.1, *, weights=None):
    sw = np.ones(len(X)) if weights is None else weights
    d = 2 * sw * (X @ w[:3] + w[3] - Y[:, 0]) / sw.sum()
    return np.append(X.T @ d + 2 * reg * w[:3], d.sum())

def hvp(w, X, Y, direction, reg=0.1, **unused):
    return gradient(direction, X, 0 * Y, reg)
