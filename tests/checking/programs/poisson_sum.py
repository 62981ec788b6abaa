"""Poisson regression; unusual: a sum over 30 counts, so that the inner loop diverges.

SAYS diverges at α = 0.05: checked at α = 0.005
"""

import numpy as np
import tinymeta as tm

n_params = 2
rng = np.random.default_rng(0)

def draw(K):
    return rng.uniform(-2, 2, (3, K, 1)), rng.poisson(4.0, (3, K, 1)).astype(float)

batch = tm.Batch(*draw(30), *draw(30))

def rate(t, x):
    return np.exp(t[..., :1] * x[..., 0] + t[..., 1:])

def loss(theta, x, y):
    return (rate(theta, x) - y[..., 0] * np.log(rate(theta, x))).sum(-1)

def gradient(theta, x, y):
    d = rate(theta, x) - y[..., 0]
    return np.stack([(d * x[..., 0]).sum(-1), d.sum(-1)], -1)

def hvp(theta, x, y, v):
    d = rate(theta, x) * (v[..., :1] * x[..., 0] + v[..., 1:])
    return np.stack([(d * x[..., 0]).sum(-1), d.sum(-1)], -1)
