"""The results are arrays of another library.

PASS |
"""
import numpy as np

n_params = 2

class Foreign:
    """An array of another library: not NumPy's, but NumPy can have its numbers."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

def parts(theta, x, y):
    return theta[0] * x + np.tanh(theta[1]) - y, 1 - np.tanh(theta[1]) ** 2

def loss(theta, x, y):
    return Foreign(np.mean(parts(theta, x, y)[0] ** 2))

def gradient(theta, x, y):
    e, slope = parts(theta, x, y)
    return Foreign(np.array([2 * np.mean(e * x), 2 * np.mean(e) * slope]))

def hvp(theta, x, y, v):
    return Foreign(np.asarray(gradient(theta + 1e-20j * v, x, y)).imag / 1e-20)
