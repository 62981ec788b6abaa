"""Unusual: a cache, a state that does no harm."""

import numpy as np

class Cached:
    n_params, d_in, d_out = 7, 1, 1
    blocks = [("w", (2,)), ("b", (2,)), ("o", (2,)), ("c", (1,))]

    def __init__(self):
        self._key = self._value = None

    def _forward(self, theta, x):
        key = (theta.tobytes(), x.tobytes())
        if key != self._key:
            a = np.tanh(x * theta[:2] + theta[2:4])
            self._key, self._value = key, (a, a @ theta[4:6] + theta[6])
        return self._value

    def loss(self, theta, x, y):
        return ((self._forward(theta, x)[1] - y[:, 0]) ** 2).mean()

    def gradient(self, theta, x, y):
        a, f = self._forward(theta, x)
        d = 2 * (f - y[:, 0]) / len(x)
        z = np.outer(d, theta[4:6]) * (1 - a ** 2)
        return np.concatenate([(z * x).sum(0), z.sum(0), d @ a, [d.sum()]])

    def hvp(self, theta, x, y, v):
        return self.gradient(theta + 1e-20j * v, x, y).imag / 1e-20

model = Cached()
