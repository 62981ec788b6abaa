"""Squared error + l1 |w| + l2 w², the constant is free.

SAYS drops the imaginary part (np.abs)
MISTAKE gradient | w | |w|'s derivative given as w, not sign(w)
    l1 * np.sign(w)  ->  l1 * w
"""

import numpy as np

d_in, d_out = 4, 1
n_params = 5
blocks = [("w", (4,)), ("b", (1,))]
l1, l2 = 0.2, 0.1
theta = np.array([0.5, -0.8, 1.1, -0.3, 0.2])

def loss(theta, x, y):
    w, b = theta[:4], theta[4]
    r = x @ w + b - y[:, 0]
    return 0.5 * np.mean(r ** 2) + l1 * np.abs(w).sum() + l2 * np.sum(w ** 2)

def gradient(theta, x, y):
    w, b = theta[:4], theta[4]
    r = x @ w + b - y[:, 0]
    gw = x.T @ r / len(r) + l1 * np.sign(w) + 2 * l2 * w
    return np.append(gw, r.mean())

def hvp(theta, x, y, v):
    rv = x @ v[:4] + v[4]
    return np.append(x.T @ rv / len(x) + 2 * l2 * v[:4], rv.mean())
