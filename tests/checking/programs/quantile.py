"""Quantile regression (pinball loss, tau = 0.8), tanh network.

MISTAKE gradient | every block | tau and 1 - tau exchanged |
    0.25 times what it should be
-     d = -np.where(u.real > 0, tau, tau - 1) / len(x)
+     d = -np.where(u.real > 0, 1 - tau, -tau) / len(x)

MISTAKE gradient | every block | left branch has the wrong sign
-     d = -np.where(u.real > 0, tau, tau - 1) / len(x)
+     d = -np.where(u.real > 0, tau, 1 - tau) / len(x)
"""
import numpy as np

tau = 0.8
d_in = d_out = 1
H = 3
n_params = 3 * H + 1
blocks = [("w1", (H,)), ("b1", (H,)), ("w2", (H,)), ("b2", (1,))]

def net(theta, x):
    w1, b1, w2, b2 = np.split(theta, [H, 2 * H, 3 * H])
    a = np.tanh(x * w1 + b1)
    return a, a @ w2 + b2

def loss(theta, x, y):
    u = y[:, 0] - net(theta, x)[1]
    return np.mean(np.where(u.real > 0, tau * u, (tau - 1) * u))

def gradient(theta, x, y):
    w1, b1, w2, b2 = np.split(theta, [H, 2 * H, 3 * H])
    a, f = net(theta, x)
    u = y[:, 0] - f
    d = -np.where(u.real > 0, tau, tau - 1) / len(x)
    dz = np.outer(d, w2) * (1 - a * a)
    return np.concatenate([(dz * x).sum(0), dz.sum(0), d @ a, [d.sum()]])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
