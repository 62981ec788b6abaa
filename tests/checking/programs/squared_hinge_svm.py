"""A linear classifier, y = ±1, squared hinge loss.

MISTAKE gradient | all | the label y is missing from the chain rule
    d = -2 * y * m  ->  d = -2 * m
    says own variables: b: the right numbers are y.T @ d / len(x)
MISTAKE Hessian × vector | all | active set without y: 1 - f > 0 in place of 1 - y f > 0
    active = (1 - y * score(theta, x)).real > 0  ->  active = (1 - score(theta, x)).real > 0
MISTAKE gradient | all | examples beyond the margin are not masked out
    d = -2 * y * m  ->  d = -2 * y * (1 - y * score(theta, x))
"""

import numpy as np
import tinymeta as tm

d_in, d_out, n_params = 2, 1, 3
blocks = [("w", (2,)), ("b", (1,))]
C = 0.05
theta = np.array([1.5, -1.2, 0.4])
rs = np.random.RandomState(0)
xs, xq = rs.randn(4, 6, 2), rs.randn(4, 7, 2)
batch = tm.Batch(xs, np.sign(rs.randn(4, 6, 1)), xq, np.sign(rs.randn(4, 7, 1)))

def score(theta, x):
    return (x @ theta[..., :2, None]) + theta[..., 2:, None]      # (..., K, 1)

def loss(theta, x, y):
    m = 1 - y * score(theta, x)
    m = m * (m.real > 0)
    return (m ** 2).mean((-2, -1)) + C * (theta[..., :2] ** 2).sum(-1)

def gradient(theta, x, y):
    m = 1 - y * score(theta, x)
    m = m * (m.real > 0)
    d = -2 * y * m
    gw = (d * x).mean(-2) + 2 * C * theta[..., :2]
    return np.concatenate([gw, d.mean(-2)], -1)

def hvp(theta, x, y, v):
    active = (1 - y * score(theta, x)).real > 0
    d = 2 * active * score(v, x)
    return np.concatenate([(d * x).mean(-2) + 2 * C * v[..., :2], d.mean(-2)], -1)
