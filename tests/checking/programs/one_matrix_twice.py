"""Two layers share one square matrix.

MISTAKE gradient | W | W is used twice, the first layer's share is missing
    gW = x.T @ d1 + np.sin(z1).T @ d2  ->  gW = np.sin(z1).T @ d2
    says own variables: what is missing is x.T @ d1
"""
import numpy as np

d_in, d_out = 2, 2
blocks = [("W", (2, 2)), ("b1", (2,)), ("b2", (2,))]
n_params = 8

def loss(t, x, y):
    W = t[:4].reshape(2, 2)
    return np.mean((np.sin(np.sin(x @ W + t[4:6]) @ W + t[6:]) - y) ** 2)

def gradient(t, x, y):
    W = t[:4].reshape(2, 2)
    z1 = x @ W + t[4:6]
    z2 = np.sin(z1) @ W + t[6:]
    d2 = 2 * (np.sin(z2) - y) * np.cos(z2) / y.size
    d1 = (d2 @ W.T) * np.cos(z1)
    gW = x.T @ d1 + np.sin(z1).T @ d2
    return np.concatenate([gW.ravel(), d1.sum(0), d2.sum(0)])

def hvp(t, x, y, v):
    return gradient(t + 1e-20j * v, x, y).imag / 1e-20
