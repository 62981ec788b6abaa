"""Linear classifier with the plain hinge loss, y = +1 or -1.

MISTAKE gradient | every block | mean over the active examples in place of all
-     d = -y[:, 0] * (m.real > 0) / len(x)
+     d = -y[:, 0] * (m.real > 0) / (m.real > 0).sum()
"""
import numpy as np
import tinymeta as tm

d_in, d_out, n_params = 2, 1, 3
blocks = [("w", (2,)), ("b", (1,))]
theta = np.array([1.1, -0.9, 0.3])
rs = np.random.RandomState(5)
def points(k):
    x = rs.randn(3, k, 2)
    return x, np.sign(x[..., :1] - 0.5 * x[..., 1:] + 0.5 * rs.randn(3, k, 1))
batch = tm.Batch(*points(9), *points(8))

def margin(theta, x, y):
    return 1 - y[:, 0] * (x @ theta[:2] + theta[2])

def loss(theta, x, y):
    m = margin(theta, x, y)
    return np.mean(m * (m.real > 0)) + 0.05 * (theta[:2] ** 2).sum()

def gradient(theta, x, y):
    m = margin(theta, x, y)
    d = -y[:, 0] * (m.real > 0) / len(x)
    return np.append(d @ x + 0.1 * theta[:2], d.sum())

def hvp(theta, x, y, v):
    return np.append(0.1 * v[:2], 0 * v[2])
