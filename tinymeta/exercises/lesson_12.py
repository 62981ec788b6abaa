"""The exercises of lesson 12, Closed forms."""

import numpy as np

from . import exercise
from .feedback import judge, rounded


def _slope_rungs(candidate):
    def rung(title, K, strength):
        a, y = np.random.default_rng(K).standard_normal((2, K))
        m = a @ a + strength
        w = a @ y / m
        expected = (y - 2 * a * w) / m

        def mistakes():
            return [(y / m, "a stands in the denominator too: the quotient rule has a second "
                            "term (by [RIDGE.2]: its second term has the wrong sign)"),
                    ((y - a * w) / m, "the derivative of aᵀa is 2 a (by [RIDGE.2]: its second "
                                      "term is missing)"),
                    ((y + 2 * a * w) / m, "the sign of the second term: the denominator grows "
                                          "with a"),
                    ((y - 2 * a * w) / (a @ a), "λ is missing in the denominator")]

        return title, lambda: judge(candidate(a, y, strength), expected, title, "RIDGE.2",
                                    mistakes)

    return [rung("three examples", 3, 0.5), rung("seven examples", 7, 2.0)]


@exercise("RIDGE.2", check=_slope_rungs, hints=[
    "$w = (a^\\top y) / m$ with $m = a^\\top a + \\lambda$. Or differentiate $m w = a^\\top y$ "
    "on both sides, which needs no quotient rule.",
    "$m\\, \\dot w + 2 (a^\\top \\dot a)\\, w = \\dot a^\\top y$. What stands beside "
    "$\\dot a_i$?"])
def slope_of_the_head(a, y, strength):
    """∂w/∂a, (K,), for one feature without a 1: w = aᵀy / (aᵀa + λ).  [RIDGE.2]

    a: the feature of K examples (K,).  y: (K,).  strength: λ.
    """
    # your turn
    m = a @ a + strength
    w = a @ y / m
    return (y - 2 * a * w) / m


def _shots_rungs(candidate):
    def rung(title, ratio, strength):
        expected = 1 / (ratio**2 - 1) - strength

        def mistakes():
            return [(1 / (ratio - 1) - strength, "variances add, not standard deviations: "
                                                 "[BAYES.1] is s², so the ratio is squared"),
                    (expected + strength, "λ is missing: C = K + λ"),
                    (expected + 2 * strength, "the sign of λ: C = K + λ is what must be so large"),
                    (1 / ratio**2 - strength, "the new point's own noise is missing, the 1 in "
                                              "[BAYES.1]"),
                    (ratio**2 - 1 - strength, "the inverse: C⁻¹ is 1/(K + λ)"),
                    *rounded(expected)]

        return title, lambda: judge(candidate(ratio, strength), expected, title, "BAYES.1",
                                    mistakes)

    return [rung("a tenth wider than the noise", 1.1, 2.5),
            rung("half as wide again", 1.5, 0.6)]


@exercise("BAYES.1", check=_shots_rungs, hints=[
    "With $a = 1$ for every example $A$ is a column of ones. What is $C = A^\\top A + \\lambda$?",
    "$s^2 = \\sigma^2 \\big(1 + \\frac{1}{K + \\lambda}\\big)$. Set it equal to "
    "$r^2 \\sigma^2$ and solve for $K$. What do $\\lambda$ and $K$ have in common?"])
def shots_for(ratio, strength):
    """The number of shots K, not rounded, at which s = ratio · σ.  [BAYES.1]

    The head has a single feature, the 1: it predicts a shrunk mean.  ratio: r > 1.  strength: λ.
    """
    # your turn
    return 1 / (ratio**2 - 1) - strength  # λ is worth λ shots


def _attention_rungs(candidate):
    rng = np.random.default_rng(0)

    def rung(title, K, Q, D, alpha):
        x, y, x_query = rng.standard_normal((K, D)), rng.standard_normal((K, 1)), \
            rng.standard_normal((Q, D))
        scores = x_query @ x.T
        expected = 2 * alpha / K * (scores + 1) @ y

        def mistakes():
            return [(2 * alpha / K * scores @ y, "the bias is missing: it adds 1 to each score"),
                    (-expected, "the sign: descent, and the error at zero weights is 0 - y"),
                    (alpha / K * (scores + 1) @ y, "a square's 2 is missing"),
                    (2 * alpha * (scores + 1) @ y, "the loss is a mean over K examples"),
                    (2 * alpha / K * scores @ y + 1, "1 belongs to each score, before y "
                                                     "multiplies it")]

        return title, lambda: judge(candidate(x_query, x, y, alpha), expected, title,
                                    "ATTENTION.1", mistakes)

    return [rung("one input", 5, 3, 1, 0.1), rung("three inputs", 4, 6, 3, 0.7)]


@exercise("ATTENTION.1", check=_attention_rungs, hints=[
    "At $w = 0$, $b = 0$ the predictions are 0. Write the gradients of "
    "$\\frac1K \\sum_i (f(x_i) - y_i)^2$ in $w$ and $b$ there, take the step, predict at $x$.",
    "$w = \\frac{2\\alpha}{K} \\sum_i x_i y_i$ and $b = \\frac{2\\alpha}{K} \\sum_i y_i$. In "
    "$x \\cdot w + b$ each $y_i$ has the factor $\\frac{2\\alpha}{K} (x \\cdot x_i + 1)$."])
def predict_after_one_step(x_query, x, y, alpha):
    """Predictions (Q, 1) of f = x·w + b after one step from w = 0, b = 0.  [ATTENTION.1]

    x_query: (Q, D_in).  x, y: the support set, (K, D_in) and (K, 1).  alpha: the step size of a
    step on the mean squared error.  Without forming w.
    """
    return 2 * alpha / len(x) * (x_query @ x.T + 1) @ y  # (Q, K) times (K, 1)
