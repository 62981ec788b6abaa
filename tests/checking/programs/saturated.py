"""Targets clipped: np.clip on the answer, most examples saturate. Unusual: np.clip: flat
regions.
"""
import numpy as np

n_params, d_in, d_out = 2, 1, 1
blocks = [("gain", (1,)), ("bias", (1,))]
theta = np.array([2.5, 0.3])

def raw(theta, x): return theta[0] * x[:, 0] + theta[1]

def loss(theta, x, y):
    return np.mean((np.clip(raw(theta, x), -1, 1) - y[:, 0]) ** 2) + 0.01 * theta @ theta

def gradient(theta, x, y):
    z = raw(theta, x)
    d = 2 * (np.clip(z, -1, 1) - y[:, 0]) * (np.abs(z) < 1) / len(x)
    return np.array([d @ x[:, 0], d.sum()]) + 0.02 * theta

def hvp(theta, x, y, v):
    z = raw(theta, x)
    d = 2 * (v[0] * x[:, 0] + v[1]) * (np.abs(z) < 1) / len(x)
    return np.array([d @ x[:, 0], d.sum()]) + 0.02 * v
