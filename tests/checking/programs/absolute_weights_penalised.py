"""A tanh layer with the sum of |W| as a penalty: np.abs drops the imaginary part.

SAYS drops the imaginary part (np.abs)
MISTAKE gradient | W | |W| stands where its derivative belongs
    0.1 * np.sign(W)  ->  0.1 * np.abs(W)
"""

import numpy as np

d_in, d_out, n_params = 3, 2, 8
blocks = [("W", (3, 2)), ("b", (2,))]

def unpack(theta):
    return theta[:6].reshape(3, 2), theta[6:]

def loss(theta, x, y):
    W, b = unpack(theta)
    return np.mean((np.tanh(x @ W + b) - y) ** 2) + 0.1 * np.abs(W).sum()

def gradient(theta, x, y):
    W, b = unpack(theta)
    a = np.tanh(x @ W + b)
    d = 2 * (a - y) * (1 - a ** 2) / y.size
    return np.append(x.T @ d + 0.1 * np.sign(W), d.sum(0))

def hvp(theta, x, y, v):
    (W, b), (V, c) = unpack(theta), unpack(v)
    a, z_dot = np.tanh(x @ W + b), x @ V + c
    curvature = (1 - a ** 2) ** 2 - 2 * (a - y) * a * (1 - a ** 2)
    d = 2 * curvature * z_dot / y.size
    return np.append(x.T @ d, d.sum(0))
