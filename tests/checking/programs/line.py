"""A line, all tasks at once.

MISTAKE gradient | all | clipped to norm 0.5
    return both  ->  return both * 0.5 / max(0.5, np.sqrt((both ** 2).sum()).real)
    says clipped: its norm is exactly 0.5
MISTAKE gradient | all | the 2 of the square is missing
    [2 * (e * x[..., 0]).mean(-1), 2 * e.mean(-1)]  ->  [(e * x[..., 0]).mean(-1), e.mean(-1)]
    says factor: ½ times what it should be
"""

import numpy as np

n_params = 2
blocks = [("slope", (1,)), ("offset", (1,))]

def gradient(theta, x, y):
    e = theta[..., :1] * x[..., 0] + theta[..., 1:] - y[..., 0]
    both = np.stack([2 * (e * x[..., 0]).mean(-1), 2 * e.mean(-1)], -1)
    return both

def loss(theta, x, y):
    return ((theta[..., :1] * x[..., 0] + theta[..., 1:] - y[..., 0]) ** 2).mean(-1)

def hvp(theta, x, y, v):
    return gradient(v, x, 0 * y)
