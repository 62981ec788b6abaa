"""A tanh network and the error's size cubed, whose sign a gradient may lose.

MISTAKE gradient | W, b, u | the sign of the error is lost, which y of 0 or 1 would hide
    d = 3 * e * np.abs(e) / y.size  ->  d = 3 * e * e / y.size
"""

import numpy as np

d_in, d_out, n_params = 2, 1, 12
blocks = [("W", (2, 3)), ("b", (3,)), ("u", (3, 1))]

def parts(theta):
    return theta[:6].reshape(2, 3), theta[6:9], theta[9:].reshape(3, 1)

def loss(theta, x, y):
    W, b, u = parts(theta)
    return np.mean(np.abs(np.tanh(x @ W + b) @ u - y) ** 3)

def gradient(theta, x, y):
    W, b, u = parts(theta)
    a = np.tanh(x @ W + b)
    e = a @ u - y
    d = 3 * e * np.abs(e) / y.size
    dz = d @ u.T * (1 - a ** 2)
    return np.concatenate([(x.T @ dz).ravel(), dz.sum(0), (a.T @ d).ravel()])

def hvp(theta, x, y, v):
    W, b, u = parts(theta)
    V, c, w = parts(v)
    a = np.tanh(x @ W + b)
    e = a @ u - y
    slope = 1 - a ** 2
    a_dot = slope * (x @ V + c)
    e_dot = a_dot @ u + a @ w
    d, d_dot = 3 * e * np.abs(e) / y.size, 6 * np.abs(e) * e_dot / y.size
    dz_dot = (d_dot @ u.T + d @ w.T) * slope - 2 * (d @ u.T) * a * a_dot
    return np.concatenate([(x.T @ dz_dot).ravel(), dz_dot.sum(0),
                           (a_dot.T @ d + a.T @ d_dot).ravel()])
