"""A Gaussian by its Cholesky factor; unusual: x is not used.

SAYS the loss does not look at x
MISTAKE gradient | below | entry below the diagonal sees the wrong coordinate
    np.mean(u1 * e[:, 0])])  ->  np.mean(u1 * e[:, 1])])
"""

import numpy as np

d_in, d_out = 1, 2
n_params = 5
blocks = [("mean", (2,)), ("logdiag", (2,)), ("below", (1,))]

def whiten(theta, y):
    m, (p, q), c = theta[:2], np.exp(theta[2:4]), theta[4]
    e = y - m
    u0 = e[:, 0] * p
    u1 = c * e[:, 0] + q * e[:, 1]
    return e, p, q, c, u0, u1

def loss(theta, x, y):
    e, p, q, c, u0, u1 = whiten(theta, y)
    return np.mean(0.5 * (u0 ** 2 + u1 ** 2)) - theta[2] - theta[3]

def gradient(theta, x, y):
    e, p, q, c, u0, u1 = whiten(theta, y)
    return np.array([-np.mean(u0 * p + u1 * c), -np.mean(u1 * q),
                     np.mean(u0 ** 2) - 1, np.mean(u1 * q * e[:, 1]) - 1, np.mean(u1 * e[:, 0])])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
