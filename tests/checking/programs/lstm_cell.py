"""An LSTM cell of one unit over three steps.

MISTAKE gradient | W, b | the cell state's path through the forget gate is missing
    dc = dc * f  ->  dc = 0
MISTAKE gradient | W, b | output gate multiplies c in place of tanh(c)
    ds * tc * o * (1 - o)  ->  ds * c * o * (1 - o)
"""

import numpy as np

L, h = 3, 1
d_in, d_out = L, 1
blocks = [("W", (1 + h, 4 * h)), ("b", (4 * h,)), ("v", (h,))]
nW = (1 + h) * 4 * h
n_params = nW + 4 * h + h
theta = np.random.default_rng(5).normal(size=n_params)
sig = lambda z: 1 / (1 + np.exp(-z))

def forward(theta, x):
    W, b, v = theta[:nW].reshape(1 + h, 4 * h), theta[nW:nW + 4 * h], theta[-h:]
    s = c = np.zeros((len(x), h))
    cache = []
    for t in range(L):
        xs = np.hstack([x[:, t:t + 1], s])
        zi, zf, zo, zg = np.split(xs @ W + b, 4, axis=1)
        i, f, o, g = sig(zi), sig(zf), sig(zo), np.tanh(zg)
        c_old, c = c, f * c + i * g
        s = o * np.tanh(c)
        cache.append((xs, i, f, o, g, c_old, c))
    return W, v, s, cache, s @ v

def loss(theta, x, y):
    return np.mean((forward(theta, x)[-1] - y[:, 0]) ** 2)

def gradient(theta, x, y):
    W, v, s, cache, out = forward(theta, x)
    d = 2 * (out - y[:, 0]) / len(x)
    ds, dc, gW, gb = np.outer(d, v), 0, 0, 0
    for xs, i, f, o, g, c_old, c in reversed(cache):
        tc = np.tanh(c)
        dc = dc + ds * o * (1 - tc ** 2)
        dz = np.hstack([dc * g * i * (1 - i), dc * c_old * f * (1 - f), ds * tc * o * (1 - o),
                        dc * i * (1 - g ** 2)])
        gW, gb = gW + xs.T @ dz, gb + dz.sum(0)
        ds = (dz @ W.T)[:, 1:]
        dc = dc * f
    return np.concatenate([gW.ravel(), gb, d @ s])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
