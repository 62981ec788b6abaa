"""The exercises of lesson 1, A few points of a wave."""

import numpy as np

import tinymeta as tm

from ..diagnosis import Hints, Suspect, compare
from . import exercise


def _mean_by_quadrature(x, amplitude, phase, n=60):
    """The mean of A sin(x - φ) over the two ranges, by Gauss-Legendre quadrature: no antiderivative."""
    nodes, weights = np.polynomial.legendre.leggauss(n)  # on [-1, 1], weights that sum to 2
    A, phi = ((high - low) / 2 * nodes + (high + low) / 2 for low, high in (amplitude, phase))
    values = A[:, None, None] * np.sin(x - phi[:, None])  # (n, n, G)
    return np.einsum("i,j,ijg->g", weights, weights, values) / 4


def _predictor_rungs(candidate):
    x = np.linspace(-5, 5, 21)

    def rung(name, amplitude, phase):
        expected = _mean_by_quadrature(x, amplitude, phase)
        return name, lambda: compare(candidate(x, amplitude, phase), expected, name, "WAVE.2")

    return [rung("the paper's tasks", (0.1, 5.0), (0.0, np.pi)),
            rung("other amplitudes", (1.0, 2.0), (0.0, np.pi)),
            rung("a quarter of the circle", (0.1, 5.0), (0.0, np.pi / 2)),
            rung("phases that begin elsewhere", (0.1, 5.0), (-1.0, 0.5))]


@exercise("WAVE.2", check=_predictor_rungs)
def joint_predictor(x, amplitude, phase):
    """The mean of A sin(x - φ) at x (G,), for A and φ uniform in ranges.  [WAVE.2]

    amplitude, phase: (low, high).  Returns (G,).
    """
    (a_0, a_1), (phi_0, phi_1) = amplitude, phase
    # your turn
    return (a_0 + a_1) / 2 * (np.cos(x - phi_1) - np.cos(x - phi_0)) / (phi_1 - phi_0)  # (G,)


def _wave_rungs(candidate):
    knowing = tm.Linear(1, 1, features=tm.sine_features, bias=False)
    batch = tm.SinusoidTasks().sample(np.random.default_rng(1), n_tasks=5, n_support=2, n_query=7)

    def rung(name, t):
        x, y = batch.x_support[t], batch.y_support[t]  # (2, 1)
        expected = knowing.predict(tm.least_squares(knowing, x, y), batch.x_query[t])  # (7, 1)
        return name, lambda: compare(candidate(batch.x_query[t], x, y), expected, name, "WAVE.5", 1e-9)

    return [rung("one wave", 0), rung("another", 1), rung("a third", 2)]


@exercise("WAVE.5", check=_wave_rungs)
def wave_through_two_points(x, x_support, y_support):
    """The wave through two points, at x (Q, 1), by [WAVE.5].

    x_support, y_support: (2, 1).  Returns (Q, 1).
    """
    (x_1, x_2), (y_1, y_2) = x_support[:, 0], y_support[:, 0]
    # your turn
    return (y_1 * np.sin(x - x_2) - y_2 * np.sin(x - x_1)) / np.sin(x_1 - x_2)  # (Q, 1)


def _errors_rungs(candidate):
    model, rng = tm.MLP([1, 8, 1], activation="tanh"), np.random.default_rng(0)
    theta = model.init(rng)

    def rung(name, n_tasks, n_support, n_query, steps):
        batch = tm.SinusoidTasks().sample(rng, n_tasks, n_support, n_query)
        expected = tm.evaluate_batch(model, theta, batch, alpha=0.05, steps=steps).errors  # (S + 1, T)
        swapped = tm.Batch(batch.x_support, batch.y_support, batch.x_support, batch.y_support)
        support = tm.evaluate_batch(model, theta, swapped, alpha=0.05, steps=steps).errors

        def suspects():
            return [Suspect(support.ravel(), "support", "these are the errors on the support set", "EVAL.1")]

        return name, lambda: compare(candidate(model, theta, batch, 0.05, steps), expected, name, "EVAL.1",
                                     hints=Hints(suspects, tags={"": "EVAL.1"}))

    return [rung("before any step", 3, 5, 8, 0), rung("five steps", 3, 5, 8, 5), rung("one support point", 4, 1, 6, 3)]


@exercise("EVAL.1", check=_errors_rungs)
def query_errors(model, theta, batch, alpha, steps):
    """The errors e_k of [EVAL.1] of each task of a batch, shape (steps + 1, T).

    model.loss(theta, x, y) takes a θ for each task, or a whole trajectory, and returns a loss for each.
    """
    trajectory = tm.adapt(model, theta, batch.x_support, batch.y_support, alpha, steps)  # (steps + 1, T, P)
    # your turn
    return model.loss(trajectory, batch.x_query, batch.y_query)  # (steps + 1, T)
