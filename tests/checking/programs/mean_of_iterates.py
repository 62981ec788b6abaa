"""The adapted θ is the mean of all iterates: after one step, what half the α would give.

SAYS taken as another inner loop, by which meta_gradient and first_order_meta_gradient and reptile
MISTAKE meta_gradient at 1 step | all | only the last iterate's share
    hvp(w, xs, ys, v) + q  ->  hvp(w, xs, ys, v)
MISTAKE adapt at 1 step | amplitude, frequency, phase | half the α in every step, and no mean
    mean + w / (steps + 1)  ->  w
    w - alpha * gradient(w, x, y)  ->  w - alpha / 2 * gradient(w, x, y)
    says alpha: the step size of the inner loop is α/2
"""
import numpy as np

n_params = 3
d_in = d_out = 1
blocks = [("amplitude", (1,)), ("frequency", (1,)), ("phase", (1,))]


def loss(theta, x, y):
    return np.mean((theta[0] * np.sin(theta[1] * x + theta[2]) - y) ** 2)


def gradient(theta, x, y):
    s, c = np.sin(theta[1] * x + theta[2]), theta[0] * np.cos(theta[1] * x + theta[2])
    e = 2 * (theta[0] * s - y)
    return np.array([np.mean(e * s), np.mean(e * c * x), np.mean(e * c)])


def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20


def adapt(theta, x, y, alpha, steps):
    w, mean = theta, theta / (steps + 1)
    for _ in range(steps):
        w = w - alpha * gradient(w, x, y)
        mean = mean + w / (steps + 1)
    return mean


def tasks(batch):
    return zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query)


def meta_gradient(theta, batch, alpha, steps):
    total = 0
    for xs, ys, xq, yq in tasks(batch):
        path = [theta]
        for _ in range(steps):
            path.append(path[-1] - alpha * gradient(path[-1], xs, ys))
        v = q = gradient(sum(path) / len(path), xq, yq) / len(path)
        for w in path[-2::-1]:
            v = v - alpha * hvp(w, xs, ys, v) + q
        total = total + v
    return total / len(batch.x_support)


def first_order_meta_gradient(theta, batch, alpha, steps):
    return np.mean([gradient(adapt(theta, xs, ys, alpha, steps), xq, yq)
                    for xs, ys, xq, yq in tasks(batch)], axis=0)


def reptile(theta, batch, alpha, steps):
    return np.mean([theta - adapt(theta, xs, ys, alpha, steps) for xs, ys, _, _ in tasks(batch)], 0)
