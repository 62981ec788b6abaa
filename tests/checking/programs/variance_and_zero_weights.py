"""Weights at zero, whose derivatives vanish, beside a small variance: most other θ have no loss.

SAYS u, w: derivative 0 at this θ, where no wrong factor could show
MISTAKE gradient | v | the ½ of the logarithm
    0.5 / v -  ->  1 / v -
"""
import numpy as np

d_in = d_out = 1
theta = np.array([0.0, 0.0, 0.05])
blocks = [("u", (1,)), ("w", (1,)), ("v", (1,))]


def loss(theta, x, y):
    u, w, v = theta
    return np.mean((u * np.tanh(w * x) - y) ** 2) / (2 * v) + 0.5 * np.log(v)


def gradient(theta, x, y):
    u, w, v = theta
    h = np.tanh(w * x)
    e = u * h - y
    slope = np.mean(e * u * (1 - h**2) * x)
    return np.array([np.mean(e * h) / v, slope / v, 0.5 / v - np.mean(e**2) / (2 * v**2)])


def hvp(theta, x, y, d):
    return gradient(theta + 1e-20j * d, x, y).imag / 1e-20
