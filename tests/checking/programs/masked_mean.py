"""The loss is a mean over those examples whose second input is positive.

MISTAKE gradient | every block | divided by K, not by the number of examples under the mask |
    0.666667 times what it should be
-     d = 2 * m * (f - y[:, 0]) / m.sum()
+     d = 2 * m * (f - y[:, 0]) / len(x)
"""
import numpy as np
import tinymeta as tm

d_in, d_out = 2, 1
h = 4
n_params = 3 * h + 1
blocks = [("W1", (h,)), ("b1", (h,)), ("W2", (h,)), ("b2", (1,))]
rng = np.random.default_rng(9)
def _data(k):
    x = rng.normal(size=(3, k, 2))
    x[:, :2, 1] = 1.0
    x[:, 2, 1] = -1.0
    return x, rng.normal(size=(3, k, 1))
batch = tm.Batch(*_data(6), *_data(8))

def net(theta, x):
    W1, b1, W2 = theta[:h], theta[h:2 * h], theta[2 * h:3 * h]
    a = np.tanh(x[:, :1] * W1 + b1)
    return a, a @ W2 + theta[-1]

def loss(theta, x, y):
    m = (x[:, 1] > 0).astype(float)
    return (m * (net(theta, x)[1] - y[:, 0]) ** 2).sum() / m.sum()

def gradient(theta, x, y):
    m = (x[:, 1] > 0).astype(float)
    a, f = net(theta, x)
    d = 2 * m * (f - y[:, 0]) / m.sum()
    dz = np.outer(d, theta[2 * h:3 * h]) * (1 - a ** 2)
    return np.concatenate([(dz * x[:, :1]).sum(0), dz.sum(0), d @ a, [d.sum()]])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
