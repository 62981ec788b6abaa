"""A residual block, h2 = h1 + tanh(h1 W2 + b2).

MISTAKE gradient | W1 | the skip connection's share is missing
    dh1 = dh2 + dr @ W2.T  ->  dh1 = dr @ W2.T
    says own variables: W1: what is missing is x.T @ (dh2 * (1 - h1 ** 2))
MISTAKE gradient | W2 | block weights see the sum h2, not the block's input h1
    grads = [x.T @ dz1, h1.T @ dr,  ->  grads = [x.T @ dz1, h2.T @ dr,
    says own variables: the right numbers are h1.T @ dr; these are h2.T @ dr
"""

import numpy as np

d_in, d_out, h = 1, 1, 2
blocks = [("W1", (1, h)), ("W2", (h, h)), ("b2", (h,)), ("W3", (h, 1)), ("b3", (1,))]
n_params = h + h * h + h + h + 1

def unpack(t):
    out, i = [], 0
    for _, s in blocks:
        n = int(np.prod(s))
        out.append(t[i:i + n].reshape(s)); i += n
    return out

def forward(theta, x):
    W1, W2, b2, W3, b3 = unpack(theta)
    h1 = np.tanh(x @ W1)
    r = np.tanh(h1 @ W2 + b2)
    h2 = h1 + r
    return h1, r, h2, h2 @ W3 + b3

def loss(theta, x, y):
    return ((forward(theta, x)[3] - y) ** 2).mean()

def gradient(theta, x, y):
    W1, W2, b2, W3, b3 = unpack(theta)
    h1, r, h2, out = forward(theta, x)
    d = 2 * (out - y) / len(x)
    dh2 = d @ W3.T
    dr = dh2 * (1 - r ** 2)
    dh1 = dh2 + dr @ W2.T
    dz1 = dh1 * (1 - h1 ** 2)
    grads = [x.T @ dz1, h1.T @ dr, dr.sum(0), h2.T @ d, d.sum(0)]
    return np.concatenate([g.reshape(-1) for g in grads])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
