"""A small network with softmax output, trained on the squared error of the probabilities.

MISTAKE gradient | every block | softmax Jacobian taken as diagonal
-         dz = p * (dp - (p * dp).sum(1, keepdims=True))
+         dz = p * (1 - p) * dp

MISTAKE gradient | every block | cross-entropy's p - y used with the squared error: softmax's
    Jacobian missing
-         dz = p * (dp - (p * dp).sum(1, keepdims=True))
+         dz = 2 * (p - y) / p.size
"""
import numpy as np
import tinymeta as tm

d_in, d_out, H = 2, 3, 4
n_params = 8 + 4 + 12 + 3
blocks = [("W1", (2, 4)), ("b1", (4,)), ("W2", (4, 3)), ("b2", (3,))]
rng = np.random.default_rng(5)
def data(k): return rng.normal(size=(3, k, 2)), np.eye(3)[rng.integers(0, 3, (3, k))]
batch = tm.Batch(*data(5), *data(6))

class Net:
    n_params, blocks, d_in, d_out = n_params, blocks, d_in, d_out

    def split(self, t):
        return t[:8].reshape(2, 4), t[8:12], t[12:24].reshape(4, 3), t[24:]

    def forward(self, t, x):
        W1, b1, W2, b2 = self.split(t)
        a = np.tanh(x @ W1 + b1)
        z = a @ W2 + b2
        e = np.exp(z - z.real.max(1, keepdims=True))
        return a, e / e.sum(1, keepdims=True)

    def loss(self, t, x, y):
        return np.mean((self.forward(t, x)[1] - y) ** 2)

    def gradient(self, t, x, y):
        W1, b1, W2, b2 = self.split(t)
        a, p = self.forward(t, x)
        dp = 2 * (p - y) / p.size
        dz = p * (dp - (p * dp).sum(1, keepdims=True))
        da = (dz @ W2.T) * (1 - a ** 2)
        return np.concatenate([(x.T @ da).ravel(), da.sum(0), (a.T @ dz).ravel(), dz.sum(0)])

    def hvp(self, t, x, y, v):
        return self.gradient(t + 1e-30j * v, x, y).imag / 1e-30

model = Net()
