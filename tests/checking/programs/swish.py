"""Two layers of swish, z * sigmoid(z).

MISTAKE gradient | W1, b1, W2, b2 | swish' is given as sigmoid'
-     return s + z * s * (1 - s)
+     return s * (1 - s)

MISTAKE gradient | W1, b1 | square weight matrix not transposed on the way back
-     g1 = g2 @ W2.T * dswish(z1)
+     g1 = g2 @ W2 * dswish(z1)
"""
import numpy as np

d_in = d_out = 1
h = 4
shapes = [(1, h), (h,), (h, h), (h,), (h, 1), (1,)]
names = ["W1", "b1", "W2", "b2", "W3", "b3"]
blocks = list(zip(names, shapes))
n_params = h + h + h * h + h + h + 1

def cut(t):
    res, k = [], 0
    for s in shapes:
        n = int(np.prod(s)); res.append(t[k:k + n].reshape(s)); k += n
    return res

def sig(z): return 1 / (1 + np.exp(-z))
def swish(z): return z * sig(z)
def dswish(z):
    s = sig(z)
    return s + z * s * (1 - s)

def loss(theta, x, y):
    W1, b1, W2, b2, W3, b3 = cut(theta)
    f = swish(swish(x @ W1 + b1) @ W2 + b2) @ W3 + b3
    return 0.5 * np.mean((f - y) ** 2)

def gradient(theta, x, y):
    W1, b1, W2, b2, W3, b3 = cut(theta)
    z1 = x @ W1 + b1; a1 = swish(z1)
    z2 = a1 @ W2 + b2; a2 = swish(z2)
    g3 = (a2 @ W3 + b3 - y) / y.size
    g2 = g3 @ W3.T * dswish(z2)
    g1 = g2 @ W2.T * dswish(z1)
    return np.concatenate([(x.T @ g1).ravel(), g1.sum(0), (a1.T @ g2).ravel(), g2.sum(0),
            (a2.T @ g3).ravel(), g3.sum(0)])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
