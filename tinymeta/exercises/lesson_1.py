"""The exercises of lesson 1, A few points of a wave."""

import numpy as np

import tinymeta as tm

from . import exercise
from .feedback import judge


def _mean_by_quadrature(x, amplitude, phase, n=60):
    """The mean of A sin(x - ψ) over the two ranges, by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(n)  # on [-1, 1], weights that sum to 2
    A, psi = ((high - low) / 2 * nodes + (high + low) / 2 for low, high in (amplitude, phase))
    values = A[:, None, None] * np.sin(x - psi[:, None])  # (n, n, G)
    return np.einsum("i,j,ijg->g", weights, weights, values) / 4


def _predictor_rungs(candidate):
    x = np.linspace(-5, 5, 21)

    def rung(name, amplitude, phase):
        expected = _mean_by_quadrature(x, amplitude, phase)
        A, width = np.mean(amplitude), phase[1] - phase[0]

        def mistakes():
            return [(-2 * A / np.pi * np.cos(x), "this is the mean for phases in [0, π]; here they "
                     "cover another range"),
                    (A * (np.cos(x - phase[1]) + np.cos(x - phase[0])) / width,
                     "the antiderivative at both ends: subtract, do not add"),
                    (A * np.sin(x - np.mean(phase)), "this is the wave with the mean phase, the "
                     "sine of the mean; asked for is the mean of the sine"),
                    (expected * width, "the integral alone: a mean is divided by the width of the "
                     "range, ψ_1 - ψ_0"),
                    (expected * width / np.pi, "divided by π; here the width of the range is "
                     "ψ_1 - ψ_0"),
                    (expected * width / (2 * np.pi), "divided by 2π; here the width of the range "
                     "is ψ_1 - ψ_0"),
                    (-expected, "the sign is flipped: differentiate cos(x - ψ) in ψ once more"),
                    (expected / A * (amplitude[1] - amplitude[0]), "the mean of A is half the sum "
                     "of its limits, not their difference")]

        return name, lambda: judge(candidate(x, amplitude, phase), expected, name, "WAVE.2",
                                   mistakes)

    return [rung("the paper's tasks", (0.1, 5.0), (0.0, np.pi)),
            rung("other amplitudes", (1.0, 2.0), (0.0, np.pi)),
            rung("a smaller range of phases", (0.1, 5.0), (0.0, 1.2)),
            rung("phases that begin elsewhere", (0.1, 5.0), (-1.0, 0.5))]


@exercise("WAVE.2", check=_predictor_rungs, hints=[
    "A mean over a range is an integral divided by the width of the range. The integral "
    "of a product "
    "of something in $A$ and something in $\\psi$ splits in two.",
    "$\\cos(x - \\psi)$ has the derivative $+\\sin(x - \\psi)$ in $\\psi$. So the mean "
    "over $\\psi$ is "
    "$[\\cos(x - \\psi_1) - \\cos(x - \\psi_0)]/(\\psi_1 - \\psi_0)$; what is left is the "
    "mean of $A$."])
def joint_predictor(x, amplitude, phase):
    """The mean of A sin(x - ψ) at x (G,), for A and ψ uniform in ranges.  [WAVE.2]

    amplitude, phase: (low, high).  Returns (G,).
    """
    (a_0, a_1), (psi_0, psi_1) = amplitude, phase
    # your turn
    return (a_0 + a_1) / 2 * (np.cos(x - psi_1) - np.cos(x - psi_0)) / (psi_1 - psi_0)  # (G,)


def _raised_rungs(candidate):
    rng = np.random.default_rng(1)

    def rung(name, height):
        A, psi = rng.uniform(1, 5), rng.uniform(0, np.pi)
        at, x = rng.uniform(-2, 2, (3, 1)), np.linspace(-5, 5, 9)[:, None]
        y, expected = (A * np.sin(points - psi) + height for points in (at, x))

        def mistakes():
            two = tm.Linear(1, 1, features=tm.sine_features, bias=False)
            through = two.predict(tm.least_squares(two, at, y), x)
            mean = y.mean()
            shifted = two.predict(tm.least_squares(two, at, y - mean), x) + mean
            return [(through, "this wave has no constant: the best A sin(x - ψ) for three points"),
                    (expected - height, "the constant is found and not added"),
                    (shifted, "the mean of three values of y is not the height c: a wave's values "
                     "at three points need not have the mean zero")]

        return name, lambda: judge(candidate(x, at, y), expected, name, "WAVE.4", mistakes, 1e-9)

    return [rung("a wave at height 0", 0.0), rung("a raised wave", 2.0),
            rung("a lowered wave", -1.5)]


@exercise("WAVE.4", check=_raised_rungs, hints=[
    "Each unknown number needs one equation, so one point. [WAVE.4] has two unknowns; how many has "
    "$w_1 \\sin x + w_2 \\cos x + c$?",
    "Three points give $Fw = y$, with the rows $(\\sin x_i, \\cos x_i, 1)$ in $F$ and "
    "$w = (w_1, w_2, c)$. `np.linalg.solve` solves it; the same three columns at the other $x$, "
    "times $w$, are the answer."])
def raised_wave(x, x_support, y_support):
    """The wave A sin(x - ψ) + c through three points, at x (Q, 1).  [WAVE.4]

    x_support, y_support: (3, 1).  Returns (Q, 1).
    """
    # your turn
    def columns(x):
        return np.concatenate([np.sin(x), np.cos(x), np.ones_like(x)], axis=1)  # (Q, 3)

    w = np.linalg.solve(columns(x_support), y_support)  # (3, 1): w_1, w_2, c
    return columns(x) @ w  # (Q, 1)


def _carried_over(model, theta, batch, alpha, steps):
    """The errors (S + 1, T) of a mistake: θ is not reset from one task to the next."""
    errors = []
    tasks = zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query)
    for x, y, x_query, y_query in tasks:
        trajectory = tm.adapt(model, theta, x, y, alpha, steps)  # (S + 1, P)
        errors.append(model.loss(trajectory, x_query, y_query))  # (S + 1,)
        theta = trajectory[-1]
    return np.stack(errors, axis=1)


def _errors_rungs(candidate):
    model, rng = tm.MLP([1, 8, 1], activation="tanh"), np.random.default_rng(0)
    theta = model.init(rng)

    def rung(name, n_tasks, n_support, n_query, steps):
        batch = tm.SinusoidTasks().sample(rng, n_tasks, n_support, n_query)
        S, Q = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)

        def errors(batch):
            return tm.evaluate_batch(model, theta, batch, alpha=0.05, steps=steps).errors

        expected = errors(batch)  # (S + 1, T)

        def mistakes():
            support, cheat = (errors(tm.Batch(*of, *of)) for of in (S, Q))
            return [(support, "these are the errors on the support set"),
                    (cheat, "this adapts to the query set; it is for the score only"),
                    (np.tile(expected[0], (steps + 1, 1)), "these are the errors at θ_0, at every "
                     "step"),
                    (_carried_over(model, theta, batch, 0.05, steps), "each task starts where the "
                     "one before has ended: start from θ again")]

        return name, lambda: judge(candidate(model, theta, batch, 0.05, steps), expected, name,
                                   "EVAL.1", mistakes)

    return [rung("before any step", 3, 5, 8, 0), rung("five steps", 3, 5, 8, 5),
            rung("one support point", 4, 1, 6, 3)]


@exercise("EVAL.1", check=_errors_rungs, hints=[
    "One set was used to adapt. On which set is the loss to be measured?",
    "`model.loss` takes the whole trajectory at once: give it that, and the query points, and it "
    "returns a loss for each step and task."])
def query_errors(model, theta, batch, alpha, steps):
    """The errors e_k of [EVAL.1] of each task of a batch, shape (steps + 1, T).

    model.loss(theta, x, y) takes a θ for each task, or a whole trajectory, and returns a loss for
    each.
    """
    support = batch.x_support, batch.y_support
    trajectory = tm.adapt(model, theta, *support, alpha, steps)  # (steps + 1, T, P)
    # your turn
    return model.loss(trajectory, batch.x_query, batch.y_query)  # (steps + 1, T)
