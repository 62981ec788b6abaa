"""Poisson counts, loss summed over 20 examples: the inner loop overflows at alpha = 0.05.
Unusual: sum over examples, inner loop diverges to overflow.
"""
import numpy as np
import tinymeta as tm

n_params, d_in, d_out = 2, 1, 1
blocks = [("slope", (1,)), ("level", (1,))]
theta = np.array([0.5, 1.0])
_r = np.random.RandomState(3)
def _c(k): return _r.uniform(-1, 3, (3, k, 1)), _r.poisson(6.0, (3, k, 1)).astype(float)
batch = tm.Batch(*_c(20), *_c(15))

def loss(theta, x, y):
    eta = theta[0] * x + theta[1]
    return np.sum(np.exp(eta) - y * eta)

def gradient(theta, x, y):
    d = np.exp(theta[0] * x + theta[1]) - y
    return np.array([np.sum(d * x), np.sum(d)])

def hvp(theta, x, y, v):
    d = np.exp(theta[0] * x + theta[1]) * (v[0] * x + v[1])
    return np.array([np.sum(d * x), np.sum(d)])
