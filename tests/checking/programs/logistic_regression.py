"""Logistic regression, y in {0, 1}, all tasks at once.

MISTAKE gradient | w | sum over the examples where the loss takes a mean: w is K times too large
    (delta[..., None] * x).mean(-2), delta  ->  (delta[..., None] * x).sum(-2), delta
    says factor: K = 6 times what it should be
MISTAKE Hessian × vector | all | p in place of p (1 - p)
    return _outer(p * (1 - p) * logits(v, x), x)  ->  return _outer(p * logits(v, x), x)
"""

import numpy as np
import tinymeta as tm

d_in, d_out = 2, 1
n_params = 3
blocks = [("w", (2,)), ("b", (1,))]
_rng = np.random.default_rng(3)
def _xy(k):
    x = _rng.normal(size=(4, k, 2))
    return x, (x[..., :1] + 0.5 * _rng.normal(size=(4, k, 1)) > 0).astype(float)
batch = tm.Batch(*_xy(6), *_xy(9))

def logits(theta, x):
    return (x * theta[..., None, :2]).sum(-1) + theta[..., 2:]

def loss(theta, x, y):
    z = logits(theta, x)
    return (np.log(1 + np.exp(-z)) + (1 - y[..., 0]) * z).mean(-1)

def _outer(delta, x):
    return np.concatenate([(delta[..., None] * x).mean(-2), delta.mean(-1)[..., None]], -1)

def gradient(theta, x, y):
    p = 1 / (1 + np.exp(-logits(theta, x)))
    return _outer(p - y[..., 0], x)

def hvp(theta, x, y, v):
    p = 1 / (1 + np.exp(-logits(theta, x)))
    return _outer(p * (1 - p) * logits(v, x), x)
