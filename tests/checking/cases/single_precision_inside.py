"""A right derivation that rounds θ to single precision.

PASS | single precision: judged by what that can hold; use double for a check
"""
import numpy as np
n_params = 2
def e(t, x, y):
    t = np.asarray(t, dtype=np.float32)
    return t[..., :1, None] * x.astype(np.float32) + t[..., 1:, None] - y.astype(np.float32)
def loss(theta, x, y): return (e(theta, x, y) ** 2).mean((-2, -1))
def gradient(theta, x, y):
    r = e(theta, x, y)
    return np.stack([2 * (r * x).mean((-2, -1)), 2 * r.mean((-2, -1))], -1)
def hvp(theta, x, y, v): return gradient(v, x, 0 * y)
