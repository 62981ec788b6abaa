"""The exercises of lesson 7, Dropping the Hessian."""

import numpy as np

from .. import MLP, MAML, SinusoidTasks, compare
from . import exercise


def _network():
    """A small tanh network in float64, θ, and a batch of one task."""
    rng = np.random.default_rng(0)
    model = MLP([1, 8, 8, 1], activation="tanh")
    return model, model.init(rng), SinusoidTasks().sample(rng, n_tasks=1, n_support=5, n_query=5)


def _misalignment_rungs(candidate):
    rng = np.random.default_rng(1)
    H = rng.standard_normal((6, 6))
    H, u = H + H.T, rng.standard_normal(6)

    def measured(u, alpha, steps):
        exact = u.copy()
        for _ in range(steps):
            exact = exact - alpha * H @ exact  # (6,)
        difference = exact / np.linalg.norm(exact) - u / np.linalg.norm(u)
        return 0.5 * difference @ difference  # 1 - cos, without cancellation

    def rung(title, u, alpha, steps):
        return title, lambda: compare(candidate(u, H @ u, alpha, steps), measured(u, alpha, steps), title, "FIRST.4", 3e-4)

    eigenvector = np.linalg.eigh(H)[1][:, -1]
    return [rung("one step", u, 1e-5, 1), rung("three steps", u, 1e-5, 3),
            ("an eigenvector: only the length differs",
             lambda: compare(1 + candidate(eigenvector, H @ eigenvector, 0.1, 1), 1.0, "eigenvector", "FIRST.4"))]


@exercise("FIRST.4", check=_misalignment_rungs)
def misalignment(u, Hu, alpha, steps):
    """The leading term of 1 - cos between first-order and exact meta-gradient, a number.  [FIRST.4]

    u: the query gradient at θ, (P,).  Hu: the support Hessian times u, (P,).  alpha: the inner step
    size.  steps: the number S of inner steps.
    """
    # your turn
    across = Hu - (u @ Hu) / (u @ u) * u  # (P,): the part of H u at right angles to u
    return alpha**2 * steps**2 / 2 * (across @ across) / (u @ u)


def _gradients_rungs(candidate):
    model, theta, batch = _network()
    on_support = lambda t: model.gradient(t, batch.x_support[0], batch.y_support[0])  # noqa: E731
    on_query = lambda t: model.gradient(t, batch.x_query[0], batch.y_query[0])  # noqa: E731
    return [(f"alpha = {alpha}", lambda alpha=alpha: compare(
        candidate(on_support, on_query, theta, alpha), MAML(model, alpha=alpha).meta_gradient(theta, batch)[1],
        "meta-gradient", "FIRST.6", 1e-4)) for alpha in (0.05, 0.2)]


@exercise("FIRST.6", check=_gradients_rungs)
def meta_gradient_from_gradients(support_gradient, query_gradient, theta, alpha, r=1e-4):
    """The meta-gradient of one inner step, (P,), from gradients alone.  [FIRST.6]

    support_gradient, query_gradient: functions of θ (P,) that return (P,).  alpha: the inner step
    size.  r: the step of the central difference that stands in for the Hessian-vector product.
    """
    v = query_gradient(theta - alpha * support_gradient(theta))  # (P,): the first-order gradient
    # your turn
    Hv = (support_gradient(theta + r * v) - support_gradient(theta - r * v)) / (2 * r)  # (P,)
    return v - alpha * Hv
