"""The exercises of lesson 6, MAML on sinusoids."""

import numpy as np

import tinymeta as tm

from ..checking.diagnosis import compare
from ..checking.gradient_check import check_gradient
from . import exercise


def _setting(n_tasks):
    """A tanh network, its θ (read-only: nothing may be changed in place) and a batch."""
    rng = np.random.default_rng(0)
    model = tm.MLP([1, 8, 8, 1], activation="tanh")
    theta = model.init(rng)
    theta.flags.writeable = False
    return model, theta, tm.SinusoidTasks().sample(rng, n_tasks, n_support=5, n_query=6)


def _recursion_rungs(candidate):
    def rung(n_tasks, steps):
        model, theta, batch = _setting(n_tasks)
        ladder = tm.check_meta_gradient(lambda *point: candidate(model, *point), model, theta,
                                        batch, 0.05, [steps])
        return next(iter(ladder.rungs.values()))

    return [("one task, one step", lambda: rung(1, 1)),
            ("one task, two steps", lambda: rung(1, 2)),
            ("seven tasks, five steps", lambda: rung(7, 5))]


@exercise("MAML.2", check=_recursion_rungs)
def backward(model, theta, batch, alpha, steps):
    """The meta-gradient through any number of inner steps, (P,).  [MAML.1], [MAML.2], [MAML.3]

    model.gradient(theta, x, y) and model.hvp(theta, x, y, v) take θ and v of shape (P,) or (T, P).
    """
    support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
    thetas = [theta]  # θ_0 ... θ_S
    for k in range(steps):
        thetas.append(thetas[k] - alpha * model.gradient(thetas[k], *support))  # (T, P)  [INNER.1]
    # your turn
    v = model.gradient(thetas[steps], *query)  # (T, P)  [MAML.1]
    for k in reversed(range(steps)):
        v = v - alpha * model.hvp(thetas[k], *support, v)  # (T, P)  [MAML.2]
    return v.mean(axis=0)  # (P,)  [MAML.3]


def _forward_rungs(candidate):
    def rung(steps):
        model, theta, batch = _setting(4)
        d = np.random.default_rng(1).standard_normal(model.n_params)
        shifted = tm.MAML(model, 0.05, steps).meta_loss(theta + 1e-20j * d, batch)
        return compare(candidate(model, theta, batch, 0.05, steps, d), shifted.imag / 1e-20,
                       "derivative along d", "MAML.2")

    return [("one step", lambda: rung(1)), ("two steps", lambda: rung(2)),
            ("five steps", lambda: rung(5))]


@exercise("MAML.2", check=_forward_rungs)
def along_a_direction(model, theta, batch, alpha, steps, d):
    """The derivative of the meta-loss along d (P,), one number: [MAML.2] read forward.

    Move θ by r d.  Then θ_k moves by r u_k to first order, with u_0 = d: carry θ_k and u_k forward
    together, and store no iterate.
    """
    support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
    u = d
    # your turn
    for _ in range(steps):
        u = u - alpha * model.hvp(theta, *support, u)  # (T, P): I - αH(θ_k) of the coming step
        theta = theta - alpha * model.gradient(theta, *support)  # (T, P)  [INNER.1]
    return (model.gradient(theta, *query) * u).sum(axis=-1).mean()


def _step_size_rungs(candidate):
    def rung(steps):
        model, theta, batch = _setting(3)
        support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        alpha = np.random.default_rng(1).uniform(0.01, 0.05, model.n_params)

        def meta_loss(alpha):
            theta_k = theta
            for _ in range(steps):
                theta_k = theta_k - alpha * model.gradient(theta_k, *support)
            return model.loss(theta_k, *query).mean()

        return check_gradient(meta_loss, candidate(model, theta, batch, alpha, steps), alpha,
                              blocks=model,
                              method="complex", title="gradient in α")

    return [("one step", lambda: rung(1)), ("two steps", lambda: rung(2)),
            ("five steps", lambda: rung(5))]


@exercise("MAML.2", check=_step_size_rungs)
def step_size_gradient(model, theta, batch, alpha, steps):
    """The gradient of the meta-loss in α (P,), which holds a step size for every parameter; (P,).

    See [MAML.2].  The inner step is θ_{k+1} = θ_k - α ⊙ g_𝒮(θ_k).  α appears in it once, directly;
    θ_k depends on α as well.
    """
    support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
    thetas = [theta]
    for k in range(steps):
        thetas.append(thetas[k] - alpha * model.gradient(thetas[k], *support))  # (T, P)
    v = model.gradient(thetas[steps], *query)  # (T, P)  [MAML.1]
    # your turn
    total = np.zeros_like(v)  # (T, P)
    for k in reversed(range(steps)):
        g = model.gradient(thetas[k], *support)  # (T, P)
        total = total - g * v  # what α does directly in step k, times v_{k+1}
        v = v - model.hvp(thetas[k], *support, alpha * v)  # (T, P)  [MAML.2]
    return total.mean(axis=0)  # (P,)
