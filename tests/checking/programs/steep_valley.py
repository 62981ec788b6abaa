"""Unusual: curvature 4e3, the inner loop diverges at the usual α.

SAYS diverges at α = 0.05
"""

import numpy as np

d_in, d_out = 2, 1
n_params = 3
blocks = [("w", (2,)), ("b", (1,))]
scale = np.array([40.0, 1.0, 1.0])

def A(x):
    return np.concatenate([x, np.ones_like(x[..., :1])], -1) * scale

def loss(theta, x, y):
    e = (A(x) * theta[..., None, :]).sum(-1) - y[..., 0]
    return (e ** 2).mean(-1) + 0.1 * (theta ** 4).sum(-1)

def gradient(theta, x, y):
    e = (A(x) * theta[..., None, :]).sum(-1) - y[..., 0]
    return 2 * (e[..., None] * A(x)).mean(-2) + 0.4 * theta ** 3

def hvp(theta, x, y, v):
    ev = (A(x) * v[..., None, :]).sum(-1)
    return 2 * (ev[..., None] * A(x)).mean(-2) + 1.2 * theta ** 2 * v
