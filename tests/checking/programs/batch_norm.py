"""Batch norm (statistics of the data set that is passed in), then tanh.

MISTAKE gradient | W1 | variance taken as constant in the backward pass
-     dz = istd / K * (K * dn - dn.sum(0) - n * (dn * n).sum(0))
+     dz = istd / K * (K * dn - dn.sum(0))

MISTAKE gradient | W1 | K - 1 on the way back where the forward pass divides by K
-     dz = istd / K * (K * dn - dn.sum(0) - n * (dn * n).sum(0))
+     dz = istd / (K - 1) * ((K - 1) * dn - dn.sum(0) - n * (dn * n).sum(0))
"""
import numpy as np

d_in, d_out, h = 2, 1, 3
blocks = [("W1", (2, h)), ("gain", (h,)), ("shift", (h,)), ("W2", (h, 1)), ("b2", (1,))]
n_params = 2 * h + h + h + h + 1

def unpack(t):
    return t[:2 * h].reshape(2, h), t[2 * h:3 * h], t[3 * h:4 * h], t[4 * h:5 * h].reshape(h,
            1), t[5 * h:]

def forward(theta, x):
    W1, g, s, W2, b2 = unpack(theta)
    z = x @ W1
    var = ((z - z.mean(0)) ** 2).mean(0)
    istd = 1 / np.sqrt(var + 1e-2)
    n = (z - z.mean(0)) * istd
    a = np.tanh(n * g + s)
    return n, istd, a, a @ W2 + b2

def loss(theta, x, y):
    return ((forward(theta, x)[-1] - y) ** 2).mean()

def gradient(theta, x, y):
    W1, g, s, W2, b2 = unpack(theta)
    n, istd, a, f = forward(theta, x)
    K = len(x)
    d = 2 * (f - y) / K
    du = (d @ W2.T) * (1 - a ** 2)
    dn = du * g
    dz = istd / K * (K * dn - dn.sum(0) - n * (dn * n).sum(0))
    return np.concatenate([(x.T @ dz).ravel(), (du * n).sum(0), du.sum(0), (a.T @ d).ravel(),
            d.sum(0)])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
