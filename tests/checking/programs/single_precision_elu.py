"""A network of ELU in single precision, of α = 1.001: mistakes of a thousandth are seen.

SAYS single precision: judged by what that can hold; use double
MISTAKE gradient | W | α is left out of the slope
    np.outer(d, u) * slope  ->  np.outer(d, u) * np.where(a > 0, f4(1), slope / alpha)
MISTAKE Hessian × vector | W | α is left out of the curvature
    np.where(a > 0, f4(0), slope)  ->  np.where(a > 0, f4(0), slope / alpha)
"""
import numpy as np

f4 = np.float32
alpha = f4(1.001)
n_params = 8
blocks = [("W", (4,)), ("u", (4,))]


def forward(theta, x, y):
    t = theta.astype(f4)
    z = x.astype(f4) * t[:4]
    below = alpha * np.exp(np.minimum(z, f4(0)))
    a = np.where(z > 0, z, below - alpha)
    return a, np.where(z > 0, f4(1), below), t[4:], a @ t[4:] - y[:, 0].astype(f4)


def loss(theta, x, y):
    return np.mean(forward(theta, x, y)[3] ** 2)


def gradient(theta, x, y):
    a, slope, u, e = forward(theta, x, y)
    d = e * f4(2 / len(x))
    return np.concatenate([x[:, 0].astype(f4) @ (np.outer(d, u) * slope), d @ a])


def hvp(theta, x, y, v):
    a, slope, u, e = forward(theta, x, y)
    v, x = v.astype(f4), x.astype(f4)
    d, dz = e * f4(2 / len(x)), x * v[:4]
    c = (slope * dz @ u + a @ v[4:]) * f4(2 / len(x))
    curve = np.where(a > 0, f4(0), slope)
    rows = (np.outer(c, u) + np.outer(d, v[4:])) * slope + np.outer(d, u) * curve * dz
    return np.concatenate([x[:, 0] @ rows, d @ (slope * dz) + c @ a])
