"""|sin(1e5 θ x) - y|: the usual step is too long.  H v is not 0.

FAIL Hessian × vector | theta | ✓ gradient; central differences with steps that fit f; all zeros
"""
import numpy as np
n_params = 1
theta = np.array([0.7])
def loss(theta, x, y): return np.abs(np.sin(1e5 * theta[..., None] * x) - y).mean((-2, -1))
def gradient(theta, x, y):
    a = 1e5 * theta[..., None] * x
    return (np.sign(np.sin(a) - y) * np.cos(a) * 1e5 * x).mean(-2)
def hvp(theta, x, y, v): return 0 * v
