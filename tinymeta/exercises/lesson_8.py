"""The exercises of lesson 8, Reptile."""

from itertools import permutations

import numpy as np

from .. import MLP, Batch, Reptile, SinusoidTasks, adapt
from . import exercise
from .feedback import judge


def _network(k):
    """A small tanh network, θ, and one task cut into k minibatches of 5: x and y are (k, 5, 1)."""
    rng = np.random.default_rng(0)
    model = MLP([1, 8, 8, 1], activation="tanh")
    theta = model.init(rng)
    batch = SinusoidTasks().sample(rng, n_tasks=1, n_support=5 * k, n_query=1)
    return model, theta, batch.x_support.reshape(k, 5, 1), batch.y_support.reshape(k, 5, 1)


def _direction_rungs(candidate):
    model, theta, x, y = _network(3)
    theta.flags.writeable = False  # an inner step in place is an error

    def rung(title, steps):
        flat = [array[:steps].reshape(1, -1, 1) for array in (x, y)]
        method = Reptile(model, alpha=0.1, steps=steps, batch_size=5)
        expected = method.meta_gradient(theta, Batch(*flat, *flat))[1]

        def mistakes():
            at_start = [model.gradient(theta, x_i, y_i) for x_i, y_i in zip(x[:steps], y[:steps])]
            last = theta - expected  # θ_S
            return [(0.1 * sum(at_start), "all gradients are taken at θ: that is joint training; "
                                          "each step starts where the one before has ended"),
                    (last, "that is θ_S; asked for is θ - θ_S"),
                    (-expected, "θ_S - θ: an optimizer that subtracts it would climb"),
                    (expected / 0.1, "divided by α: that is the sum of the gradients; asked for is "
                                     "θ - θ_S itself")]

        return title, lambda: judge(candidate(model.gradient, theta, x[:steps], y[:steps], 0.1),
                                     expected, title, "REPTILE.1", mistakes)

    return [rung("one minibatch", 1), rung("three minibatches", 3)]


@exercise("REPTILE.1", check=_direction_rungs, hints=[
    "`theta_i` walks, `theta` stays. Each step uses its own minibatch, and starts where the step "
    "before it ended.",
    "`for x_i, y_i in zip(x, y)`: one line of gradient descent, as a new array. What is returned "
    "points from the end to the start."])
def reptile_direction(gradient, theta, x, y, alpha):
    """Reptile's "gradient" θ - θ_S of one task, (P,), one inner step a minibatch.  [REPTILE.1]

    gradient: a function of (θ, x, y) that returns (P,).  theta: (P,), which must stay as it is.
    x, y: the minibatches in the order of use, (S, B, 1) each.  alpha: the inner step size.
    """
    theta_i = theta
    # your turn
    for x_i, y_i in zip(x, y):
        theta_i = theta_i - alpha * gradient(theta_i, x_i, y_i)  # (P,)
    return theta - theta_i


def _inner_rungs(candidate):
    def rung(k):
        model, theta, x, y = _network(k)

        def mean_product(point):
            g = model.gradient(point, x, y)  # (k, P)
            return sum(g[i] @ g[j] for i, j in permutations(range(k), 2)) / (k * (k - 1))

        # half the derivative of the mean inner product, by the complex step
        along = [mean_product(theta + 1e-20j * e).imag / 1e-20 for e in np.eye(theta.size)]
        expected = 0.5 * np.array(along)
        g = model.gradient(theta, x, y)  # (k, P)
        title = f"{k} minibatches"

        def hvp(v):
            return model.hvp(theta, x, y, v)

        def mistakes():
            n, total = k * (k - 1), g.sum(axis=0)
            return [(expected * n / k**2, "divided by k²; there are k (k - 1) pairs i ≠ j"),
                    (expected / 2, "halved once more: the ½ of [TAYLOR.3] stands before the "
                                   "derivative; the mean of H_i g_j has none"),
                    ((k - 1) * expected, "divided by k; there are k (k - 1) pairs i ≠ j"),
                    (2 * expected, "twice: the pairs (i, j) and (j, i) are two of k (k - 1); and "
                                   "a derivative needs its ½"),
                    (hvp(np.tile(total, (k, 1))).sum(axis=0) / k**2,
                     "the pairs i = j are among them: leave each minibatch's own gradient out"),
                    (hvp(np.tile(total, (k, 1))).sum(axis=0) / n,
                     "the pairs i = j are among them: leave each minibatch's own gradient out"),
                    (hvp(g).sum(axis=0) / k, "H_i g_i: the Hessian of one with the gradient of "
                                             "another was asked for")]

        return title, lambda: judge(candidate(g, hvp), expected, title, "TAYLOR.3", mistakes)

    return [rung(4), rung(5)]  # from 4 on k - 1 is not 2


@exercise("TAYLOR.3", check=_inner_rungs, hints=[
    "$\\bar H_i$ is linear: $\\sum_{j \\ne i} \\bar H_i\\, \\bar g_j = "
    "\\bar H_i \\sum_{j \\ne i} \\bar g_j$. What is the inner sum, in terms of the sum of all?",
    "`others = g.sum(axis=0) - g` holds for each $i$ the sum of the other gradients. Multiply, sum "
    "over $i$, and divide by the number of pairs."])
def avg_grad_inner(g, hvp):
    """AvgGradInner of one task: the mean of H_i g_j over all pairs i ≠ j, (P,).  [TAYLOR.3]

    g: the minibatches' gradients at θ, (k, P).  hvp: a function that takes v (k, P) and returns
    the products H_1 v_1, ..., H_k v_k as (k, P).  One call is enough.
    """
    k = len(g)
    # your turn
    others = g.sum(axis=0) - g  # (k, P): for each i, the sum of the other gradients
    return hvp(others).sum(axis=0) / (k * (k - 1))


def _coefficient_rungs(candidate):
    def measured(weights, alpha=1e-6):
        """The two coefficients by least squares, from all orders of the minibatches."""
        k = len(weights)
        model, theta, x, y = _network(k)
        orders = np.array(list(permutations(range(k))))  # (k!, k)
        xs, ys = (array[orders].reshape(len(orders), -1, 1) for array in (x, y))  # (k!, k B, 1)
        trajectory = adapt(model, theta, xs, ys, alpha, k, batch_size=5)  # (k + 1, k!, P)
        inner = [model.gradient(trajectory[i], x[orders[:, i]], y[orders[:, i]]).mean(axis=0)
                 for i in range(k)]
        direction = np.tensordot(weights, inner, axes=1)  # (P,): Σ w_i g_i, mean over orders
        g = model.gradient(theta, x, y)  # (k, P)
        second = -alpha * avg_grad_inner(g, lambda v: model.hvp(theta, x, y, v))  # (P,)
        basis = np.stack([g.mean(axis=0), second], axis=1)  # (P, 2)
        return np.linalg.lstsq(basis, direction, rcond=None)[0]

    cases = {"the last gradient (first-order MAML)": [0.0, 0.0, 0.0, 0.0, 1.0],
             "their sum (Reptile)": [1.0, 1.0, 1.0],
             "the first gradient": [1.0, 0.0, 0.0], "any weights": [0.5, 2.0, 0.0, 1.5]}

    def mistakes(w):
        i, c = np.arange(1, len(w) + 1), w.sum()
        d = ((i - 1) * w).sum()
        return [((c, (len(w) - 1) * c), "that is k - 1 steps behind every g_i; it has i - 1"),
                ((c, (len(w) - 1) * len(w) / 2 * c), "those are Reptile's steps, for any weights"),
                ((c, 2 * d), "twice the second coefficient: that is exact MAML's, which "
                             "multiplies by the Jacobians as well"),
                ((c, (i * w).sum()), "g_i has i - 1 steps behind it, not i"),
                ((c, ((len(w) - i) * w).sum()), "those are the steps after g_i; it has i - 1 "
                                                "behind it"),
                ((d, c), "the two in the other order"),
                ((c, -d), "the minus stands in the formula already: c AvgGrad - d α AvgGradInner")]

    def rung(title, weights):
        w = np.array(weights)
        w.flags.writeable = False
        return title, lambda: judge(np.array(candidate(w)), measured(weights), title, "TAYLOR.1",
                                     lambda: mistakes(w), 3e-4)

    return [rung(title, weights) for title, weights in cases.items()]


@exercise("TAYLOR.1", check=_coefficient_rungs, hints=[
    "Put [TAYLOR.1] into $\\sum_i w_i g_i$ and take the expectation. Each $\\bar g_i$ becomes "
    "AvgGrad. How many terms has the inner sum of $g_i$?",
    "$c = \\sum_i w_i$, and $d = \\sum_i (i - 1)\\, w_i$ with $i$ from 1."])
def coefficients(weights):
    """What a method that follows w_1 g_1 + ... + w_k g_k follows in expectation.  [TAYLOR.1]

    weights: w, (k,).  Returns the pair (c, d) for which the expected direction, over random orders
    of the minibatches, is c AvgGrad - d α AvgGradInner + O(α²).
    """
    # your turn
    return weights.sum(), (np.arange(len(weights)) * weights).sum()  # g_i has i - 1 steps behind it
