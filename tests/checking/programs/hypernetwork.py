"""Hypernetwork: ω times what is seen of the task is θ, and ω is not laid out as θ is.

MISTAKE meta_gradient at 1 step | omega | the query set in place of the support set
    np.outer(v, seen(xs, ys))  ->  np.outer(v, seen(xq, yq))
MISTAKE meta_gradient at 1 step | omega | transposed
    np.outer(v, seen(xs, ys))  ->  np.outer(seen(xs, ys), v)
    says order: the right numbers in another order
"""
import numpy as np
import tinymeta as tm

model = tm.MLP([1, 3, 1], "tanh")
omega = 0.5 * np.random.default_rng(14).normal(size=model.n_params * 3)


def seen(x, y):
    return np.array([1.0, y.mean(), (x * y).mean()])


def adapt(omega, x, y, alpha, steps):
    theta = omega.reshape(-1, 3) @ seen(x, y)
    for _ in range(steps):
        theta = theta - alpha * model.gradient(theta, x, y)
    return theta


def meta_gradient(omega, batch, alpha, steps):
    grads = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        path = [adapt(omega, xs, ys, alpha, k) for k in range(steps + 1)]
        v = model.gradient(path.pop(), xq, yq)
        for theta in path[::-1]:
            v = v - alpha * model.hvp(theta, xs, ys, v)
        grads.append(np.outer(v, seen(xs, ys)).ravel())
    return np.mean(grads, axis=0)
