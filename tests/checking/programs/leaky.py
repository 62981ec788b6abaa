"""Leaky ReLU, slope 0.1 on the left.

MISTAKE gradient | W1, b1 | backward pass is that of ReLU: slope 0 on the left in place of 0.1
-         dz = (d @ W2.T) * self.factor(z)
+         dz = (d @ W2.T) * (z.real > 0)
"""
import numpy as np

class LeakyNet:
    d_in = d_out = 1

    def __init__(self, hidden=6, slope=0.1):
        self.h, self.slope = hidden, slope
        self.n_params = 3 * hidden + 1
        self.blocks = [("W1", (1, hidden)), ("b1", (hidden,)), ("W2", (hidden, 1)), ("b2", (1,))]

    def parts(self, t):
        h = self.h
        return t[:h].reshape(1, h), t[h:2 * h], t[2 * h:3 * h].reshape(h, 1), t[3 * h:]

    def factor(self, z):
        return np.where(z.real > 0, 1.0, self.slope)

    def loss(self, theta, x, y):
        W1, b1, W2, b2 = self.parts(theta)
        z = x @ W1 + b1
        return (((z * self.factor(z)) @ W2 + b2 - y) ** 2).mean()

    def gradient(self, theta, x, y):
        W1, b1, W2, b2 = self.parts(theta)
        z = x @ W1 + b1
        a = z * self.factor(z)
        d = 2 * (a @ W2 + b2 - y) / len(x)
        dz = (d @ W2.T) * self.factor(z)
        return np.concatenate([(x.T @ dz).ravel(), dz.sum(0), (a.T @ d).ravel(), d.sum(0)])

    def hvp(self, theta, x, y, v):
        return self.gradient(theta + 1e-20j * v, x, y).imag / 1e-20

model = LeakyNet()
