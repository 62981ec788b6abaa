"""Normalised over the examples, then tanh; unusual: b1 has no effect.

MISTAKE gradient | W1, b1 | mean and standard deviation are taken as constants
    (dn - dn.mean(-2, keepdims=True) - n * (dn * n).mean(-2, keepdims=True)) / s  ->  dn / s
    says should be zero: should be 0
MISTAKE gradient | W1 | the standard deviation is taken as a constant
     - n * (dn * n).mean(-2, keepdims=True)  ->
MISTAKE gradient | W1 | K - 1 on the way back where the forward pass has K
    (dn * n).mean(-2, keepdims=True)  ->  (dn * n).sum(-2, keepdims=True) / (y.shape[-2] - 1)
"""

import numpy as np

d_in = d_out = 1
blocks = [("W1", (1, 3)), ("b1", (3,)), ("gain", (3,)), ("W2", (3, 1)), ("b2", (1,))]
n_params = 13

def split(t):
    W1, b1, gain, W2, b2 = np.split(t[..., None, :], [3, 6, 9, 12], axis=-1)
    return W1, b1, gain, T(W2), b2

def T(a):
    return np.swapaxes(a, -1, -2)

def forward(t, x):
    W1, b1, gain, W2, b2 = split(t)
    z = x @ W1 + b1
    m = z.mean(-2, keepdims=True)
    s = np.sqrt(((z - m) ** 2).mean(-2, keepdims=True) + 1e-2)
    n = (z - m) / s
    a = np.tanh(gain * n)
    return n, s, a, a @ W2 + b2

def loss(theta, x, y):
    return ((forward(theta, x)[3] - y) ** 2).mean((-2, -1))

def gradient(theta, x, y):
    W1, b1, gain, W2, b2 = split(theta)
    n, s, a, f = forward(theta, x)
    d = 2 * (f - y) / y.shape[-2]
    dn = d @ T(W2) * (1 - a ** 2)
    dgain = (dn * n).sum(-2)
    dn = dn * gain
    dz = (dn - dn.mean(-2, keepdims=True) - n * (dn * n).mean(-2, keepdims=True)) / s
    return np.concatenate([(T(x) @ dz)[..., 0, :], dz.sum(-2), dgain, (T(a) @ d)[..., 0],
                           d.sum(-2)], -1)

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
