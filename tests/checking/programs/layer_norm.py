"""Normalised over the hidden units, then tanh.

MISTAKE gradient | W1, b1 | standard deviation taken as constant
    True) - n * (dn * n).mean(1, keepdims=True)) / sd  ->  True)) / sd
MISTAKE gradient | W1, b1 | gain is missing on the way back
    dn = du * g  ->  dn = du
MISTAKE gradient | gain | gain's gradient multiplies the activation, not the normalised value
    (du * n).sum(0)  ->  (du * a).sum(0)
"""

import numpy as np

d_in, d_out, h = 1, 1, 3
n_params = 5 * h + 1
blocks = [("W1", (1, h)), ("b1", (h,)), ("gain", (h,)), ("shift", (h,)), ("W2", (h, 1)),
          ("b2", (1,))]
cuts = np.cumsum([h, h, h, h, h])

def unpack(t):
    W1, b1, g, s, W2, b2 = np.split(t, cuts)
    return W1.reshape(1, h), b1, g, s, W2.reshape(h, 1), b2

def forward(theta, x):
    W1, b1, g, s, W2, b2 = unpack(theta)
    z = x @ W1 + b1
    mu = z.mean(axis=1, keepdims=True)
    sd = np.sqrt(((z - mu) ** 2).mean(axis=1, keepdims=True) + 1e-3)
    n = (z - mu) / sd
    a = np.tanh(g * n + s)
    return n, sd, a, a @ W2 + b2

def loss(theta, x, y):
    return np.mean((forward(theta, x)[-1] - y) ** 2)

def gradient(theta, x, y):
    W1, b1, g, s, W2, b2 = unpack(theta)
    n, sd, a, f = forward(theta, x)
    d = 2 * (f - y) / len(x)
    du = (d @ W2.T) * (1 - a ** 2)
    dn = du * g
    dz = (dn - dn.mean(1, keepdims=True) - n * (dn * n).mean(1, keepdims=True)) / sd
    return np.concatenate([(x.T @ dz).ravel(), dz.sum(0), (du * n).sum(0), du.sum(0),
                           (a.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
