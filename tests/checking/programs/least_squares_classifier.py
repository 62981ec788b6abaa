"""Unusual: right for y = ±1 alone, and no batch is given.

SAYS checked with y -1 or 1
"""

import numpy as np

d_in, d_out = 2, 1
n_params = 3
blocks = [("w", (2,)), ("b", (1,))]

def f(theta, x):
    return np.einsum("...ki,...i->...k", x, theta[..., :2]) + theta[..., 2:]

def loss(theta, x, y):
    return ((1 - y[..., 0] * f(theta, x)) ** 2).mean(-1)

def gradient(theta, x, y):
    d = 2 * (f(theta, x) - y[..., 0])       # y is +1 or -1, so y * y = 1
    return np.concatenate([(d[..., None] * x).mean(-2), d.mean(-1)[..., None]], -1)

def hvp(theta, x, y, v):
    d = 2 * f(v, x)
    return np.concatenate([(d[..., None] * x).mean(-2), d.mean(-1)[..., None]], -1)
