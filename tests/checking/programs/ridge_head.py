"""The features are learned, the head is a ridge regression.

MISTAKE meta_gradient at 1 step | W, b | dA = dF'F + F'dF: one of the two is dropped
    r = ys[:, 0] - F @ h  ->  r = ys[:, 0]
MISTAKE meta_gradient at 1 step | W, b | 1/K of the support set is missing in the part through the solve
    np.outer(F @ lagrange, h)) / len(xs)  ->  np.outer(F @ lagrange, h))
"""
import numpy as np

n = 4
d_in, d_out = 1, 1
blocks = [("W", (1, n)), ("b", (n,)), ("head", (n,))]
n_params = 3 * n
lam = 0.3

def split(t):
    return t[:n].reshape(1, n), t[n:2*n], t[2*n:]

def loss(theta, x, y):
    W, b, h = split(theta)
    return np.mean((np.tanh(x @ W + b) @ h - y[:, 0]) ** 2)

def gradient(theta, x, y):
    W, b, h = split(theta)
    F = np.tanh(x @ W + b)
    e = 2 * (F @ h - y[:, 0]) / len(x)
    d = np.outer(e, h) * (1 - F ** 2)
    return np.concatenate([(x.T @ d).ravel(), d.sum(0), F.T @ e])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20

def solve(theta, x, y):
    W, b, _ = split(theta)
    F = np.tanh(x @ W + b)
    A = F.T @ F / len(x) + lam * np.eye(n)
    return F, A, np.linalg.solve(A, F.T @ y[:, 0] / len(x))

def adapt(theta, x, y, alpha=None, steps=None):
    """Closed form: the head that minimises the ridge loss on (x, y). No steps."""
    return np.concatenate([theta[:2*n], solve(theta, x, y)[2]])

def meta_gradient(theta, batch, alpha=None, steps=None):
    g = np.zeros(n_params)
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        F, A, h = solve(theta, xs, ys)
        direct = gradient(np.concatenate([theta[:2*n], h]), xq, yq)
        lagrange = np.linalg.solve(A, direct[2*n:])
        r = ys[:, 0] - F @ h
        # h = A^-1 F'y/K, dh = A^-1 (dF' r - F' dF h)/K
        dF = (np.outer(r, lagrange) - np.outer(F @ lagrange, h)) / len(xs)
        d = dF * (1 - F ** 2)
        g[:n] += direct[:n] + (xs.T @ d).ravel()
        g[n:2*n] += direct[n:2*n] + d.sum(0)
    return g / len(batch.x_support)
