"""MAML with the Jacobian of the inner loop as an explicit matrix."""
import numpy as np

d_in, d_out, m = 2, 2, 3
n_params = 2 * m + m + 2 * m
blocks = [("W", (2, m)), ("b", (m,)), ("V", (m, 2))]

def views(t):
    return t[:2 * m].reshape(2, m), t[2 * m:3 * m], t[3 * m:].reshape(m, 2)

def loss(theta, x, y):
    W, b, V = views(theta)
    return np.sum((np.log1p(np.exp(x @ W + b)) @ V - y) ** 2) / y.size

def gradient(theta, x, y):
    W, b, V = views(theta)
    z = x @ W + b
    a = np.log1p(np.exp(z))
    e = 2 * (a @ V - y) / y.size
    dz = (e @ V.T) / (1 + np.exp(-z))
    return np.hstack([(x.T @ dz).ravel(), dz.sum(0), (a.T @ e).ravel()])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20

def hessian(theta, x, y):
    return np.array([hvp(theta, x, y, e) for e in np.eye(n_params)])

def meta_gradient(theta, batch, alpha, steps):
    grads = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w, J = theta, np.eye(n_params)
        for _ in range(steps):
            M = np.eye(n_params) - alpha * hessian(w, xs, ys)
            J = M @ J
            w = w - alpha * gradient(w, xs, ys)
        grads.append(J.T @ gradient(w, xq, yq))
    return np.mean(grads, axis=0)
