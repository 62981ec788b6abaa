"""Huber's loss by np.abs: the complex step cannot follow, central differences can.

PASS | f drops the imaginary part (np.abs); central differences decide
"""
import numpy as np
n_params = 2
def e(t, x, y): return t[..., :1, None] * x + t[..., 1:, None] - y
def loss(theta, x, y):
    r = e(theta, x, y)
    return np.where(np.abs(r) < 1, 0.5 * r ** 2, np.abs(r) - 0.5).mean((-2, -1))
def gradient(theta, x, y):
    s = np.clip(e(theta, x, y).real, -1, 1)
    return np.stack([(s * x).mean((-2, -1)), s.mean((-2, -1))], -1)
def hvp(theta, x, y, v):
    h = (np.abs(e(theta, x, y)) < 1) * (v[..., :1, None] * x + v[..., 1:, None])
    return np.stack([(h * x).mean((-2, -1)), h.mean((-2, -1))], -1)
