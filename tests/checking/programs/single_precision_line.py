"""A line; unusual: θ and data are rounded to single precision inside.

SAYS single precision: judged by what that can hold; use double
"""

import numpy as np

n_params = 2
blocks = [("slope", (1,)), ("offset", (1,))]

def error(t, x, y):
    t, x, y = (np.asarray(a, dtype=np.float32) for a in (t, x, y))
    return t[..., :1] * x[..., 0] + t[..., 1:] - y[..., 0]

def loss(theta, x, y):
    return (error(theta, x, y) ** 2).mean(-1)

def gradient(theta, x, y):
    e = error(theta, x, y)
    return np.stack([2 * (e * x[..., 0]).mean(-1), 2 * e.mean(-1)], -1)

def hvp(theta, x, y, v):
    return gradient(v, x, 0 * y)
