"""Unusual: model is a class of static and class methods."""

import numpy as np

class model:
    d_in, d_out, n_params = 1, 1, 3
    blocks = [("p", (3,))]

    @staticmethod
    def loss(theta, x, y):
        a, b, c = theta
        return np.mean((a / (1 + np.exp(-(b * x + c))) - y) ** 2)

    @classmethod
    def gradient(cls, theta, x, y):
        a, b, c = theta
        s = 1 / (1 + np.exp(-(b * x + c)))
        d = 2 * (a * s - y) / x.size
        q = d * a * s * (1 - s)
        return np.array([(d * s).sum(), (q * x).sum(), q.sum()])

    @classmethod
    def hvp(cls, theta, x, y, v):
        return cls.gradient(theta + 1e-20j * v, x, y).imag / 1e-20
