"""Damped oscillation A exp(-k x) cos(w x + p), physics style, x positive.

MISTAKE gradient | w | inner factor x missing in the frequency
-                      np.mean(-e * A * x * env * s),
+                      np.mean(-e * A * env * s),
"""
import numpy as np
import tinymeta as tm

n_params = 4
d_in = d_out = 1
blocks = [("A", (1,)), ("k", (1,)), ("w", (1,)), ("p", (1,))]
theta = np.array([1.3, 0.4, 2.0, 0.3])
rng = np.random.default_rng(1)
def draw(n):
    x = rng.uniform(0, 3, (3, n, 1))
    return x, np.exp(-0.3 * x) * np.cos(2.2 * x) + 0.1 * rng.normal(size=x.shape)
batch = tm.Batch(*draw(8), *draw(10))

def loss(theta, x, y):
    A, k, w, p = theta
    return np.mean((A * np.exp(-k * x) * np.cos(w * x + p) - y) ** 2)

def gradient(theta, x, y):
    A, k, w, p = theta
    env = np.exp(-k * x)
    c, s = np.cos(w * x + p), np.sin(w * x + p)
    e = 2 * (A * env * c - y)
    return np.array([np.mean(e * env * c),
                     np.mean(-e * A * x * env * c),
                     np.mean(-e * A * x * env * s),
                     np.mean(-e * A * env * s)])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
