"""The exercises of lesson 7, Dropping the Hessian."""

import numpy as np

from .. import MAML, MLP, SinusoidTasks, adapt, compare
from . import exercise


def _network():
    """A small tanh network in float64, θ, and a batch of one task."""
    rng = np.random.default_rng(0)
    model = MLP([1, 8, 8, 1], activation="tanh")
    return model, model.init(rng), SinusoidTasks().sample(rng, n_tasks=1, n_support=5, n_query=5)


def _truncated_rungs(candidate):
    model, theta, batch = _network()
    support, query = (batch.x_support[0], batch.y_support[0]), (batch.x_query[0], batch.y_query[0])
    trajectory = adapt(model, theta, *support, 0.1, 4)  # (5, P)

    def rung(title, keep):
        if keep == 0:
            method, start = MAML(model, alpha=0.1, steps=4, first_order=True), theta
        else:  # the exact gradient of a MAML that starts `keep` steps before the end
            method, start = MAML(model, alpha=0.1, steps=keep), trajectory[4 - keep]
        expected = method.meta_gradient(start, batch)[1]
        return title, lambda: compare(candidate(model, theta, support, query, 0.1, 4, keep),
                                      expected, title, "MAML.2")

    return [rung("none kept: first-order", 0), rung("all kept: exact", 4),
            rung("the last two kept", 2)]


@exercise("MAML.2", check=_truncated_rungs)
def truncated_meta_gradient(model, theta, support, query, alpha, steps, keep):
    """One task's meta-gradient (P,), with the Hessians of the last `keep` steps only.  [MAML.2]

    support, query: pairs (x, y), each (K, 1).  steps: S.  keep: how many steps the walk back goes
    through, 0 ... S; the inner gradients of the steps before count as constants.
    """
    trajectory = [theta]  # θ_0 ... θ_S
    for _ in range(steps):
        trajectory.append(trajectory[-1] - alpha * model.gradient(trajectory[-1], *support))  # (P,)
    # your turn
    v = model.gradient(trajectory[steps], *query)  # (P,)
    for k in range(steps - 1, steps - keep - 1, -1):  # θ_{S-1} ... θ_{S-keep}
        v = v - alpha * model.hvp(trajectory[k], *support, v)
    return v


def _gradients_rungs(candidate):
    model, theta, batch = _network()
    on_support = lambda t: model.gradient(t, batch.x_support[0], batch.y_support[0])  # noqa: E731
    on_query = lambda t: model.gradient(t, batch.x_query[0], batch.y_query[0])  # noqa: E731
    return [(f"alpha = {alpha}", lambda alpha=alpha: compare(
        candidate(on_support, on_query, theta, alpha),
        MAML(model, alpha=alpha).meta_gradient(theta, batch)[1],
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
