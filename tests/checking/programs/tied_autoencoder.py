"""W encodes x and its transpose decodes it; y is what it should answer.

MISTAKE gradient | W | W is used twice, the decoder's share is missing
    gW = gW + d.T @ code  ->  pass
    says own variables: what is missing is d.T @ code
"""

import numpy as np

d_in, d_out, h = 3, 3, 2
n_params = 3 * h + h + 3
blocks = [("W", (3, h)), ("b", (h,)), ("c", (3,))]

def split(theta):
    return theta[:3 * h].reshape(3, h), theta[3 * h:4 * h], theta[4 * h:]

def loss(theta, x, y):
    W, b, c = split(theta)
    code = np.tanh(x @ W + b)
    return ((code @ W.T + c - y) ** 2).mean()

def gradient(theta, x, y):
    W, b, c = split(theta)
    code = np.tanh(x @ W + b)
    out = code @ W.T + c
    d = 2 * (out - y) / out.size
    dz = (d @ W) * (1 - code ** 2)
    gW = x.T @ dz
    gW = gW + d.T @ code
    return np.concatenate([gW.ravel(), dz.sum(0), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
