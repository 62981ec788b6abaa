"""The mean of three word vectors, then a line; unusual: x are row numbers.

MISTAKE gradient | table | mean over the words: 1/3 is missing
    g[word] += d[row] * w / 3  ->  g[word] += d[row] * w
    says factor: 3 times what it should be
MISTAKE gradient | table | assigns in place of adding: only the last use of a word counts
    g[word] += d[row] * w / 3  ->  g[word] = d[row] * w / 3
    says overwritten: g[row] = overwrites what was there; += adds to it
"""

import numpy as np
import tinymeta as tm

V, D = 5, 2
d_in, d_out = 3, 1
n_params = V * D + D + 1
blocks = [("table", (V, D)), ("w", (D,)), ("b", (1,))]
rng = np.random.default_rng(0)
draw = lambda k: (rng.integers(0, V, (3, k, 3)).astype(float), rng.normal(size=(3, k, 1)))
batch = tm.Batch(*draw(5), *draw(6))

def pieces(t): return t[:V * D].reshape(V, D), t[V * D:-1], t[-1]

def loss(theta, x, y):
    E, w, b = pieces(theta)
    return ((E[x.astype(int)].mean(axis=1) @ w + b - y[:, 0]) ** 2).mean()

def gradient(theta, x, y):
    E, w, b = pieces(theta)
    idx = x.astype(int)
    m = E[idx].mean(axis=1)
    d = 2 * (m @ w + b - y[:, 0]) / len(x)
    g = np.zeros_like(E)
    for row, words in enumerate(idx):
        for word in words:
            g[word] += d[row] * w / 3
    return np.concatenate([g.ravel(), d @ m, [d.sum()]])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
