"""Counts with rate softplus(f): Poisson likelihood, f linear in x.

MISTAKE gradient | every block | derivative of the softplus link is missing
-     d = (1 - y[:, 0] / rate) * link / len(x)
+     d = (1 - y[:, 0] / rate) / len(x)

MISTAKE gradient | every block | canonical link's rate - y where 1 - y/rate is right
-     d = (1 - y[:, 0] / rate) * link / len(x)
+     d = (rate - y[:, 0]) * link / len(x)
"""
import numpy as np
import tinymeta as tm

d_in, d_out = 2, 1
n_params = 3
blocks = [("w", (2,)), ("b", (1,))]
theta = np.array([0.4, -0.3, 0.7])
rng = np.random.default_rng(8)
def _d(K): return rng.normal(size=(3, K, 2)), rng.poisson(2.0, size=(3, K, 1)).astype(float)
batch = tm.Batch(*_d(6), *_d(5))

def linear(theta, x):
    return x @ theta[:2] + theta[2]

def loss(theta, x, y):
    rate = np.log(1 + np.exp(linear(theta, x)))
    return (rate - y[:, 0] * np.log(rate)).mean()

def gradient(theta, x, y):
    f = linear(theta, x)
    rate = np.log(1 + np.exp(f))
    link = 1 / (1 + np.exp(-f))
    d = (1 - y[:, 0] / rate) * link / len(x)
    return np.append(x.T @ d, d.sum())

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
