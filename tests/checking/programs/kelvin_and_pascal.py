"""Unusual: parameters of the order 300 and 1e5.

MISTAKE gradient | temperature | derivative of 1/T given as 1/T
    x[:, 0] * 300 / theta[0] ** 2)  ->  x[:, 0] * 300 / theta[0])
"""

import numpy as np

n_params = 2
d_in = d_out = 1
blocks = [("temperature", (1,)), ("pressure", (1,))]
theta = np.array([310.0, 1.2e5])

def predict(theta, x):
    return theta[1] / 1e5 * np.exp(-x[:, 0] * 300 / theta[0])

def loss(theta, x, y):
    return np.mean((predict(theta, x) - y[:, 0]) ** 2)

def gradient(theta, x, y):
    f = predict(theta, x)
    d = 2 * (f - y[:, 0]) / len(x)
    return np.array([d @ (f * x[:, 0] * 300 / theta[0] ** 2), d @ f / theta[1]])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
