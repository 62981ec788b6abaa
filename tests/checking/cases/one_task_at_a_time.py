"""A model that knows one task at a time.

PASS | the model knows one task at a time; PASS maml meta-gradient
"""
import numpy as np
n_params = 13
d_in = d_out = 1
def split(t): return t[:4].reshape(1, 4), t[4:8], t[8:12].reshape(4, 1), t[12:]
def forward(t, x):
    W1, b1, W2, b2 = split(t); a = np.tanh(x @ W1 + b1); return a, a @ W2 + b2
def loss(theta, x, y): return ((forward(theta, x)[1] - y) ** 2).mean()
def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta); a, f = forward(theta, x)
    d = 2 * (f - y) / len(x); d1 = d @ W2.T * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])
def hvp(theta, x, y, v): return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
def meta_gradient(theta, batch, alpha, steps):
    total = 0
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w = [theta]
        for _ in range(steps): w.append(w[-1] - alpha * gradient(w[-1], xs, ys))
        v = gradient(w[-1], xq, yq)
        for k in reversed(range(steps)): v = v - alpha * hvp(w[k], xs, ys, v)
        total = total + v
    return total / len(batch)
