"""The exercises of lesson 2, A line, by hand."""

import numpy as np

import tinymeta as tm

from ..checking.diagnosis import Hints, compare
from ..checking.ladder import LearnerError
from . import exercise
from .feedback import explained, judge


def _line(seed, K):
    """θ (2,), x (K, 1), y (K, 1)."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(2), rng.standard_normal((K, 1)), rng.standard_normal((K, 1))


def _wave_rungs(candidate):
    def rung(name, K):
        rng = np.random.default_rng(K)
        theta, x, y = np.array([2.0, 0.7]), rng.uniform(-5, 5, (K, 1)), rng.standard_normal((K, 1))

        def loss(theta):
            return np.mean((theta[0] * np.sin(x - theta[1]) - y) ** 2)

        def mistakes():
            A, sine, cosine = theta[0], np.sin(x - theta[1]), np.cos(x - theta[1])
            delta = 2 / K * (A * sine - y)
            right = (delta * sine).sum(), -(delta * A * cosine).sum()
            return [((right[0], -right[1]), "the derivative in the phase has the wrong sign: "
                     "ψ stands there with a minus"),
                    ((right[0], right[1] / A), "the derivative of A sin(x - ψ) in ψ keeps the "
                     "factor A"),
                    ((right[0], -delta.sum() * A), "the derivative of A sin(x - ψ) in ψ is a "
                     "cosine, another number for each point"),
                    ((right[0] * A, right[1]), "the derivative of A sin(x - ψ) in A is the sine "
                     "alone"),
                    (np.multiply(right, K), "summed where the mean is meant, or 1/K is missing "
                     "in δ")]

        def check():
            found = candidate(theta, x, y)
            report = tm.check_gradient(loss, lambda t: candidate(t, x, y), theta,
                                       blocks=[("A", (1,)), ("psi", (1,))], title=name,
                                       hints=Hints(sizes={"K": K}, tags={"": "LOSS.2"}))
            return report if report else explained(report, found, mistakes, "LOSS.2")

        return name, check

    return [rung("five points", 5), rung("one point", 1), rung("eight points", 8)]


@exercise("LOSS.2", check=_wave_rungs, hints=[
    "The piece from the loss to the prediction, $\\delta$, is [LOSS.2] as it stands. The "
    "other piece "
    "asks how each prediction $f_i = A \\sin(x_i - \\psi)$ moves with $A$, and how with $\\psi$.",
    "$\\partial f_i/\\partial A = \\sin(x_i - \\psi)$ and $\\partial f_i/\\partial\\psi = "
    "-A \\cos(x_i - \\psi)$. Multiply each by $\\delta_i$ and add up over the points."])
def gradient_of_a_wave(theta, x, y):
    """The gradient of L = mean (A sin(x - ψ) - y)² in θ = (A, ψ), shape (2,).  [LOSS.2]

    theta: (2,).  x, y: (K, 1).
    """
    A, psi = theta
    f = A * np.sin(x - psi)  # (K, 1)
    # your turn
    delta = 2 / len(x) * (f - y)  # (K, 1)
    return np.array([(delta * np.sin(x - psi)).sum(), -(delta * A * np.cos(x - psi)).sum()])  # (2,)


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
        raise LearnerError("all zeros: was a real step taken, one that is lost in rounding? Or was "
                           "i h written into an array of real numbers, which keeps the real part "
                           "only?", "zero", "CHECK.1")
    if np.allclose(found * 1e20, expected):
        raise LearnerError("h times too small: the imaginary part is h times the derivative; "
                           "divide by h", "factor", "CHECK.1")
    if 1e-13 < error < 1e-4:
        raise LearnerError(f"right to {error:.0e} and no further: a difference of two values, "
                           f"or too large an h?", "precision", "CHECK.1")


@exercise("CHECK.1", check=_complex_rungs, hints=[
    "One call of `f` for each parameter. The rows of `np.eye(theta.size)` are the $e_j$.",
    "Call `f` at `theta + 1j * h * e`: a complex array, made anew. `.imag` is the imaginary part; "
    "then divide by `h`."])
def complex_gradient(f, theta):
    """The gradient of f at theta (P,) by the complex step, shape (P,).  [CHECK.1]"""
    h = 1e-20
    # your turn
    return np.array([f(theta + 1j * h * e).imag / h for e in np.eye(theta.size)])  # (P,)


def _lead_rungs(candidate):
    model = tm.Linear(1, 1)

    def rung(name, alpha, decay, steps):
        theta, x, y = _line(3, 5)
        H = np.array([model.hvp(theta, x, y, e) for e in np.eye(2)])  # (2, 2)
        star, moved = tm.least_squares(model, x, y), theta
        for _ in range(steps):
            moved = moved - alpha * (model.gradient(moved, x, y) + decay * (moved - theta))

        def mistakes():
            return _mistakes_on_a_lead(theta, star, H, alpha, decay, steps)

        return name, lambda: judge(candidate(theta, star, H, alpha, decay, steps), moved, name,
                                   "LINE.5", mistakes)

    return [rung("no lead, five steps", 0.1, 0.0, 5), rung("no step", 0.1, 0.3, 0),
            rung("one step", 0.1, 0.3, 1), rung("seven steps", 0.2, 0.8, 7)]


def _mistakes_on_a_lead(theta, star, H, alpha, decay, steps):
    """What known mistakes give for exercise 3: [(vector, sentence)]."""
    eye, power = np.eye(2), np.linalg.matrix_power
    pull = H + decay * eye
    end = np.linalg.solve(pull, H @ star + decay * theta)
    shrink, distance = eye - alpha * pull, theta - end
    at_zero = np.linalg.solve(pull, H @ star)  # the end of a loop that is pulled to 0
    ones, broadcast = 1 - alpha * pull, H + decay
    end_of_broadcast = np.linalg.solve(broadcast, H @ star + decay * theta)
    return [
        (end + shrink**steps @ distance, "** is the power of each entry; for the matrix there is "
         "np.linalg.matrix_power"),
        (end + power(ones, steps) @ distance, "1 - αH subtracts from a matrix of ones: the "
         "identity is np.eye(2)"),
        (end_of_broadcast + power(eye - alpha * broadcast, steps) @ (theta - end_of_broadcast),
         "H + μ adds μ to every entry: the identity is np.eye(2)"),
        (end + power(eye + alpha * pull, steps) @ distance, "a step goes against the gradient: "
         "I - α…, not I + α…"),
        (end + power(shrink, steps + 1) @ distance, "one step too many: S + 1"),
        (end + power(shrink, max(steps - 1, 0)) @ distance, "one step too few: S - 1"),
        (star + power(eye - alpha * H, steps) @ (theta - star), "this is [LINE.5] without the "
         "lead: μ is missing"),
        (star + power(shrink, steps) @ (theta - star), "the matrix is right; but with a lead the "
         "loop does not end at θ*"),
        (end + power(eye - alpha * H, steps) @ distance, "the end is right; but the lead is in "
         "each step's matrix, too"),
        (at_zero + power(shrink, steps) @ (theta - at_zero), "the lead pulls to θ_0; here it pulls "
         "to 0"),
        (power(shrink, steps) @ distance, "this is the distance from the end, not θ_S"),
        (end + power(shrink, steps) @ theta, "the matrix acts on the distance from the end, not "
         "on θ_0"),
        (end, "this is where the loop ends, not where it is after S steps")]


@exercise("LINE.5", check=_lead_rungs, hints=[
    "The gradient is now $H(\\theta - \\theta^*) + \\mu(\\theta - \\theta_0)$. Where "
    "is it zero? "
    "Call that point $\\theta_\\infty$; it takes the place of $\\theta^*$.",
    "$(H + \\mu I)\\,\\theta_\\infty = H\\theta^* + \\mu\\theta_0$, and the gradient is "
    "$(H + \\mu I)(\\theta - \\theta_\\infty)$. So each step multiplies the distance from "
    "$\\theta_\\infty$ by $I - \\alpha(H + \\mu I)$; `np.linalg.matrix_power` takes "
    "the power."])
def on_a_lead(theta_0, theta_star, H, alpha, decay, steps):
    """θ_S of gradient descent on L(θ) + μ/2 |θ - θ_0|² from θ_0, without a loop.  [LINE.5]

    theta_0, theta_star, the minimum of L: (2,).  H: (2, 2).  decay: μ.  Returns (2,).
    """
    # your turn
    pull = H + decay * np.eye(2)  # (2, 2)
    end = np.linalg.solve(pull, H @ theta_star + decay * theta_0)  # (2,)
    return end + np.linalg.matrix_power(np.eye(2) - alpha * pull, steps) @ (theta_0 - end)  # (2,)
