"""The exercises of lesson 2, A line, by hand."""

import numpy as np

from ..diagnosis import compare
from . import exercise


def _gradient_rungs(candidate):
    rng = np.random.default_rng(0)
    theta, x, y = rng.standard_normal(2), rng.standard_normal((5, 1)), rng.standard_normal((5, 1))
    return [("equals Fᵀδ", lambda: compare(candidate(theta, x, y), gradient_of_a_line(theta, x, y), "gradient", "LIN.2"))]


@exercise("LIN.2", check=_gradient_rungs)
def gradient_of_a_line(theta, x, y):
    """The gradient of L = mean (w x + b - y)² in θ = (w, b), shape (2,).  [LIN.2]"""
    error = theta[0] * x + theta[1] - y  # (K, 1)
    # your turn
    return np.array([2 * (error * x).mean(), 2 * error.mean()])  # (2,)
