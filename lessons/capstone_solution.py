"""The capstone's solution: a network of one hidden layer with φ = sin, and its meta-gradient.

Every function takes θ of shape (P,) or (..., P) and x, y of shape (..., K, 1).
"""

import numpy as np

# Stage 1: the loss.

U = 10  # hidden units
n_params = 3 * U + 1
blocks = [("W1", (1, U)), ("b1", (U,)), ("W2", (U, 1)), ("b2", (1,))]  # how θ is laid out


def parts(theta):
    """W1 (..., 1, U), b1 (..., 1, U), W2 (..., U, 1), b2 (..., 1, 1)."""
    row = theta[..., np.newaxis, :]  # (..., 1, P)
    return row[..., :U], row[..., U:2 * U], theta[..., 2 * U:3 * U, np.newaxis], row[..., 3 * U:]


def forward(theta, x):
    """z and f, of shape (..., K, U) and (..., K, 1)."""
    W1, b1, W2, b2 = parts(theta)
    z = x @ W1 + b1
    return z, np.sin(z) @ W2 + b2


def predict(theta, x):
    return forward(theta, x)[1]


def loss(theta, x, y):
    """The mean squared error, (...)."""
    return ((predict(theta, x) - y) ** 2).mean(axis=(-2, -1))


# Stage 2: its gradient.


def flat(x, a, delta, e):
    """The blocks of a gradient, xᵀ δ, Σ δ, aᵀ e, Σ e, as one vector (..., P)."""
    def sums(inputs, errors):
        return inputs.swapaxes(-1, -2) @ errors, errors.sum(axis=-2)

    (W1, b1), (W2, b2) = sums(x, delta), sums(a, e)
    return np.concatenate([W1[..., 0, :], b1, W2[..., 0], b2], axis=-1)


def gradient(theta, x, y):
    """∂loss/∂θ, (..., P)."""
    W2, (z, f) = parts(theta)[2], forward(theta, x)
    e = 2 / x.shape[-2] * (f - y)  # (..., K, 1): ∂L/∂f
    delta = e @ W2.swapaxes(-1, -2) * np.cos(z)  # (..., K, U): ∂L/∂z
    return flat(x, np.sin(z), delta, e)


# Stage 3: the Hessian times a vector.


def hvp(theta, x, y, v):
    """H v, (..., P): the derivative of the gradient along v, line by line."""
    (_, _, W2, _), (W1_dot, b1_dot, W2_dot, b2_dot) = parts(theta), parts(v)
    z, f = forward(theta, x)
    a, slope = np.sin(z), np.cos(z)
    z_dot = x @ W1_dot + b1_dot  # (..., K, U)
    a_dot = slope * z_dot
    f_dot = a_dot @ W2 + a @ W2_dot + b2_dot  # (..., K, 1)
    e, e_dot = (2 / x.shape[-2] * part for part in (f - y, f_dot))
    q = e @ W2.swapaxes(-1, -2)  # (..., K, U)
    q_dot = e_dot @ W2.swapaxes(-1, -2) + e @ W2_dot.swapaxes(-1, -2)
    delta_dot = q_dot * slope - q * a * z_dot  # φ'' = -sin
    Hv = flat(x, a, delta_dot, e_dot)
    W2_more = (a_dot.swapaxes(-1, -2) @ e)[..., 0]  # (..., U): ȧᵀ e; x does not move
    return np.concatenate([Hv[..., :2 * U], Hv[..., 2 * U:3 * U] + W2_more, Hv[..., 3 * U:]],
                          axis=-1)


# Stage 4: the meta-gradient.


def meta_gradient(theta, batch, alpha, steps):
    """The gradient of the mean query loss after some inner steps, (P,)."""
    support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
    thetas = [theta]
    for k in range(steps):
        thetas.append(thetas[k] - alpha * gradient(thetas[k], *support))  # (T, P)
    v = gradient(thetas[steps], *query)  # (T, P)
    for k in reversed(range(steps)):
        v = v - alpha * hvp(thetas[k], *support, v)  # (T, P)
    return v.mean(axis=0)
