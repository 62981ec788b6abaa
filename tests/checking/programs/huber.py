"""Robust line: Huber loss with delta = 0.5.

MISTAKE gradient | every block | outside of delta the slope is delta * sign, not sign
-     psi = np.where(abs(r) < delta, r, delta * np.sign(r.real))
+     psi = np.where(abs(r) < delta, r, np.sign(r.real))

MISTAKE gradient | every block | branches exchanged
-     psi = np.where(abs(r) < delta, r, delta * np.sign(r.real))
+     psi = np.where(abs(r) > delta, r, delta * np.sign(r.real))
"""
import numpy as np

d_in = d_out = 1
n_params = 2
blocks = [("slope", (1,)), ("offset", (1,))]
delta = 0.5

def residual(theta, x, y):
    return theta[0] * x[:, 0] + theta[1] - y[:, 0]

def loss(theta, x, y):
    r = residual(theta, x, y)
    s = np.sign(r.real)
    return np.where(s * r < delta, 0.5 * r * r, delta * (s * r - 0.5 * delta)).mean()

def gradient(theta, x, y):
    r = residual(theta, x, y)
    psi = np.where(abs(r) < delta, r, delta * np.sign(r.real))
    return np.array([(psi * x[:, 0]).mean(), psi.mean()])

def hvp(theta, x, y, v):
    r = residual(theta, x, y)
    inside = abs(r) < delta
    rv = inside * (v[0] * x[:, 0] + v[1])
    return np.array([(rv * x[:, 0]).mean(), rv.mean()])
