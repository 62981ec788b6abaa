"""Unusual: no n_params; blocks and theta say it all."""

import numpy as np

class Quadratic:
    blocks = [("centre", (2,)), ("scale", (1,))]
    d_in, d_out = 2, 1

    def loss(self, theta, x, y):
        r = ((x - theta[:2]) ** 2).sum(1) * theta[2] - y[:, 0]
        return (r ** 2).mean()

    def gradient(self, theta, x, y):
        diff = x - theta[:2]
        q = (diff ** 2).sum(1)
        d = 2 * (q * theta[2] - y[:, 0]) / len(x)
        return np.concatenate([-2 * theta[2] * (d @ diff), [d @ q]])

    def hvp(self, theta, x, y, v):
        return self.gradient(theta + 1e-20j * v, x, y).imag / 1e-20

model = Quadratic()
theta = np.array([0.3, -0.2, 0.8])
