"""The meta-gradient by recursion over the steps. Unusual: recursion in place of a stored
trajectory.

MISTAKE meta_gradient | every block | recursion stops after one step |
    the number of steps is 1, not the one passed in, or one
-     v = through(w - alpha * gradient(w, x, y), x, y, alpha, steps - 1, last)
+     v = through(w - alpha * gradient(w, x, y), x, y, alpha, 0, last)
"""
import numpy as np

H = 3
d_in = d_out = 1
n_params = 3 * H + 1
blocks = [("W1", (1, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

def pieces(t):
    return t[:H].reshape(1, H), t[H:2 * H], t[2 * H:3 * H].reshape(H, 1), t[3 * H:]

def loss(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    return ((np.tanh(x @ W1 + b1) @ W2 + b2 - y) ** 2).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    a = np.tanh(x @ W1 + b1)
    d = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = (d @ W2.T) * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20

def through(w, x, y, alpha, steps, last):
    """d last(theta_S) / d w, last gives the query gradient"""
    if steps == 0:
        return last(w)
    v = through(w - alpha * gradient(w, x, y), x, y, alpha, steps - 1, last)
    return v - alpha * hvp(w, x, y, v)

def meta_gradient(theta, batch, alpha, steps):
    tasks = zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query)
    return np.mean([through(theta, x, y, alpha, steps, lambda w: gradient(w, xq, yq))
                    for x, y, xq, yq in tasks], axis=0)
