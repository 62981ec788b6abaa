"""For one task only, and it says so. Unusual: one task only, asserts."""
import numpy as np

class OneTask:
    n_params = 7
    d_in, d_out = 1, 1
    blocks = [("W1", (1, 2)), ("b1", (2,)), ("W2", (2, 1)), ("b2", (1,))]

    def loss(self, theta, x, y):
        assert theta.ndim == 1 and x.ndim == 2
        a = np.tanh(x * theta[:2] + theta[2:4])
        return np.mean((a @ theta[4:6] + theta[6] - y[:, 0]) ** 2)

    def gradient(self, theta, x, y):
        assert theta.ndim == 1 and x.ndim == 2
        a = np.tanh(x * theta[:2] + theta[2:4])
        d = 2 * (a @ theta[4:6] + theta[6] - y[:, 0]) / x.shape[0]
        z = d[:, None] * theta[4:6] * (1 - a ** 2)
        return np.concatenate([x[:, 0] @ z, z.sum(0), d @ a, [d.sum()]])

    def hvp(self, theta, x, y, v):
        assert theta.ndim == 1 and x.ndim == 2
        return self.gradient(theta + 1e-25j * v, x, y).imag / 1e-25

model = OneTask()
