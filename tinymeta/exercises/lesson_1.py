"""The exercises of lesson 1, A few points of a wave."""

import numpy as np

import tinymeta as tm

from ..checking.diagnosis import Hints, KnownMistake, compare
from . import exercise


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

        def suspects():
            special = -2 * A / np.pi * np.cos(x)
            upside_down = A * (np.cos(x - phase[1]) + np.cos(x - phase[0])) / width
            return [KnownMistake(special, "range", "this is the mean for phases in [0, π]; "
                                 "here they cover another range", "WAVE.2"),
                    KnownMistake(upside_down, "sign",
                                 "the antiderivative at both ends: subtract, do not add", "WAVE.2")]

        hints = Hints(suspects, {"the width of the phases": width}, {"": "WAVE.2"})
        return name, lambda: compare(candidate(x, amplitude, phase), expected, name, "WAVE.2",
                                     hints=hints)

    return [rung("the paper's tasks", (0.1, 5.0), (0.0, np.pi)),
            rung("other amplitudes", (1.0, 2.0), (0.0, np.pi)),
            rung("a smaller range of phases", (0.1, 5.0), (0.0, 1.2)),
            rung("phases that begin elsewhere", (0.1, 5.0), (-1.0, 0.5))]


@exercise("WAVE.2", check=_predictor_rungs)
def joint_predictor(x, amplitude, phase):
    """The mean of A sin(x - ψ) at x (G,), for A and ψ uniform in ranges.  [WAVE.2]

    amplitude, phase: (low, high).  Returns (G,).
    """
    (a_0, a_1), (psi_0, psi_1) = amplitude, phase
    # your turn
    return (a_0 + a_1) / 2 * (np.cos(x - psi_1) - np.cos(x - psi_0)) / (psi_1 - psi_0)  # (G,)


def _wave_rungs(candidate):
    knowing = tm.Linear(1, 1, features=tm.sine_features, bias=False)
    batch = tm.SinusoidTasks().sample(np.random.default_rng(1), n_tasks=5, n_support=2, n_query=7)

    def rung(name, t):
        x, y = batch.x_support[t], batch.y_support[t]  # (2, 1)
        expected = knowing.predict(tm.least_squares(knowing, x, y), batch.x_query[t])  # (7, 1)

        def suspects():
            (x_1, x_2), (y_1, y_2), s = x[:, 0], y[:, 0], np.sin(x[0] - x[1])
            to_1, to_2 = (np.sin(batch.x_query[t, :, 0] - at) for at in (x_1, x_2))  # (7,) each
            swapped, added = (y_2 * to_2 - y_1 * to_1) / s, (y_1 * to_2 + y_2 * to_1) / s
            return [KnownMistake(swapped, "order", "at x_1 this is y_2: the points are swapped",
                                 "WAVE.5"),
                    KnownMistake(added, "sign", "at x_2 this is -y_2: a sign", "WAVE.5")]

        return name, lambda: compare(candidate(batch.x_query[t], x, y), expected, name, "WAVE.5",
                                     1e-9, hints=Hints(suspects, tags={"": "WAVE.5"}))

    return [rung("one wave", 0), rung("another", 1), rung("a third", 2)]


@exercise("WAVE.5", check=_wave_rungs)
def wave_through_two_points(x, x_support, y_support):
    """The wave through two points, at x (Q, 1), by [WAVE.5].

    x_support, y_support: (2, 1).  Returns (Q, 1).
    """
    (x_1, x_2), (y_1, y_2) = x_support[:, 0], y_support[:, 0]
    # your turn
    return (y_1 * np.sin(x - x_2) - y_2 * np.sin(x - x_1)) / np.sin(x_1 - x_2)  # (Q, 1)


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

        def suspects():
            support, cheat = (errors(tm.Batch(*of, *of)).ravel() for of in (S, Q))
            still = np.tile(expected[0], steps + 1)
            carried = _carried_over(model, theta, batch, 0.05, steps).ravel()
            return [KnownMistake(support, "support", "these are the errors on the support set",
                                 "EVAL.1"),
                    KnownMistake(cheat, "query", "this adapts to the query set; it is for the "
                                 "score only", "EVAL.1"),
                    KnownMistake(still, "start", "these are the errors at θ_0, at every step",
                                 "EVAL.1"),
                    KnownMistake(carried, "carried over", "each task starts where the one before "
                                 "has ended: start from θ again", "EVAL.1")]

        return name, lambda: compare(candidate(model, theta, batch, 0.05, steps), expected, name,
                                     "EVAL.1", hints=Hints(suspects, tags={"": "EVAL.1"}))

    return [rung("before any step", 3, 5, 8, 0), rung("five steps", 3, 5, 8, 5),
            rung("one support point", 4, 1, 6, 3)]


@exercise("EVAL.1", check=_errors_rungs)
def query_errors(model, theta, batch, alpha, steps):
    """The errors e_k of [EVAL.1] of each task of a batch, shape (steps + 1, T).

    model.loss(theta, x, y) takes a θ for each task, or a whole trajectory, and returns a loss for
    each.
    """
    support = batch.x_support, batch.y_support
    trajectory = tm.adapt(model, theta, *support, alpha, steps)  # (steps + 1, T, P)
    # your turn
    return model.loss(trajectory, batch.x_query, batch.y_query)  # (steps + 1, T)
