"""Poisson regression, summed over the examples.

PASS | the inner loop diverges at α = 0.05: checked at α = 0.005
"""
import numpy as np
import tinymeta as tm
n_params = 2
rng = np.random.default_rng(0)
xy = lambda K: (rng.uniform(-2, 2, (3, K, 1)), rng.poisson(4.0, (3, K, 1)).astype(float))
batch = tm.Batch(*xy(30), *xy(30))
def r(t, x): return np.exp(t[..., :1, None] * x + t[..., 1:, None])
def loss(theta, x, y): return (r(theta, x) - y * np.log(r(theta, x))).sum((-2, -1))
def gradient(theta, x, y):
    d = r(theta, x) - y
    return np.stack([(d * x).sum((-2, -1)), d.sum((-2, -1))], -1)
def hvp(theta, x, y, v):
    d = r(theta, x) * (v[..., :1, None] * x + v[..., 1:, None])
    return np.stack([(d * x).sum((-2, -1)), d.sum((-2, -1))], -1)
