"""Two Gaussians with means linear in x, learned weights and scales.

MISTAKE gradient | logsd | the normalising constant's -1 is missing in the log-scale
    gls = -(r * (u ** 2 - 1)).mean(0)  ->  gls = -(r * u ** 2).mean(0)
    says own variables: what is missing is r.sum(axis=0) / len(x)
MISTAKE gradient | logits | r in place of r - π: the weights' normalisation is left out
    glogits = -(r - np.exp(logpi)).mean(0)  ->  glogits = -r.mean(0)
MISTAKE gradient | slopes, offsets | prior weights in place of responsibilities
    dmu = -r * u * np.exp(-ls)  ->  dmu = -np.exp(logpi) * u * np.exp(-ls)
"""

import numpy as np

d_in = d_out = 1
n_params = 8
blocks = [("logits", (2,)), ("slopes", (2,)), ("offsets", (2,)), ("logsd", (2,))]

def parts(theta, x, y):
    lg, a, b, ls = theta[:2], theta[2:4], theta[4:6], theta[6:]
    logpi = lg - np.log(np.exp(lg).sum())
    u = (y - (x * a + b)) * np.exp(-ls)          # (K, 2)
    return logpi, u, ls, logpi - ls - 0.5 * u ** 2

def loss(theta, x, y):
    lp = parts(theta, x, y)[-1]
    return -np.log(np.exp(lp).sum(axis=1)).mean()

def gradient(theta, x, y):
    logpi, u, ls, lp = parts(theta, x, y)
    r = np.exp(lp)
    r = r / r.sum(axis=1, keepdims=True)         # responsibilities
    glogits = -(r - np.exp(logpi)).mean(0)
    dmu = -r * u * np.exp(-ls)
    gls = -(r * (u ** 2 - 1)).mean(0)
    return np.concatenate([glogits, (dmu * x).mean(0), dmu.mean(0), gls])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
