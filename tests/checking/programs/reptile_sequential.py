"""Reptile: theta minus the adapted parameters, averaged over the tasks.

MISTAKE reptile | every block | tasks one after another: each starts where the last one ended |
    θ moves from task to task: each task starts where the one
-         w = inner(theta, batch.x_support[t], batch.y_support[t], alpha, steps)
-         update += theta - w
+         w = inner(theta - update, batch.x_support[t], batch.y_support[t], alpha, steps)
+         update += theta - update - w

MISTAKE reptile | every block | gradient at the end of the inner loop in place of theta - theta_S
-         update += theta - w
+         update += gradient(w, batch.x_support[t], batch.y_support[t])

MISTAKE reptile | every block | divided by alpha |
    1/α = 1/0.05 times what it should be
-     return update / T
+     return update / T / alpha

MISTAKE reptile | every block | trained on the query set |
    the inner loop adapts on the query set
-         w = inner(theta, batch.x_support[t], batch.y_support[t], alpha, steps)
+         w = inner(theta, batch.x_query[t], batch.y_query[t], alpha, steps)
"""
import numpy as np
import tinymeta as tm

d_in, d_out = 2, 1
n_params = 4
blocks = [("w", (3,)), ("b", (1,))]
_rng = np.random.default_rng(17)
def _draw(k):
    x = 2 * _rng.normal(size=(4, k, 2))
    return x, (x[..., :1] * x[..., 1:] + _rng.normal(size=(4, k, 1)) > 0).astype(float)
batch = tm.Batch(*_draw(6), *_draw(10))

def phi(x):
    return np.column_stack([x, x[:, 0] * x[:, 1], np.ones(len(x))])

def sigma(z):
    return 1 / (1 + np.exp(-z))

def loss(theta, x, y):
    z = phi(x) @ theta
    return np.mean(np.log(1 + np.exp(z)) - y[:, 0] * z)

def gradient(theta, x, y):
    return phi(x).T @ (sigma(phi(x) @ theta) - y[:, 0]) / len(x)

def hvp(theta, x, y, v):
    s = sigma(phi(x) @ theta)
    return phi(x).T @ (s * (1 - s) * (phi(x) @ v)) / len(x)

def inner(theta, x, y, alpha, steps):
    w = theta.copy()
    for _ in range(steps):
        w = w - alpha * gradient(w, x, y)
    return w

def reptile(theta, batch, alpha, steps):
    T = batch.x_support.shape[0]
    update = np.zeros_like(theta)
    for t in range(T):
        w = inner(theta, batch.x_support[t], batch.y_support[t], alpha, steps)
        update += theta - w
    return update / T
