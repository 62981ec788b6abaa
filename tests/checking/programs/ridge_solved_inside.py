"""Unusual: the read-out is solved for inside; at its minimum only θ's direct share counts.

MISTAKE gradient | logstrength | derivative in s given for that in log s
    [s * (w @ w)]  ->  [w @ w]
"""

import numpy as np

d_in = d_out = 1
n_params = 5
blocks = [("freq", (2,)), ("phase", (2,)), ("logstrength", (1,))]
theta = np.array([0.8, 1.9, 0.2, -0.5, -0.3])

def solve(theta, x, y):
    u = x * theta[:2] + theta[2:4]
    A = np.sin(u)
    s = np.exp(theta[4])
    M = A.T @ A + s * np.eye(2)
    w = np.linalg.solve(M, A.T @ y[:, 0])
    return u, A, s, M, w

def loss(theta, x, y):
    u, A, s, M, w = solve(theta, x, y)
    r = A @ w - y[:, 0]
    return r @ r + s * w @ w

def gradient(theta, x, y):
    # at the minimum in w only the direct dependence counts (envelope theorem)
    u, A, s, M, w = solve(theta, x, y)
    r = A @ w - y[:, 0]
    dA = 2 * np.outer(r, w) * np.cos(u)
    return np.concatenate([(dA * x).sum(0), dA.sum(0), [s * (w @ w)]])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
