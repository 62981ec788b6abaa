"""A line with Huber's loss, δ = 0.5; unusual: where and np.abs.

MISTAKE gradient | all | outside of δ the slope is δ sign(r), not sign(r)
    delta * np.sign(r)  ->  np.sign(r)
MISTAKE gradient | all | the branches are exchanged
    r, delta * np.sign(r)  ->  delta * np.sign(r), r
MISTAKE Hessian × vector | all | examples beyond δ are not left out
    inside * (v  ->  1 * (v
"""

import numpy as np

n_params = 2
blocks = [("slope", (1,)), ("offset", (1,))]
delta = 0.5

def residual(t, x, y):
    return t[..., :1] * x[..., 0] + t[..., 1:] - y[..., 0]

def loss(theta, x, y):
    r = residual(theta, x, y)
    return np.where(np.abs(r) < delta, r ** 2 / 2, delta * (np.abs(r) - delta / 2)).mean(-1)

def gradient(theta, x, y):
    r = residual(theta, x, y).real
    s = np.where(np.abs(r) < delta, r, delta * np.sign(r))
    return np.stack([(s * x[..., 0]).mean(-1), s.mean(-1)], -1)

def hvp(theta, x, y, v):
    inside = np.abs(residual(theta, x, y)) < delta
    s = inside * (v[..., :1] * x[..., 0] + v[..., 1:])
    return np.stack([(s * x[..., 0]).mean(-1), s.mean(-1)], -1)
