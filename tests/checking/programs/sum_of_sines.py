"""A sum of sines; amplitudes, frequencies and phases are learned.

MISTAKE gradient | freq | frequency's derivative lacks the inner factor x
    (np.cos(arg) * x) * a  ->  np.cos(arg) * a
    says another block: the numbers of phase: the wrong block, or a factor left out?
MISTAKE gradient | phase | sign of the phase's derivative (as for sin(wx - p))
    dp = d @ np.cos(arg) * a  ->  dp = -d @ np.cos(arg) * a
    says sign: the sign is flipped
"""

import numpy as np

n = 3
n_params = 3 * n
d_in = d_out = 1
blocks = [("amp", (n,)), ("freq", (n,)), ("phase", (n,))]
theta = np.array([1.0, -0.5, 0.3, 0.8, 1.7, 2.6, 0.1, -0.4, 0.9])

def loss(theta, x, y):
    a, w, p = theta[:n], theta[n:2 * n], theta[2 * n:]
    f = np.sin(x * w + p) @ a              # (K,)
    return np.mean((f - y[:, 0]) ** 2)

def gradient(theta, x, y):
    a, w, p = theta[:n], theta[n:2 * n], theta[2 * n:]
    arg = x * w + p                        # (K, n)
    f = np.sin(arg) @ a
    d = 2 * (f - y[:, 0]) / len(x)
    da = d @ np.sin(arg)
    dw = d @ (np.cos(arg) * x) * a
    dp = d @ np.cos(arg) * a
    return np.concatenate([da, dw, dp])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
