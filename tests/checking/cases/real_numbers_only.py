"""Real numbers only, H v by central differences.

PASS | no complex step
"""
import numpy as np
n_params = 2
def f(t, x): return np.tanh(np.asarray(t[..., :1, None], dtype=float) * x) * np.asarray(t[...,
        1:, None], dtype=float)
def loss(theta, x, y): return np.abs(f(theta, x) - y).real.mean((-2, -1)) * 0 + ((f(theta,
        x) - y) ** 2).mean((-2, -1))
def gradient(theta, x, y):
    t = np.asarray(theta, dtype=float); a = np.tanh(t[..., :1, None] * x); r = 2 * (a * t[...,
            1:, None] - y)
    return np.stack([(r * t[..., 1:, None] * (1 - a * a) * x).mean((-2, -1)), (r * a).mean((-2,
            -1))], -1)
def hvp(theta, x, y, v): return (gradient(theta + 1e-5 * v, x, y) - gradient(theta - 1e-5 * v,
        x, y)) / 2e-5
