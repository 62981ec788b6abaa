"""Mean and log-variance are both linear in x.

MISTAKE Hessian × vector | mean | the mixed second derivative is missing in one row
    hm = q * vm - e * q * vs  ->  hm = q * vm
"""

import numpy as np

d_in = d_out = 1
n_params = 4
blocks = [("mean", (2,)), ("logvar", (2,))]

def heads(theta, x):
    t = theta[..., None, :]
    mu = t[..., 0] * x[..., 0] + t[..., 1]
    s = t[..., 2] * x[..., 0] + t[..., 3]
    return mu, s

def loss(theta, x, y):
    mu, s = heads(theta, x)
    return (0.5 * s + 0.5 * (y[..., 0] - mu) ** 2 * np.exp(-s)).mean(-1)

def gradient(theta, x, y):
    mu, s = heads(theta, x)
    e = mu - y[..., 0]
    dmu = e * np.exp(-s)
    ds = 0.5 - 0.5 * e ** 2 * np.exp(-s)
    x0 = x[..., 0]
    return np.stack([(dmu * x0).mean(-1), dmu.mean(-1), (ds * x0).mean(-1), ds.mean(-1)], -1)

def hvp(theta, x, y, v):
    mu, s = heads(theta, x)
    vm, vs = heads(v, x)
    e, q = mu - y[..., 0], np.exp(-s)
    hm = q * vm - e * q * vs
    hs = -e * q * vm + 0.5 * e ** 2 * q * vs
    x0 = x[..., 0]
    return np.stack([(hm * x0).mean(-1), hm.mean(-1), (hs * x0).mean(-1), hs.mean(-1)], -1)
