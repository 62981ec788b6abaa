"""Prototypical network: ω is the embedding, and θ_S, which is longer, holds the prototypes too.

MISTAKE meta_gradient at 1 step | omega | the prototypes are taken as constant
    + (xs.T @ (e_bar * (1 - e**2))).ravel()  ->
    says first-order: the query gradient at θ_S
MISTAKE meta_gradient at 1 step | omega | tanh' is missing on the way through the prototypes
    e_bar * (1 - e**2)  ->  e_bar
"""
import numpy as np
import tinymeta as tm

D, E, C = 2, 3, 3
d_in, d_out, n_params = D, C, D * E + C * E
blocks = [("W", (D, E)), ("prototypes", (C, E))]
rng = np.random.default_rng(17)


def draw(per_class):
    labels = np.tile(np.repeat(np.arange(C), per_class), (3, 1))
    centres = rng.normal(size=(3, C, D))[np.arange(3)[:, None], labels]
    return centres + 0.5 * rng.normal(size=centres.shape), np.eye(C)[labels]


batch = tm.Batch(*draw(3), *draw(2))
omega = rng.normal(size=D * E)


def embed(W, x):
    return np.tanh(x @ W.reshape(D, E))


def parts(theta, x):
    e = embed(theta[:D * E], x)
    apart = e[:, None] - theta[D * E:].reshape(C, E)
    p = np.exp(-(apart**2).sum(-1))
    return e, apart, p / p.sum(1, keepdims=True)


def loss(theta, x, y):
    return -(y * np.log(parts(theta, x)[2])).sum() / len(x)


def gradient(theta, x, y):
    e, apart, p = parts(theta, x)
    d = -2 * ((p - y) / len(x))[..., None] * apart
    return np.concatenate([(x.T @ (d.sum(1) * (1 - e**2))).ravel(), -d.sum(0).ravel()])


def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20


def adapt(omega, x, y, alpha, steps):
    return np.concatenate([omega, ((y / y.sum(0)).T @ embed(omega, x)).ravel()])


def meta_gradient(omega, batch, alpha, steps):
    total = 0
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        v = gradient(adapt(omega, xs, ys, alpha, steps), xq, yq)
        e, e_bar = embed(omega, xs), ys / ys.sum(0) @ v[D * E:].reshape(C, E)
        total = total + v[:D * E] + (xs.T @ (e_bar * (1 - e**2))).ravel()
    return total / len(batch.x_support)
