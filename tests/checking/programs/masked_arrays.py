"""Unusual: masked arrays; targets above 1.5 are missing."""

import numpy as np

d_in, d_out, n_params = 1, 1, 3
blocks = [("c", (3,))]

def basis(x):
    return np.stack([np.ones(len(x)), x[:, 0], np.exp(-x[:, 0] ** 2)], axis=1)

def residual(theta, x, y):
    return np.ma.masked_array(basis(x) @ theta - y[:, 0], mask=y[:, 0] > 1.5)

def loss(theta, x, y):
    return (residual(theta, x, y) ** 2).mean()

def gradient(theta, x, y):
    r = residual(theta, x, y)
    return 2 * basis(x).T @ r.filled(0) / r.count()

def hvp(theta, x, y, v):
    r = residual(theta, x, y)
    return 2 * basis(x).T @ np.where(r.mask, 0, basis(x) @ v) / r.count()
