"""The exercises of lesson 2, A line, by hand."""

import numpy as np

import tinymeta as tm

from ..checking.diagnosis import Hints, KnownMistake, compare
from ..checking.ladder import LearnerError
from . import exercise


def _line(seed, K):
    """θ (2,), x (K, 1), y (K, 1)."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2), rng.standard_normal((K, 1)), rng.standard_normal((K, 1))


def _gradient_rungs(candidate):
    model = tm.Linear(1, 1)

    def rung(name, K):
        theta, x, y = _line(K, K)
        dw, db = model.gradient(theta, x, y)
        suspects = [KnownMistake(np.array([db, db]), "x",
                                 "the derivative in w has the factor x: it is missing", "LIN.2"),
                    KnownMistake(np.array([dw, dw]), "x", "the derivative in b has no factor x",
                                 "LIN.2")]
        hints = Hints(lambda: suspects, {"K": K}, {"W": "LIN.2", "b": "LIN.2", "": "LIN.2"})
        return name, lambda: tm.check_gradient(
            lambda t: model.loss(t, x, y), lambda t: candidate(t, x, y), theta,
            blocks=[("w", (1,)), ("b", (1,))], title=name, hints=hints)

    return [rung("five points", 5), rung("one point", 1), rung("eight points", 8)]


@exercise("LIN.2", check=_gradient_rungs)
def gradient_of_a_line(theta, x, y):
    """The gradient of L = mean (w x + b - y)² in θ = (w, b), shape (2,).  [LIN.2]

    theta: (2,).  x, y: (K, 1).
    """
    error = theta[0] * x + theta[1] - y  # (K, 1)
    # your turn
    return np.array([2 * (error * x).mean(), 2 * error.mean()])  # (2,)


def _complex_rungs(candidate):
    def cubic(theta):
        return theta[0] ** 3 * theta[1] - np.sin(theta[1])

    theta, x, y = _line(0, 6)
    model, network = tm.Linear(1, 1), tm.MLP([1, 3, 1], activation="tanh")
    weights = network.init(np.random.default_rng(1))
    cases = [("a function of two numbers", cubic, theta,
              np.array([3 * theta[0] ** 2 * theta[1], theta[0] ** 3 - np.cos(theta[1])])),
             ("the loss of a line", lambda t: model.loss(t, x, y), theta,
              model.gradient(theta, x, y)),
             ("the loss of a network", lambda t: network.loss(t, x, y), weights,
              network.gradient(weights, x, y))]

    def check(name, f, at, expected):
        found = np.asarray(candidate(f, at))
        if found.shape == expected.shape and found.dtype.kind in "fc":
            _explain_complex_step(found, expected)
        return compare(found, expected, name, "CHECK.1", 1e-13)

    return [(case[0], lambda case=case: check(*case)) for case in cases]


def _explain_complex_step(found, expected):
    """Raise LearnerError for what often goes wrong with a complex step, if any of it fits."""
    error = np.linalg.norm(found.real - expected) / np.linalg.norm(expected)
    if found.dtype.kind == "c":
        raise LearnerError("the result is complex: is the imaginary part to be taken?", "complex",
                           "CHECK.1")
    if not found.any():
        raise LearnerError("all zeros: was i h written into an array of real numbers? "
                           "It keeps the real part only", "zero", "CHECK.1")
    if 1e-13 < error < 1e-4:
        raise LearnerError(f"right to {error:.0e} and no further: a difference of two values, "
                           f"or too large an h?", "precision", "CHECK.1")


@exercise("CHECK.1", check=_complex_rungs)
def complex_gradient(f, theta):
    """The gradient of f at theta (P,) by the complex step, shape (P,).  [CHECK.1]"""
    h = 1e-20
    # your turn
    return np.array([f(theta + 1j * h * e).imag / h for e in np.eye(theta.size)])  # (P,)


def _hvp_rungs(candidate):
    model = tm.Linear(2, 1, bias=False)

    def rung(name, K):
        rng = np.random.default_rng(K)
        theta, F = rng.standard_normal(2), rng.standard_normal((K, 2))
        y = rng.standard_normal((K, 1))
        hints = Hints(sizes={"K": K}, tags={"W": "LIN.4", "": "LIN.4"})
        return name, lambda: tm.check_hvp(
            lambda t: model.gradient(t, F, y), lambda t, v: candidate(F, v), theta,
            blocks=model, title=name, hints=hints)

    return [rung("three points", 3), rung("seven points", 7)]


@exercise("LIN.4", check=_hvp_rungs)
def hessian_times_vector(F, v):
    """H v for the mean squared error of f = w_1 F_1 + w_2 F_2, shape (2,).

    By [LIN.3], [LOSS.3] and [LIN.4].

    F: (K, 2), the features as columns.  v: (2,), a direction of θ = (w_1, w_2).
    """
    K = len(F)
    # your turn
    f_dot = F @ v  # (K,)
    return F.T @ (2 / K * f_dot)  # (2,)


def _adapted_rungs(candidate):
    model = tm.Linear(1, 1)

    def rung(name, alpha, steps):
        theta, x, y = _line(3, 5)
        H = np.array([model.hvp(theta, x, y, e) for e in np.eye(2)])  # (2, 2)
        star = tm.least_squares(model, x, y)
        expected = tm.adapt(model, theta, x, y, alpha, steps)[-1]

        def suspects():
            shrink, distance = np.eye(2) - alpha * H, theta - star
            power = np.linalg.matrix_power(shrink, steps)
            at_start = "the matrix acts on θ_0 - θ*, not on θ_0"
            return [KnownMistake(star + shrink**steps @ distance, "entries", "** is the power of "
                                 "each entry; for the matrix there is matrix_power", "LINE.5"),
                    KnownMistake(power @ distance, "distance", "this is the distance from θ*, "
                                 "not θ_S", "LINE.5"),
                    KnownMistake(power @ theta, "start", at_start, "LINE.5"),
                    KnownMistake(star + power @ theta, "start", at_start, "LINE.5"),
                    KnownMistake(star - power @ distance, "sign", "the other side of θ*: a sign",
                                 "LINE.5")]

        return name, lambda: compare(candidate(theta, star, H, alpha, steps), expected, name,
                                     "LINE.5", hints=Hints(suspects, tags={"": "LINE.5"}))

    return [rung("no step", 0.1, 0), rung("one step", 0.1, 1), rung("seven steps", 0.2, 7)]


@exercise("LINE.5", check=_adapted_rungs)
def adapted(theta, theta_star, H, alpha, steps):
    """θ_S after a number of inner steps from theta (P,), without a loop, shape (P,).  [LINE.5]

    theta_star: (P,), the best parameters.  H: (P, P), the Hessian.
    """
    shrink = np.eye(theta.size) - alpha * H  # (P, P)
    return theta_star + np.linalg.matrix_power(shrink, steps) @ (theta - theta_star)  # (P,)
