"""The second input is a weight, 0 or 1.

MISTAKE gradient | all | divided by all K, not by the number of unmasked
    t[2] - y[:, 0]) / np.sum(m)  ->  t[2] - y[:, 0]) / m.size
    says factor: m/K = 2/6 times what it should be: divided by K, where only m = 2 examples count?
MISTAKE gradient | b | the mask is missing in b
    np.sum(e * h), np.sum(e)])
    ->  np.sum(e * h), np.sum(2 * (h * t[1] + t[2] - y[:, 0])) / len(x)])
    says own variables: the right numbers are e.sum(axis=0)
"""
import numpy as np
import tinymeta as tm

d_in, d_out = 2, 1
blocks = [("w", (2,)), ("b", (1,))]
n_params = 3
g = np.random.default_rng(4)
def some(k):
    x = np.stack([g.normal(size=(3, k)), (g.random((3, k)) < 0.6) * 1.0], -1)
    return x, g.normal(size=(3, k, 1))
batch = tm.Batch(*some(6), *some(9))

def loss(t, x, y):
    m = x[:, 1]
    f = np.tanh(t[0] * x[:, 0]) * t[1] + t[2]
    return np.sum(m * (f - y[:, 0]) ** 2) / np.sum(m)

def gradient(t, x, y):
    m = x[:, 1]
    h = np.tanh(t[0] * x[:, 0])
    e = 2 * m * (h * t[1] + t[2] - y[:, 0]) / np.sum(m)
    return np.array([np.sum(e * t[1] * (1 - h ** 2) * x[:, 0]), np.sum(e * h), np.sum(e)])

def hvp(t, x, y, v):
    return gradient(t + 1e-20j * v, x, y).imag / 1e-20
