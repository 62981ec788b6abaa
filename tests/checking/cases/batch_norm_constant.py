"""Mean and variance of a batch are taken for constants on the way back.

FAIL gradient | W1, b1 | b1: should be 0: f does not change with it |! times what
"""
import numpy as np
d_in = d_out = 1
blocks = [("W1", (1, 3)), ("b1", (3,)), ("gamma", (3,)), ("W2", (3, 1)), ("b2", (1,))]
n_params = 3 + 3 + 3 + 3 + 1
def split(t): return t[..., None, :3], t[..., None, 3:6], t[..., None, 6:9], t[..., 9:12, None], \
        t[..., None, 12:]
def forward(t, x, axis=-2):
    W1, b1, ga, W2, b2 = split(t)
    z = x @ W1 + b1
    m = z.mean(axis, keepdims=True); s = np.sqrt(((z - m) ** 2).mean(axis, keepdims=True) + 1e-2)
    n = (z - m) / s
    a = np.tanh(ga * n)
    return n, s, a, a @ W2 + b2
def loss(theta, x, y): return ((forward(theta, x)[3] - y) ** 2).mean((-2, -1))
def gradient(theta, x, y, right=False):
    W1, b1, ga, W2, b2 = split(theta); n, s, a, f = forward(theta, x)
    T = lambda m: np.swapaxes(m, -1, -2)
    d = 2 * (f - y) / y.shape[-2]
    dn = d @ T(W2) * (1 - a ** 2)
    dg = (dn * n).sum(-2)
    dn = dn * ga
    dz = (dn - dn.mean(-2, keepdims=True) - n * (dn * n).mean(-2,
            keepdims=True)) / s if right else dn / s
    return np.concatenate([(T(x) @ dz)[..., 0, :], dz.sum(-2), dg, (T(a) @ d)[..., 0],
            d.sum(-2)], -1)
