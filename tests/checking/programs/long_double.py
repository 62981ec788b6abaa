"""Unusual: computed in long double, returned as such."""

import numpy as np

n_params, d_in, d_out = 3, 1, 1
blocks = [("a", (3,))]
LD = np.longdouble

def ext(t):
    return np.asarray(t, dtype=np.clongdouble if np.iscomplexobj(t) else LD)

def loss(theta, x, y):
    a, x, y = ext(theta), ext(x)[:, 0], ext(y)[:, 0]
    return ((a[0] + a[1] * np.tanh(a[2] * x) - y) ** 2).mean()

def gradient(theta, x, y):
    a, x, y = ext(theta), ext(x)[:, 0], ext(y)[:, 0]
    t = np.tanh(a[2] * x)
    d = 2 * (a[0] + a[1] * t - y) / LD(len(x))
    return np.array([d.sum(), (d * t).sum(), (d * a[1] * (1 - t * t) * x).sum()])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
