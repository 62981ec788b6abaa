"""The plane of lesson 3, for the notebook that continues it: its three tasks and its springs."""

import numpy as np

import tinymeta as tm

THETA_STAR = np.array([[-2.0, 0.0], [2.0, 0.5], [0.3, 1.5]])  # (T, 2): w*, b*
CENTRE, HALF_WIDTH = np.array([0.4, 0.6, 1.0]), np.array([2.0, 0.6, 0.6])  # (T,)


def lines(theta_star, x_support, x_query):
    """Noiseless tasks: theta_star (T, 2), inputs (T, K, 1) and (T, Q, 1)."""
    w, b = theta_star.T[..., None, None]  # (T, 1, 1) each
    return tm.Batch(x_support, w * x_support + b, x_query, w * x_query + b)


def three_tasks():
    """The Batch of lesson 3: support and query set of a task have the same Hessian."""
    def inputs(offsets):
        return (CENTRE[:, None] + HALF_WIDTH[:, None] * np.array(offsets))[..., None]  # (T, K, 1)

    return lines(THETA_STAR, inputs([-1, 1]), inputs([-np.sqrt(1.5), 0, np.sqrt(1.5)]))


def hessian(x):
    """H of each task, (T, 2, 2), from x (T, K, 1).  [PLANE.1]"""
    X = np.concatenate([x, np.ones_like(x)], axis=-1)  # (T, K, 2)
    return 2 / x.shape[-2] * X.swapaxes(-1, -2) @ X


def times(matrices, vectors):
    """A matrix (T, 2, 2) times a vector (T, 2) for each task: (T, 2)."""
    return np.einsum("tij,tj->ti", matrices, vectors)


def stiffness(H_support, H_query, alpha, steps):
    """The spring C (T, 2, 2) of each method, [PLANE.5] to [PLANE.8]."""
    left = np.linalg.matrix_power(np.eye(2) - alpha * H_support, steps)  # (T, 2, 2)
    return {"joint training": H_support, "MAML": left @ H_query @ left,
            "first-order MAML": H_query @ left, "Reptile": np.eye(2) - left}


def rest(C, theta_star):
    """Where the springs C hold θ at rest, (2,).  [PLANE.9]"""
    return np.linalg.solve(C.sum(axis=0), times(C, theta_star).sum(axis=0))


def methods(model, alpha, steps):
    """The package's four methods."""
    return {"joint training": tm.JointTraining(model), "MAML": tm.MAML(model, alpha, steps),
            "first-order MAML": tm.MAML(model, alpha, steps, first_order=True),
            "Reptile": tm.Reptile(model, alpha, steps)}


def descend(method, theta, batch, learning_rate, iterations):
    """Plain gradient descent with a method's g: the path (iterations + 1, 2).  [SGD.1]"""
    path, optimizer = [theta], tm.SGD(learning_rate)
    for _ in range(iterations):
        path.append(optimizer.step(path[-1], method.meta_gradient(path[-1], batch)[1]))
    return np.array(path)
