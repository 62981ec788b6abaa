"""Reptile written with lists. Unusual: reptile returns a list.

MISTAKE reptile | every block | w is not reset: each task starts where the last one ended, all
    measured from theta
-     moves = []
+     moves = []
+     w = [float(t) for t in theta]
=
-         w = [float(t) for t in theta]
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

def hvp(theta, x, y, v):
    A, x, s, c, e = _terms(theta, x, y)
    a, w, p = v[..., 0:1], v[..., 1:2], v[..., 2:3]
    du = w * x + p
    de = a * s + A * c * du
    h0 = de * s + e * c * du
    h2 = de * A * c + e * (a * c - A * s * du)
    return 2 * np.stack([h0.mean(-1), (h2 * x).mean(-1), h2.mean(-1)], -1)

def reptile(theta, batch, alpha, steps):
    moves = []
    for x, y in zip(batch.x_support, batch.y_support):
        w = [float(t) for t in theta]
        for _ in range(steps):
            g = gradient(np.array(w), x, y)
            w = [wi - alpha * gi for wi, gi in zip(w, g)]
        moves.append([t - wi for t, wi in zip(theta, w)])
    return [sum(column) / len(moves) for column in zip(*moves)]
