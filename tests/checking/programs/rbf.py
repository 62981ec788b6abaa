"""Radial basis functions with learned centres and widths.

MISTAKE gradient | logwidth | 1/width^2 is missing in the width's gradient
-     gs = (dP * r2 * np.exp(-2 * s)).sum(0)
+     gs = (dP * r2).sum(0)

MISTAKE gradient | centres | sign of the centres' gradient |
    the sign is flipped
-     gc = np.einsum("km,kmi->mi", dP * np.exp(-2 * s), diff)
+     gc = np.einsum("km,kmi->mi", dP * np.exp(-2 * s), -diff)
"""
import numpy as np

m = 3
d_in, d_out = 2, 1
n_params = m + 2 * m + m
blocks = [("weights", (m,)), ("centres", (m, 2)), ("logwidth", (m,))]

def unpack(t):
    return t[:m], t[m:3 * m].reshape(m, 2), t[3 * m:]

def phi(theta, x):
    w, c, s = unpack(theta)
    diff = x[:, None, :] - c                       # (K, m, 2)
    r2 = (diff ** 2).sum(-1)
    return diff, r2, np.exp(-0.5 * r2 * np.exp(-2 * s))

def loss(theta, x, y):
    return ((phi(theta, x)[2] @ theta[:m] - y[:, 0]) ** 2).mean()

def gradient(theta, x, y):
    w, c, s = unpack(theta)
    diff, r2, P = phi(theta, x)
    d = 2 * (P @ w - y[:, 0]) / len(x)
    dP = np.outer(d, w) * P                        # (K, m)
    gc = np.einsum("km,kmi->mi", dP * np.exp(-2 * s), diff)
    gs = (dP * r2 * np.exp(-2 * s)).sum(0)
    return np.concatenate([d @ P, gc.ravel(), gs])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
