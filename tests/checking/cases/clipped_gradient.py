"""The gradient is clipped to norm 0.5.

FAIL gradient | W1, b1 | its norm is exactly 0.5: clipped?
"""
import numpy as np
n_params = 2
def error(theta, x, y): return theta[..., :1, None] * x + theta[..., 1:, None] - y
def loss(theta, x, y): return (error(theta, x, y) ** 2).mean((-2, -1))
def gradient(theta, x, y):
    e = error(theta, x, y)
    g = np.stack([2 * (e * x).mean((-2, -1)), 2 * e.mean((-2, -1))], -1)
    return g * 0.5 / max(0.5, np.sqrt((g * g).sum()).real)
def hvp(theta, x, y, v): return gradient(v, x, 0 * y)
