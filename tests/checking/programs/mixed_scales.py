"""One parameter near 1e5, one near 1e-5. Unusual: mixed scales, 1e5 and 1e-5."""
import numpy as np

n_params = 2
blocks = [("big", (1,)), ("small", (1,))]
theta = np.array([1.5e5, 0.7e-5])

def f(theta, x):
    return theta[..., :1] * theta[..., 1:] * x[..., 0] + 1e5 * theta[..., 1:]

def loss(theta, x, y):
    return ((f(theta, x) - y[..., 0]) ** 2).mean(-1)

def gradient(theta, x, y):
    d = 2 * (f(theta, x) - y[..., 0])
    big, small = theta[..., :1], theta[..., 1:]
    return np.stack([(d * small * x[..., 0]).mean(-1), (d * (big * x[..., 0] + 1e5)).mean(-1)], -1)

def hvp(theta, x, y, v):
    d = 2 * (f(theta, x) - y[..., 0])
    big, small, p, q, X = theta[..., :1], theta[..., 1:], v[..., :1], v[..., 1:], x[..., 0]
    dd = 2 * (small * X * p + (big * X + 1e5) * q)
    return np.stack([(dd * small * X + d * q * X).mean(-1),
            (dd * (big * X + 1e5) + d * p * X).mean(-1)], -1)
