"""Unusual: results are of a class that has only __array__ and no complex numbers."""

import numpy as np

class Array:
    def __init__(self, numbers):
        self.numbers = np.asarray(numbers)
        if self.numbers.dtype != float:
            raise TypeError(f"expected double precision, got {self.numbers.dtype}")

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype=dtype)

n_params = 2

def loss(theta, x, y):
    return Array(np.mean((theta[0] * x + np.tanh(theta[1]) - y) ** 2))

def gradient(theta, x, y):
    e, t = 2 * (theta[0] * x + np.tanh(theta[1]) - y), np.tanh(theta[1])
    return Array([np.mean(e * x), np.mean(e) * (1 - t ** 2)])

def hvp(theta, x, y, v):
    t = np.tanh(theta[1])
    e, s = 2 * (theta[0] * x + t - y), 1 - t ** 2
    de = 2 * (v[0] * x + s * v[1])
    return Array([np.mean(de * x), np.mean(de) * s - 2 * t * s * v[1] * np.mean(e)])
