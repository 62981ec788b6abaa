"""The exercises of lesson 7, Dropping the Hessian, and of Making it fast."""

import numpy as np

from .. import MAML, MLP, SinusoidTasks, adapt
from . import exercise
from .feedback import judge


def _network():
    """A small tanh network in float64, θ, and a batch of one task."""
    rng = np.random.default_rng(0)
    model = MLP([1, 8, 8, 1], activation="tanh")
    return model, model.init(rng), SinusoidTasks().sample(rng, n_tasks=1, n_support=5, n_query=5)


def _quadratic_rungs(candidate):
    lam, start = np.array([0.3, 1.0, 2.5, 4.0]), np.array([1.0, -2.0, 0.5, 1.5])

    def cosine(a, b):
        return a @ b / np.sqrt((a @ a) * (b @ b))

    def rung(title, alpha, steps):
        c = start
        for _ in range(steps):
            c = c - alpha * lam * c  # the inner loop, step by step
        first_order = exact = lam * c
        for _ in range(steps):
            exact = exact - alpha * lam * exact  # [MAML.2], step by step
        factor = (1 - alpha * lam) ** steps

        def mistakes():
            return [(cosine(a, b), what) for a, b, what in (
                        (factor * lam * start, lam * start,
                         "that is the cosine with the gradient at the start; the first-order one "
                         "is taken at the end of the inner loop"),
                        (factor * c, c, "the gradient of ½ Σ λ c² is λ c: the λ is missing"),
                        ((1 - alpha * lam) * first_order, first_order,
                         "one factor 1 - αλ; each of the S steps brings one"),
                        (c, start, "that is the cosine of θ_S - θ* with θ - θ*, not of the "
                                   "gradients"))]

        return title, lambda: judge(candidate(lam, start, alpha, steps),
                                     cosine(exact, first_order), title, "MAML.2", mistakes)

    return [rung("small α", 0.05, 2), rung("one step that overshoots", 0.4, 1),
            rung("two steps that overshoot", 0.4, 2), rung("five steps", 0.4, 5)]


@exercise("MAML.2", check=_quadratic_rungs, hints=[
    "A step multiplies $c_i$ by $1 - \\alpha\\lambda_i$, and so does each factor of [MAML.2] with "
    "the gradient. Write $c_i$ after $S$ steps, the gradient there, and the same taken back.",
    "First-order: $\\lambda_i (1 - \\alpha\\lambda_i)^S c_i$. Exact: "
    "$(1 - \\alpha\\lambda_i)^S$ times that. Their scalar product has the factor "
    "$(1 - \\alpha\\lambda_i)^{S}$ on a sum of squares: for even $S$ it is not negative."])
def cosine_on_a_quadratic(lam, c, alpha, steps):
    """The cosine of exact and first-order gradient after S steps on ½ Σ λ_i c_i².  [MAML.2]

    lam: the eigenvalues λ (P,).  c: the start's components along the eigenvectors (P,).  alpha: the
    inner step size.  steps: S.  Support and query loss are the same.  Returns one number.
    """
    # your turn
    factor = (1 - alpha * lam) ** steps  # (P,): what S inner steps do to c
    first_order = lam * factor * c  # (P,): the gradient at θ_S
    exact = factor * first_order  # (P,): [MAML.2] S times, always the same H
    return exact @ first_order / np.sqrt((exact @ exact) * (first_order @ first_order))


def _truncated_rungs(candidate):
    model, theta, batch = _network()
    support, query = (batch.x_support[0], batch.y_support[0]), (batch.x_query[0], batch.y_query[0])
    trajectory = adapt(model, theta, *support, 0.1, 4)  # (5, P)
    theta.flags.writeable = False

    def walk(over):
        v = model.gradient(trajectory[4], *query)
        for k in over:
            v = v - 0.1 * model.hvp(trajectory[k], *support, v)
        return v

    def rung(title, keep):
        if keep == 0:
            method, start = MAML(model, alpha=0.1, steps=4, first_order=True), theta
        else:  # the exact gradient of a MAML that starts `keep` steps before the end
            method, start = MAML(model, alpha=0.1, steps=keep), trajectory[4 - keep]
        expected = method.meta_gradient(start, batch)[1]

        def mistakes():
            found = [(walk(range(keep - 1, -1, -1)), "these are the Hessians of the first "
                      f"{keep} steps; expected the last, at θ_{{S-1}} ... θ_{{S-keep}}"),
                     (walk(range(4 - keep, 4)), "the right Hessians in the wrong order: walk from "
                      "the last step to the first"),
                     (walk(range(4, 4 - keep, -1)), "the Hessians are one iterate late: step k has "
                      "its Hessian at θ_k, before the step")]
            if keep == 0:
                found.append((walk(range(3, -1, -1)), "with keep = 0 all Hessians were kept: a "
                              "slice [-keep:] with keep = 0 is [-0:], which is everything"))
            return found

        return title, lambda: judge(candidate(model, theta, support, query, 0.1, 4, keep),
                                     expected, title, "MAML.2", mistakes)

    return [rung("none kept: first-order", 0), rung("all kept: exact", 4),
            rung("the last two kept", 2)]


@exercise("MAML.2", check=_truncated_rungs, hints=[
    "The walk back starts at the last step, $k = S - 1$, and takes `keep` steps. Which $k$ is the "
    "last that it visits?",
    "`for k in range(steps - 1, steps - keep - 1, -1)`: with `keep = 0` this is empty, with "
    "`keep = steps` it ends at 0. Inside, one line of [MAML.2]."])
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
    theta.flags.writeable = False
    support, query = (batch.x_support[0], batch.y_support[0]), (batch.x_query[0], batch.y_query[0])

    def on_support(t):
        return model.gradient(t, *support)

    def on_query(t):
        return model.gradient(t, *query)

    def rung(alpha):
        expected = MAML(model, alpha=alpha).meta_gradient(theta, batch)[1]
        v = on_query(theta - alpha * on_support(theta))
        Hv = (on_support(theta + 1e-4 * v) - on_support(theta - 1e-4 * v)) / 2e-4
        one_sided = (on_support(theta + 1e-4 * v) - on_support(theta)) / 1e-4
        at_end = model.hvp(theta - alpha * on_support(theta), *support, v)

        def mistakes():
            return [
                (v, "this is the first-order gradient: the Hessian term is missing"),
                (v + alpha * Hv, "the Hessian term has the wrong sign: v - α H v"),
                (v - Hv, "the Hessian term is without its α"),
                (v - 2 * alpha * Hv, "twice the Hessian term: the two points are 2 r apart"),
                (v - alpha * one_sided, "a one-sided difference: right to order r only; take the "
                                        "points θ + r v and θ - r v"),
                (v - alpha * at_end, "the Hessian is taken after the step; it belongs to θ, "
                                     "before it")]

        return f"alpha = {alpha}", lambda: judge(
            candidate(on_support, on_query, theta, alpha), expected, "meta-gradient", "FIRST.6",
            mistakes, tolerance=3e-5)

    return [rung(0.05), rung(0.2)]


@exercise("FIRST.6", check=_gradients_rungs, hints=[
    "$g(\\theta + r v) = g(\\theta) + r H v + O(r^2)$. Which other point has the same $r^2$ term, "
    "so that a difference loses it?",
    "$g(\\theta + r v) - g(\\theta - r v) = 2 r H v + O(r^3)$. Divide by $2 r$, then one step of "
    "[MAML.2]."])
def meta_gradient_from_gradients(support_gradient, query_gradient, theta, alpha, r=1e-4):
    """The meta-gradient of one inner step, (P,), from gradients alone.  [FIRST.6]

    support_gradient, query_gradient: functions of θ (P,) that return (P,).  alpha: the inner step
    size.  r: the step of the difference that stands in for the Hessian-vector product.
    """
    v = query_gradient(theta - alpha * support_gradient(theta))  # (P,): the first-order gradient
    # your turn
    Hv = (support_gradient(theta + r * v) - support_gradient(theta - r * v)) / (2 * r)  # (P,)
    return v - alpha * Hv
