"""A tanh network 2-3-2, all tasks at once.

MISTAKE gradient | W1 | W1's gradient is flattened column by column
    flat(T(x) @ d1)  ->  flat(np.swapaxes(T(x) @ d1, -1, -2))
    says transposed: transposed
MISTAKE gradient | b1 | bias gradient of the first example only
    flat(T(x) @ d1), d1.sum(-2)  ->  flat(T(x) @ d1), d1[..., 0, :]
    says example: example 0 of 5 alone counts (counted from 0)
MISTAKE gradient | W1, b1 | tanh' taken at the activation: 1 - tanh(a)^2
    * (1 - a ** 2)  ->  * (1 - np.tanh(a) ** 2)
    says term: φ' is taken at a_l in place of z_l
"""

import numpy as np

d_in, d_out = 2, 2
blocks = [("W1", (2, 3)), ("b1", (3,)), ("W2", (3, 2)), ("b2", (2,))]
sizes = [6, 3, 6, 2]
n_params = sum(sizes)
ends = np.cumsum(sizes)
T = lambda m: np.swapaxes(m, -1, -2)

def split(theta):
    lead = theta.shape[:-1]
    parts = np.split(theta, ends[:-1], axis=-1)
    W1, W2 = parts[0].reshape(lead + (2, 3)), parts[2].reshape(lead + (3, 2))
    return W1, parts[1][..., None, :], W2, parts[3][..., None, :]

def forward(theta, x):
    W1, b1, W2, b2 = split(theta)
    a = np.tanh(x @ W1 + b1)
    return a, a @ W2 + b2

def loss(theta, x, y):
    return ((forward(theta, x)[1] - y) ** 2).mean((-1, -2))

def flat(m):
    return m.reshape(m.shape[:-2] + (-1,))

def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    a, f = forward(theta, x)
    d = 2 * (f - y) / (f.shape[-1] * f.shape[-2])
    d1 = (d @ T(W2)) * (1 - a ** 2)
    return np.concatenate([flat(T(x) @ d1), d1.sum(-2), flat(T(a) @ d), d.sum(-2)], axis=-1)

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
