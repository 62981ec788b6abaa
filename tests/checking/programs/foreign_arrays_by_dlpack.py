"""Unusual: results are of a class that has only __dlpack__."""

import numpy as np

class Tensor:
    def __init__(self, numbers):
        self.numbers = np.asarray(numbers)

    def __dlpack__(self, **settings):
        return self.numbers.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self.numbers.__dlpack_device__()

n_params = 3

def powers(x):
    return np.concatenate([x ** 0, x, x ** 2], axis=-1)

def loss(theta, x, y):
    return Tensor(((powers(x) @ theta - y[:, 0]) ** 2).mean())

def gradient(theta, x, y):
    return Tensor(2 * powers(x).T @ (powers(x) @ theta - y[:, 0]) / len(x))

def hvp(theta, x, y, v):
    return Tensor(2 * powers(x).T @ (powers(x) @ v) / len(x))
