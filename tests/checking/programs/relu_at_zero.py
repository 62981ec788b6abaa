"""A ReLU network; unusual: at the file's θ = 0 it is at its kink, and flat.

SAYS W1, b1, W2: derivative 0 at the θ given
MISTAKE gradient | W1, b1, W2 | -7 times, W2 3 times; H v is theirs
    d1 = d @  ->  d1 = -7 * d @
    (T(d) @ a)  ->  3 * (T(d) @ a)
    says factor: -7 times what it should be
    says factor: 3 times what it should be
"""

import numpy as np

n_params = 13
theta = np.zeros(n_params)
blocks = [("W1", (1, 4)), ("b1", (4,)), ("W2", (4, 1)), ("b2", (1,))]

def T(a):
    return np.swapaxes(a, -1, -2)

def forward(t, x):
    W1, b1, W2, b2 = np.split(t[..., None, :], [4, 8, 12], axis=-1)
    z = x @ W1 + b1
    a = z * (z.real > 0)
    return z, W2, a, a @ T(W2) + b2

def loss(theta, x, y):
    return ((forward(theta, x)[3] - y) ** 2).mean((-2, -1))

def gradient(theta, x, y):
    z, W2, a, f = forward(theta, x)
    d = 2 * (f - y) / y.shape[-2]
    d1 = d @ W2 * (z.real > 0)
    gW2 = (T(d) @ a)[..., 0, :]
    return np.concatenate([(T(x) @ d1)[..., 0, :], d1.sum(-2), gW2, d.sum(-2)], -1)

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
