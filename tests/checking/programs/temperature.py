"""Softmax classifier with a learned temperature (log T is the last parameter).

MISTAKE gradient | logT | derivative in the inverse temperature given for that in log T
-     gT = -beta * (d * s).sum()
+     gT = -(d * s).sum()
"""
import numpy as np
import tinymeta as tm

d_in, d_out, n_params = 2, 3, 7
blocks = [("W", (2, 3)), ("logT", (1,))]
rng = np.random.default_rng(12)
def sample(k): return rng.normal(size=(3, k, 2)), np.eye(3)[rng.integers(0, 3, (3, k))]
batch = tm.Batch(*sample(6), *sample(5))

def loss(theta, x, y):
    z = x @ theta[:6].reshape(2, 3) * np.exp(-theta[6])
    return (np.log(np.exp(z).sum(1)) - (y * z).sum(1)).mean()

def gradient(theta, x, y):
    beta = np.exp(-theta[6])
    s = x @ theta[:6].reshape(2, 3)
    e = np.exp(beta * s)
    d = (e / e.sum(1, keepdims=True) - y) / len(x)
    gW = beta * (x.T @ d)
    gT = -beta * (d * s).sum()
    return np.concatenate([gW.ravel(), [gT]])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
