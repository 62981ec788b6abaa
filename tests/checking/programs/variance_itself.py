"""A Gaussian likelihood with its variance as a parameter: other θ may have a negative one, no loss.

MISTAKE gradient | variance | the ½ of the logarithm
    0.5 / v  ->  1 / v
"""
import numpy as np

d_in = d_out = 1
theta = np.array([0.3, -0.2, 0.4])
blocks = [("line", (2,)), ("variance", (1,))]


def loss(theta, x, y):
    e = theta[0] + theta[1] * x - y
    return np.mean(e**2) / (2 * theta[2]) + 0.5 * np.log(theta[2])


def gradient(theta, x, y):
    e, v = theta[0] + theta[1] * x - y, theta[2]
    return np.array([np.mean(e) / v, np.mean(e * x) / v, 0.5 / v - np.mean(e**2) / (2 * v**2)])


def hvp(theta, x, y, u):
    return gradient(theta + 1e-20j * u, x, y).imag / 1e-20
