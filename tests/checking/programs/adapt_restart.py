"""The inner loop, nothing else.

MISTAKE adapt | every block | theta_0 - alpha g(theta_k): every step starts from theta_0 |
    each step starts at θ_0, θ_0 - α g(θ_k); it belongs at θ_k
-         fast = fast - alpha * g
+         fast = theta - alpha * g

MISTAKE adapt | every block | changes theta in place |
    adapt changes an argument in place, so that θ itself would
-     fast = theta.copy()
+     fast = theta
=
-         fast = fast - alpha * g
+         fast -= alpha * g

MISTAKE adapt | every block | sign: ascends |
    the inner loop ascends: θ + α g
-         fast = fast - alpha * g
+         fast = fast + alpha * g

MISTAKE adapt | every block | gradient normalised to length 1
-         g = gradient(fast, x, y)
+         g = gradient(fast, x, y)
+         g = g / np.linalg.norm(g)

MISTAKE adapt | every block | half of the support set only
-         g = gradient(fast, x, y)
+         g = gradient(fast, x[:len(x) // 2], y[:len(x) // 2])

MISTAKE adapt | every block | step size is halved at each step
-         fast = fast - alpha * g
+         fast = fast - alpha * 0.5 ** step * g

MISTAKE adapt | every block | every gradient at theta_0 |
    every inner gradient is taken at θ_0; each belongs at its
-         g = gradient(fast, x, y)
+         g = gradient(theta, x, y)

MISTAKE adapt | every block | S - 1 steps |
    this is θ_0: nothing is adapted there, or one inner step
-     for step in range(steps):
+     for step in range(1, steps):

MISTAKE adapt | every block | gradient of the sum, not of the mean: K times alpha |
    the step size of the inner loop is Kα
-         fast = fast - alpha * g
+         fast = fast - alpha * len(x) * g
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

def adapt(theta, x, y, alpha, steps):
    fast = theta.copy()
    for step in range(steps):
        g = gradient(fast, x, y)
        fast = fast - alpha * g
    return fast
