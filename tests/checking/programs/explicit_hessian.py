"""One sine, H v through the whole Hessian.

MISTAKE Hessian × vector | phase | one entry of the explicit Hessian wrong: not symmetric
    [ap, pp * x0, pp]  ->  [ap, pp * x0 ** 2, pp]
"""

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

def hessian(theta, x, y):
    A, x0, s, c, e = _terms(theta, x, y)
    aa, aw, ap = s * s, s * A * c * x0 + e * c * x0, s * A * c + e * c
    pp = (A * c) ** 2 - e * A * s
    rows = [aa, aw, ap], [aw, pp * x0 ** 2, pp * x0], [ap, pp * x0, pp]
    return 2 * np.stack([np.stack(row, -1) for row in rows], -2).mean(-3)

def hvp(theta, x, y, v):
    return (hessian(theta, x, y) @ v[..., None])[..., 0]
