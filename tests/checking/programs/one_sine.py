"""One sine with learned amplitude, frequency and phase, all tasks at once."""

import numpy as np

n_params = 3
d_in = d_out = 1
blocks = [("amplitude", (1,)), ("frequency", (1,)), ("phase", (1,))]

def _terms(theta, x, y):
    A, w, p = theta[..., 0:1], theta[..., 1:2], theta[..., 2:3]
    u = w * x[..., 0] + p
    return A, x[..., 0], np.sin(u), np.cos(u), A * np.sin(u) - y[..., 0]

def loss(theta, x, y):
    return (_terms(theta, x, y)[-1] ** 2).mean(-1)

def gradient(theta, x, y):
    A, x, s, c, e = _terms(theta, x, y)
    return 2 * np.stack([(e * s).mean(-1), (e * A * c * x).mean(-1), (e * A * c).mean(-1)], -1)

def hvp(theta, x, y, v):
    A, x, s, c, e = _terms(theta, x, y)
    a, w, p = v[..., 0:1], v[..., 1:2], v[..., 2:3]
    du = w * x + p
    de = a * s + A * c * du
    h0 = de * s + e * c * du
    h2 = de * A * c + e * (a * c - A * s * du)
    return 2 * np.stack([h0.mean(-1), (h2 * x).mean(-1), h2.mean(-1)], -1)
