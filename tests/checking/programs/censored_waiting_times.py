"""Weibull survival; unusual: y is positive, x's last column says what was seen.

MISTAKE gradient | w, b | censored times treated as observed
    du = k * (H - seen)  ->  du = k * (H - 1)
"""

import numpy as np
import tinymeta as tm

d_in, d_out = 2, 1
n_params = 3
blocks = [("w", (1,)), ("b", (1,)), ("logshape", (1,))]
theta = np.array([0.3, -0.2, 0.1])
g = np.random.default_rng(40)
def cohort(k):
    x = g.normal(size=(3, k, 2)); x[..., 1] = np.where(g.random((3, k)) < 0.7, 1, -1)
    return x, g.weibull(1.3, (3, k, 1)) + 0.05
batch = tm.Batch(*cohort(7), *cohort(8))

def terms(theta, x, y):
    k = np.exp(theta[2])
    u = np.log(y[:, 0]) - (theta[0] * x[:, 0] + theta[1])
    return k, u, np.exp(k * u), x[:, 1] > 0

def loss(theta, x, y):
    k, u, H, seen = terms(theta, x, y)
    return np.mean(H - seen * (np.log(k) + k * u))

def gradient(theta, x, y):
    k, u, H, seen = terms(theta, x, y)
    du = k * (H - seen) / len(x)
    return np.array([-(du * x[:, 0]).sum(), -du.sum(), np.mean(H * k * u - seen * (1 + k * u))])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
