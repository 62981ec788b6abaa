"""Matrix factorisation: the rating of an item by a user.

MISTAKE gradient | I | = in place of +=: the last of a repeated row counts
    gI[j[k]] += e[k] * U[i[k]]  ->  gI[j[k]] = e[k] * U[i[k]]
    says overwritten: g[row] = overwrites what was there
"""
import numpy as np
from types import SimpleNamespace

d_in, d_out = 2, 1
blocks = [("U", (3, 2)), ("I", (4, 2)), ("bias", (4,))]
n_params = 6 + 8 + 4
_r = np.random.default_rng(8)
def _ratings(k):
    pairs = np.stack([_r.integers(0, 3, (2, k)), _r.integers(0, 4, (2, k))], -1)
    return pairs.astype(float), _r.normal(size=(2, k, 1))
xs, ys = _ratings(7)
xq, yq = _ratings(9)
batch = SimpleNamespace(x_support=xs, y_support=ys, x_query=xq, y_query=yq)

def loss(t, x, y):
    U, I, b = t[:6].reshape(3, 2), t[6:14].reshape(4, 2), t[14:]
    i, j = x.astype(int).T
    return ((np.sum(U[i % 3] * I[j % 4], axis=1) + b[j % 4] - y[:, 0]) ** 2).mean()

def gradient(t, x, y):
    U, I, b = t[:6].reshape(3, 2), t[6:14].reshape(4, 2), t[14:]
    i, j = x.astype(int).T
    i, j = i % 3, j % 4
    e = 2 * (np.sum(U[i] * I[j], axis=1) + b[j] - y[:, 0]) / len(y)
    gU, gI, gb = np.zeros_like(U), np.zeros_like(I), np.zeros_like(b)
    for k in range(len(y)):
        gU[i[k]] += e[k] * I[j[k]]
        gI[j[k]] += e[k] * U[i[k]]
        gb[j[k]] += e[k]
    return np.concatenate([gU.ravel(), gI.ravel(), gb])

def hvp(t, x, y, v):
    return gradient(t + 1e-20j * v, x, y).imag / 1e-20
