"""The exercises of lesson 13, Classification."""

import numpy as np

from ..checking.returned import as_numbers
from . import exercise
from .feedback import judge


def _softmax_rungs(candidate):
    def rung(title, N):
        rng = np.random.default_rng(N)
        p, f_dot = rng.dirichlet(np.ones(N)), rng.standard_normal(N)
        expected = p * f_dot - p * (p @ f_dot)

        def mistakes():
            return [(p * (1 - p) * f_dot, "that is the diagonal alone: p_i also depends on the "
                                          "other scores, through the sum below"),
                    (p * f_dot, "the quotient rule has a second term: the sum Σ e^f moves too"),
                    (p * f_dot + p * (p @ f_dot), "the sign of the second term: a larger sum "
                                                  "makes p smaller"),
                    (p * f_dot - p @ f_dot, "the second term has the factor p, entry by entry"),
                    (p * f_dot - p * f_dot.sum(), "the sum's own derivative has the factors p")]

        return title, lambda: judge(candidate(p, f_dot), expected, title, "SOFTMAX.1", mistakes)

    return [rung("three classes", 3), rung("five classes", 5)]


@exercise("SOFTMAX.1", check=_softmax_rungs, hints=[
    "$p_i = e^{f_i} / s$ with $s = \\sum_j e^{f_j}$. What are $\\frac{d}{dr} e^{f_i}$ and "
    "$\\frac{d}{dr} s$ when $f$ moves along $\\dot f$?",
    "$\\dot p_i = \\frac{e^{f_i} \\dot f_i}{s} - \\frac{e^{f_i}}{s^2} \\sum_j e^{f_j} "
    "\\dot f_j$. Write every $e^{f} / s$ as a $p$."])
def probabilities_along(p, f_dot):
    """ṗ (N,), how the softmax's probabilities move when the scores move along ḟ.  [SOFTMAX.1]

    p: the probabilities (N,).  f_dot: ḟ (N,).
    """
    return p * (f_dot - p @ f_dot)


def _uniform_rungs(candidate):
    def rung(N):
        def mistakes():
            return [(np.array([1 / N, 1 / N]), "along (1, ..., 1) nothing moves: a shift of all "
                                               "scores leaves p as it is"),
                    (np.array([1 / N - 1 / N**2, 0]), "that is a diagonal entry, not an "
                                                      "eigenvalue"),
                    (np.array([0, 1 / N]), "the right numbers the other way round: first the "
                                           "largest"),
                    (np.array([0.25, 0]), "¼ is the logistic's largest, σ(1 - σ)"),
                    (np.array([1, 0]), "the matrix is diag(p) - p pᵀ, and p is 1/N")]

        def check():
            found = as_numbers("the code", candidate(N), (2,))
            return judge(found, np.array([1 / N, 0]), "eigenvalues", "SOFTMAX.1", mistakes)

        return f"{N} classes", check

    return [rung(7), rung(2), rung(100)]


@exercise("SOFTMAX.1", check=_uniform_rungs, hints=[
    "The matrix is $\\operatorname{diag}(p) - p p^\\top$ with $p_i = 1/N$. Try the vector "
    "$(1, \\dots, 1)$, and any vector whose entries sum to 0.",
    "$p p^\\top$ takes a vector to its sum, times $1/N^2$. Where the sum is 0, only "
    "$\\operatorname{diag}(p) = I/N$ is left."])
def curvature_of_a_guess(N):
    """The largest and the smallest eigenvalue of ∂p/∂f where all p are 1/N.  [SOFTMAX.1]

    N: the number of classes.  Returns two numbers.
    """
    return 1 / N, 0
