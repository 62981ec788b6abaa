"""Two kernels of width 3 over six inputs, tanh, mean pooling.

MISTAKE gradient | kernel, kbias | mean pooling's 1/M is missing
    np.repeat(dpool[:, None, :], M, axis=1) / M  ->  np.repeat(dpool[:, None, :], M, axis=1)
    says factor: 4 times what it should be
MISTAKE gradient | kernel | kernel gradient flipped: convolution for correlation
    return np.concatenate([gk.ravel(),  ->  return np.concatenate([gk[:, ::-1].ravel(),
    says order: the right numbers in another order
"""

import numpy as np

N, w, C = 6, 3, 2
M = N - w + 1
d_in, d_out = N, 1
blocks = [("kernel", (C, w)), ("kbias", (C,)), ("V", (C, 1)), ("c", (1,))]
n_params = C * w + C + C + 1

def unpack(t):
    k, kb, V, c = np.split(t, np.cumsum([C * w, C, C]))
    return k.reshape(C, w), kb, V[:, None], c

def windows(x):
    return np.stack([x[:, i:i + w] for i in range(M)], axis=1)       # (K, M, w)

def forward(theta, x):
    k, kb, V, c = unpack(theta)
    a = np.tanh(windows(x) @ k.T + kb)                               # (K, M, C)
    pooled = a.mean(axis=1)
    return a, pooled, pooled @ V + c

def loss(theta, x, y):
    return ((forward(theta, x)[2] - y) ** 2).mean()

def gradient(theta, x, y):
    k, kb, V, c = unpack(theta)
    a, pooled, f = forward(theta, x)
    d = 2 * (f - y) / len(x)
    dpool = d @ V.T
    da = np.repeat(dpool[:, None, :], M, axis=1) / M
    dz = da * (1 - a ** 2)
    gk = np.einsum("kmc,kmw->cw", dz, windows(x))
    return np.concatenate([gk.ravel(), dz.sum((0, 1)), (pooled.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
