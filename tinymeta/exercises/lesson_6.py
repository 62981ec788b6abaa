"""The exercises of lesson 6, MAML on sinusoids, and of What MAML learned beside it."""

import numpy as np

import tinymeta as tm

from ..checking.gradient_check import check_gradient
from ..checking.returned import as_numbers
from . import exercise
from .feedback import explained, judge


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


@exercise("MAML.2", check=_recursion_rungs, hints=[
    "Three things are left: where `v` starts, how it changes in each step backward, and the mean "
    "over tasks. The Hessian of step $k$ belongs to $\\theta_k$, where the step began.",
    "`v = model.gradient(thetas[steps], *query)`; then for `k` from `steps - 1` down to 0, "
    "subtract `alpha` times `model.hvp(thetas[k], *support, v)`; return the mean over axis 0."])
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
    def rung(title, steps):
        model, theta, batch = _setting(4)
        support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        d = np.random.default_rng(1).standard_normal(model.n_params)
        d.flags.writeable = False
        shifted = tm.MAML(model, 0.05, steps).meta_loss(theta + 1e-20j * d, batch)
        expected = shifted.imag / 1e-20

        def walk(late=False, at=None, sign=-1.0, sum_of=np.mean):
            theta_k, u = theta, d
            for _ in range(steps):
                after = theta_k - 0.05 * model.gradient(theta_k, *support)
                place = after if late else theta if at else theta_k
                u = u + sign * 0.05 * model.hvp(place, *support, u)
                theta_k = after
            return sum_of((model.gradient(theta_k, *query) * u).sum(axis=-1))

        def mistakes():
            end = tm.adapt(model, theta, *support, 0.05, steps)[-1]
            return [(walk(late=True), "θ was moved before u: the Hessian of a step belongs to θ_k, "
                                      "where the step begins; here it is at θ_{k+1}"),
                    (walk(at="start"), "every Hessian is taken at θ_0; step k has its own, at θ_k"),
                    (walk(sign=1.0), "the sign: u moves by (I - αH) u"),
                    (walk(sum_of=np.sum), "a sum over tasks where the mean is meant"),
                    ((model.gradient(end, *query) @ d).mean(), "u was never moved: that is the "
                     "first-order gradient along d"),
                    ((model.gradient(theta, *query) @ d).mean(), "the query gradient belongs to "
                     "θ_S, and u too")]

        return title, lambda: judge(candidate(model, theta, batch, 0.05, steps, d), expected,
                                     "derivative along d", "MAML.2", mistakes)

    return [rung("one step", 1), rung("two steps", 2), rung("five steps", 5)]


@exercise("MAML.2", check=_forward_rungs, hints=[
    "If $\\theta_k$ moves by $u_k$, then $g_\\mathcal{S}(\\theta_k)$ moves by "
    "$H_\\mathcal{S}(\\theta_k)\\, u_k$, to first order. So how does $\\theta_{k+1}$ move? And "
    "the query loss, when $\\theta_S$ moves by $u_S$?",
    "In each step first `u = u - alpha * model.hvp(theta, *support, u)`, with the old `theta`, "
    "then the step itself. At the end the query gradient times `u`, summed over the last axis, "
    "averaged over tasks."])
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
    def rung(title, steps):
        model, theta, batch = _setting(3)
        support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)
        alpha = np.random.default_rng(1).uniform(0.01, 0.05, model.n_params)
        alpha.flags.writeable = False

        def meta_loss(alpha):
            theta_k = theta
            for _ in range(steps):
                theta_k = theta_k - alpha * model.gradient(theta_k, *support)
            return model.loss(theta_k, *query).mean()

        def walk(which="all", after=False, first_order=False, outside=False):
            """The gradient with something changed: v_k for v_{k+1}, no H, α outside of H."""
            thetas = tm.adapt(model, theta, *support, alpha, steps)
            v, total = model.gradient(thetas[-1], *query), 0.0
            for k in reversed(range(steps)):
                g, before = model.gradient(thetas[k], *support), v
                if not first_order:
                    Hv = model.hvp(thetas[k], *support, v if outside else alpha * v)
                    v = v - alpha * Hv if outside else v - Hv
                if which == "all" or k == which:
                    total = total - g * (v if after else before)
            return total.mean(axis=0), v.mean(axis=0)

        def check():
            derived = as_numbers("the gradient", candidate(model, theta, batch, alpha, steps),
                                 (model.n_params,))
            report = check_gradient(meta_loss, derived, alpha, blocks=model, method="complex",
                                    title="gradient in α")
            return report if report else explained(report, derived, lambda: [
                (walk()[1], "that is the gradient in θ, v_0; α stands elsewhere in the step"),
                (walk(after=True)[0], "g is multiplied by v_k; the change of θ_{k+1} is worth "
                                      "v_{k+1}: add before v is taken back"),
                (walk(which=steps - 1)[0], "the last step only; α stands in every step"),
                (walk(which=0)[0], "the first step only; α stands in every step"),
                (walk(first_order=True)[0], "v was never taken back: the Hessians are missing"),
                (walk(outside=True)[0], "v - α ⊙ (H v); the transpose of I - diag(α) H is "
                                        "I - H diag(α): v - H (α ⊙ v)")], "MAML.2")

        return title, check

    return [rung("one step", 1), rung("two steps", 2), rung("five steps", 5)]


@exercise("MAML.2", check=_step_size_rungs, hints=[
    "Change $\\alpha_j$ by $\\epsilon$ in step $k$ alone: entry $j$ of $\\theta_{k+1}$ changes by "
    "$-\\epsilon\\, g_{\\mathcal{S}, j}(\\theta_k)$. What a change of $\\theta_{k+1}$ is worth, "
    "$v_{k+1}$ says. Add up over the steps.",
    "Walk backward as in [MAML.2]. In each step first subtract "
    "`model.gradient(thetas[k], *support) * v` from a total, then take `v` back, with "
    "`model.hvp(thetas[k], *support, alpha * v)`: $\\alpha$ stands inside, since the transpose of "
    "$I - \\mathrm{diag}(\\alpha) H$ is $I - H\\, \\mathrm{diag}(\\alpha)$."])
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
