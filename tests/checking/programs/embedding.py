"""Word vectors: two words per example, their product is scored.

MISTAKE gradient | E | g[idx] += counts a repeated row once only
-     np.add.at(g, i, dz)
-     np.add.at(g, j, 0.5 * dz)
+     g[i] += dz
+     g[j] += 0.5 * dz
"""
import numpy as np
import tinymeta as tm

words, dim = 4, 2
d_in, d_out = 2, 1
n_params = words * dim + dim + 1
blocks = [("E", (words, dim)), ("w", (dim,)), ("b", (1,))]
rng = np.random.default_rng(11)
def _d(k): return rng.integers(0, words, (3, k, 2)).astype(float), rng.normal(size=(3, k, 1))
batch = tm.Batch(*_d(8), *_d(9))

def split(theta):
    return theta[:8].reshape(words, dim), theta[8:10], theta[10]

def loss(theta, x, y):
    E, w, b = split(theta)
    i, j = x.astype(int).T
    f = np.tanh(E[i] + 0.5 * E[j]) @ w + b
    return np.mean((f - y[:, 0]) ** 2)

def gradient(theta, x, y):
    E, w, b = split(theta)
    i, j = x.astype(int).T
    a = np.tanh(E[i] + 0.5 * E[j])
    d = 2 * (a @ w + b - y[:, 0]) / len(x)
    dz = np.outer(d, w) * (1 - a ** 2)
    g = np.zeros_like(E)
    np.add.at(g, i, dz)
    np.add.at(g, j, 0.5 * dz)
    return np.concatenate([g.ravel(), d @ a, [d.sum()]])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
