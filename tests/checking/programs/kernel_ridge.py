"""Kernel ridge regression on five inducing points, penalty lam * c' Kzz c.

MISTAKE gradient | every block | the 2 of the quadratic penalty is missing
-     return 2 * Kx.T @ r / len(x) + 2 * lam * Kzz @ theta
+     return 2 * Kx.T @ r / len(x) + lam * Kzz @ theta

MISTAKE gradient | every block | penalty's gradient lam c, the kernel matrix is missing
-     return 2 * Kx.T @ r / len(x) + 2 * lam * Kzz @ theta
+     return 2 * Kx.T @ r / len(x) + 2 * lam * theta
"""
import numpy as np

Z = np.linspace(-2, 2, 5)
lam = 0.1
d_in = d_out = 1
n_params = 5
blocks = [("coef", (5,))]

def kern(a, b):
    return np.exp(-0.5 * (a[:, None] - b[None, :]) ** 2)

Kzz = kern(Z, Z)

def loss(theta, x, y):
    r = kern(x[:, 0], Z) @ theta - y[:, 0]
    return r @ r / len(x) + lam * theta @ Kzz @ theta

def gradient(theta, x, y):
    Kx = kern(x[:, 0], Z)
    r = Kx @ theta - y[:, 0]
    return 2 * Kx.T @ r / len(x) + 2 * lam * Kzz @ theta

def hvp(theta, x, y, v):
    Kx = kern(x[:, 0], Z)
    return 2 * Kx.T @ (Kx @ v) / len(x) + 2 * lam * Kzz @ v
